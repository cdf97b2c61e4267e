"""What a rollback does not bring back, read from its plan and from what was recorded then.

A plan says what will be; what was recorded as of the mark says what was. Where the two part, somebody who
goes back has to know: an object made anew has none of the data, the id or the addresses of the old one, and
what a manifest left open then is not set back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from reconciler.engine.rollback.asked import RolledBack
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog, Mutability
from reconciler.model.diff import AttributeChange, PartAction
from reconciler.model.plan import Action, Plan, Step
from reconciler.model.resource import Recorded
from reconciler.model.values import Attributes, Format, SecretRef, Value
from reconciler.store.database.session import Transaction
from reconciler.store.history.recorded_then import RecordedThen, recorded_then
from reconciler.store.recorded.resources import load_recorded

_GIVEN = frozenset({Format.IP, Format.CIDR, Format.INTERFACE, Format.MAC})
"""Formats of what a provider gives an object and people write down elsewhere."""


class Lost(StrEnum):
    """Why something does not come back."""

    OBJECT = "object"  # it is made anew, with another id
    DATA = "data"  # what was stored on it
    GIVEN = "given"  # the provider gives it, and gives another
    VALUE = "value"  # the plan does not set it back: it was left open, had drifted, or cannot be set


@dataclass(frozen=True, slots=True)
class Loss:
    """One thing that does not come back: the id, or an attribute with its value then and its value to be."""

    address: Address
    lost: Lost
    name: str = ""
    then: Value | None = None
    now: Value | None = None


def losses(tx: Transaction, catalog: Catalog, plan: Plan, rolled: RolledBack) -> tuple[Loss, ...]:
    """All of it, by address. Nothing where no rollback but the end of one is planned."""
    if rolled.asked.to is None:
        return ()
    roots = rolled.chosen - rolled.removed
    then = recorded_then(tx, rolled.asked.to.mark.id, roots, catalog)
    now = load_recorded(tx, roots, catalog)
    steps = {step.address: step for step in (*plan.steps, *plan.follows)}
    blocked = {item.address.root for item in plan.blocked}
    found: list[Loss] = []
    for item in then.values():
        root = item.address.root
        step, there = steps.get(root), now.get(root)
        anew = step is not None and step.action in (Action.CREATE, Action.REPLACE)
        if root not in then or (step is None and (there is None or root in blocked)):
            continue  # the plan says itself that nothing is done
        found += _anew(item, catalog) if anew else _part_anew(item, step, catalog)
        found += _values(item, _to_be(item, step, there, anew=anew), catalog, anew=anew)
    return tuple(found)


def _anew(item: RecordedThen, catalog: Catalog) -> Iterator[Loss]:
    if item.address.parent is None:
        yield Loss(item.address, Lost.OBJECT, then=item.external_id)
    if catalog.resource_types[item.type].holds_data:
        yield Loss(item.address, Lost.DATA)


def _part_anew(item: RecordedThen, step: Step | None, catalog: Catalog) -> Iterator[Loss]:
    made = {part.address for part in step.parts if part.action is PartAction.CREATE} if step else set()
    if item.address in made and catalog.resource_types[item.type].holds_data:
        yield Loss(item.address, Lost.DATA)


def _to_be(
    item: RecordedThen, step: Step | None, there: Recorded | None, *, anew: bool
) -> dict[str, Value | None]:
    """The attributes that it will have, as far as that is known."""
    before: Attributes = {}
    if not anew and there is not None:
        parts = {part.address: part.attributes for part in there.parts}
        before = there.attributes if item.address == there.address else parts.get(item.address, {})
    return {**before, **{change.name: change.after for change in _changes(item.address, step)}}


def _changes(address: Address, step: Step | None) -> tuple[AttributeChange, ...]:
    if step is None:
        return ()
    if step.address == address:
        return step.changes
    return tuple(change for part in step.parts if part.address == address for change in part.changes)


def _values(
    item: RecordedThen, to_be: Mapping[str, Value | None], catalog: Catalog, *, anew: bool
) -> Iterator[Loss]:
    for name, rule in sorted(catalog.attributes(item.type, item.provider_type).items()):
        then, now = item.attributes.get(name), to_be.get(name)
        if isinstance(then, SecretRef) or rule.mutability is Mutability.WRITE_ONLY or then == now:
            continue
        if not rule.settable:
            if then is not None and rule.definition.format in _GIVEN:
                yield Loss(item.address, Lost.GIVEN, name, then, now)
        elif not _is_open(then, now, anew=anew):
            yield Loss(item.address, Lost.VALUE, name, then, now)


def _is_open(then: Value | None, now: Value | None, *, anew: bool) -> bool:
    """Whether nothing can be said of it: what a new object gets where nobody wants anything of it."""
    if then in (None, ()) and now in (None, ()):
        return True
    return anew and now is None
