"""What a step without calls makes of a resource: nothing shows it, so it is worked out. Pure.

What the step does not change stays as it is recorded: a manifest that does not name it leaves it alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reconciler.model.address import Address
from reconciler.model.diff import AttributeChange, PartAction, PartChange
from reconciler.model.plan import Step
from reconciler.model.resource import Desired, Mark, Observed, Recorded
from reconciler.model.values import Attributes, Value


def as_applied(
    desired: Desired, recorded: Recorded | None, step: Step, external_id: str, mark: Mark
) -> Observed:
    """The resource after the step, as a provider would show it. `recorded`: as it was, or None."""
    there = recorded if recorded is not None and recorded.exists else None
    return Observed(
        type=desired.type,
        external_id=external_id,
        name=desired.address.name,
        state="available",
        attributes=_attributes(desired.attributes, there, step.changes),
        tags=_tags(desired, there, step),
        mark=mark,
        parts=tuple(_parts(desired, there, step.parts)),
    )


def _attributes(
    wanted: Attributes, there: Recorded | None, changes: Iterable[AttributeChange]
) -> dict[str, Value]:
    if there is None:
        return dict(wanted)
    found = dict(there.attributes)
    for change in changes:
        found.pop(change.name, None)
        if change.after is not None:
            found[change.name] = change.after
    return found


def _tags(desired: Desired, there: Recorded | None, step: Step) -> Mapping[str, str]:
    if there is None:
        return desired.tags
    found = {key: value for key, value in there.tags.items() if key not in {tag.key for tag in step.tags}}
    return found | {tag.key: tag.after for tag in step.tags if tag.after is not None}


def _parts(desired: Desired, there: Recorded | None, changes: Iterable[PartChange]) -> Iterator[Observed]:
    wanted = {part.address: part for part in desired.parts}
    if there is None:
        yield from (_part(address, part.type, part.attributes) for address, part in wanted.items())
        return
    updates = {change.address: change for change in changes if change.action is PartAction.UPDATE}
    gone = {change.address for change in changes if change.action is PartAction.DELETE}
    for part in there.parts:
        if part.address not in gone:
            update = updates.get(part.address)
            changed = _attributes({}, part, update.changes if update else ())
            yield _part(part.address, part.type, changed)
    for change in changes:
        if change.action is PartAction.CREATE:
            part_type, attributes = change.address.type, wanted[change.address].attributes
            yield _part(change.address, part_type, attributes)


def _part(address: Address, part_type: str, attributes: Attributes) -> Observed:
    return Observed(
        type=part_type, external_id="", name=address.name, state="available", attributes=attributes
    )
