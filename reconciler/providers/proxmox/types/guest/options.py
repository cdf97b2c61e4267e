"""From attributes to the options of a configuration call. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.plan import Param
from reconciler.model.values import Attributes, Scalar
from reconciler.providers.proxmox.types.guest import fields
from reconciler.providers.proxmox.types.guest.fields import OTHER, Fields
from reconciler.providers.proxmox.types.guest.kind import Kind
from reconciler.providers.proxmox.types.guest.parts import Options


def guest_options(table: Fields, attributes: Attributes, names: Iterable[str] | None = None) -> Options:
    """The options that hold the named attributes (all of them by default); None stands for: to be unset."""
    wanted = None if names is None else set(names)
    found: Options = {}
    for option, members in fields.by_option(table).items():
        if wanted is None or any(member.attribute in wanted for member in members):
            found[option] = fields.write_option(option, members, attributes, attributes.get(OTHER))
    return found


def new_part(kind: Kind, where: Address, attributes: Attributes, storage: Scalar | None) -> Options:
    """The options that make a part, without those that would be unset."""
    part = kind.parts.get(where.type)
    if part is None:
        raise PlanError(f"{where}: a {where.root.type} has no {where.type} at Proxmox VE")
    return {name: text for name, text in part.made(where, attributes, storage).items() if text}


def params_of(options: Options, removed: Iterable[str] = ()) -> list[tuple[str, Param]]:
    """The parameters of a configuration call: values, and one list of what is unset."""
    params: list[tuple[str, Param]] = [
        (name, value) for name, value in sorted(options.items()) if value is not None
    ]
    gone = sorted({*removed, *(name for name, value in options.items() if value is None)})
    return params + ([("delete", ",".join(gone))] if gone else [])
