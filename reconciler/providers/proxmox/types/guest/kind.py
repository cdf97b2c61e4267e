"""What a kind of guest has of its own. All else about guests is in this package, and the same for every kind.

No module here names a kind: each is described beside its own tables, by one such value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.plan import Call
from reconciler.model.resource import Desired
from reconciler.model.values import Attributes, Scalar
from reconciler.providers.proxmox.types.guest.build import Change, Names, Place, Settings
from reconciler.providers.proxmox.types.guest.fields import Fields, Options
from reconciler.providers.proxmox.types.guest.parts import Part

Pairs = tuple[tuple[str, str], ...]
"""Parameters and the attributes whose values they take."""


@dataclass(frozen=True, slots=True)
class Making:
    """What the calls that make such a guest take beside its options.

    `restored`: options of a restore. `inherited`: options that a clone has from its template for good.
    `completed`: the options of a guest that is made from nothing, where they take more; raises PlanError.
    """

    create: Pairs = ()
    clone: Pairs = ()
    restore: Pairs = ()
    completed: Callable[[Desired, Options, Settings], Options] | None = None
    restored: Options = field(default_factory=dict)
    inherited: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Changing:
    """Where changing such a guest goes its own way.

    `needs_stop`: whether a running guest takes on a change only after it was off. `replugs`: whether a
    disk goes from one slot to another while it runs. `volume`: what the call that moves one calls it.
    `detaches`: a change of the configuration leaves removed volumes detached, and they move only while
    the guest is off. `finished`: the calls after a configuration with parts of these types.
    """

    needs_stop: Callable[[Change], bool]
    replugs: Callable[[Change, str, str], bool]
    volume: str
    detaches: bool = False
    finished: Callable[[Place, Desired, Sequence[str]], list[Call]] | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of guest.

    `name_option`: the option that holds its name. `unread`: options that are not read as attributes of
    its own. `listing`: parameters with which a node's list says how its guests really are.
    """

    names: Names
    fields: Fields
    parts: Mapping[str, Part]
    name_option: str
    making: Making
    changing: Changing
    unread: re.Pattern[str] = re.compile(r"(?!)")
    listing: Mapping[str, int] = field(default_factory=dict)

    def part_of(self, option: str, text: str) -> Part | None:
        """The type of the part that an option with this text holds."""
        return next((part for part in self.parts.values() if part.holds(option, text)), None)

    def new_part(self, where: Address, attributes: Attributes, storage: Scalar | None) -> Options:
        """The options that make a part, without those that would be unset."""
        part = self.parts.get(where.type)
        if part is None:
            raise PlanError(f"{where}: a {where.root.type} has no {where.type} at Proxmox VE")
        return {name: text for name, text in part.made(where, attributes, storage).items() if text}
