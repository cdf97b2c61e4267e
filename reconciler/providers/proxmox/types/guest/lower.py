"""Lowering a step on a guest, and what the driver is told of a kind of guest. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from reconciler.errors import PlanError
from reconciler.model.plan import Action, Call
from reconciler.providers.driver import LowerRequest
from reconciler.providers.proxmox.resource_type import ResourceType, Send
from reconciler.providers.proxmox.types.guest import create, delete, update
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
        sends=sends or {},
        copied_from=create.copied_from,
    )


def _lower(kind: Kind, request: LowerRequest) -> tuple[Call, ...]:
    match request.action:
        case Action.CREATE if request.desired is not None:
            return create.lower(kind, request.desired, request.settings, request.referenced)
        case Action.UPDATE if request.desired is not None and request.recorded is not None:
            change = Change(request.desired, request.recorded, request.diff, request.settings)
            return update.lower(kind, change)
        case Action.ADOPT if request.desired is not None and request.recorded is not None:
            mark = update.adopt(kind, request.recorded)
            if not request.diff:
                return mark
            marked = update.once_changed(request.recorded)
            change = Change(request.desired, marked, request.diff, request.settings)
            return (*mark, *update.lower(kind, change))
        case Action.DELETE if request.recorded is not None:
            return delete.lower(kind, request.recorded)
    raise PlanError(
        f"{request.diff.address}: `{request.action}` cannot be lowered without what it starts from"
    )
