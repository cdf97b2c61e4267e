"""Lowering a step on a guest, and what the driver is told of a kind of guest. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from reconciler.errors import PlanError
from reconciler.model.plan import Action, Call
from reconciler.providers.driver import LowerRequest
from reconciler.providers.proxmox.resource_type import ResourceType, Send
from reconciler.providers.proxmox.types.guest import create, delete, tasks, update
from reconciler.providers.proxmox.types.guest.build import Change
from reconciler.providers.proxmox.types.guest.kind import Kind


def guest_type(kind: Kind, sends: Mapping[str, Send] | None = None) -> ResourceType:
    """A kind of guest, as the driver's general modules know a type."""
    name = kind.names.type
    return ResourceType(
        name,
        audit=("/vms", "VM.Audit"),
        lower=partial(_lower, kind),
        created={f"{name}.create": "vmid", f"{name}.clone": "newid"},
        starts={f"{name}.start": kind.names.starts},
        tasks=tasks.causes(kind),
        sends=sends or {},
        copied_from=create.copied_from,
    )


def _lower(kind: Kind, request: LowerRequest) -> tuple[Call, ...]:
    desired, recorded = request.desired, request.recorded
    match request.action:
        case Action.CREATE if desired is not None:
            return create.lower(kind, desired, request.settings, request.referenced)
        case Action.UPDATE | Action.ADOPT if desired is not None and recorded is not None:
            mark: tuple[Call, ...] = ()
            if request.action is Action.ADOPT:
                mark, recorded = update.adopt(kind, recorded), update.once_changed(recorded)
                if not request.diff:
                    return mark
            return (*mark, *update.lower(kind, Change(desired, recorded, request.diff, request.settings)))
        case Action.DELETE if recorded is not None:
            return delete.lower(kind, recorded)
    raise PlanError(
        f"{request.diff.address}: `{request.action}` cannot be lowered without what it starts from"
    )
