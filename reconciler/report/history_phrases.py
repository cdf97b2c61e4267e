"""What changed, a phrase each: `memory 8 → 6 GiB`, `disk scsi1 removed`, `tag env prod → test`.

Only the difference between the beginning and the end of an event is said, and nothing of what is bookkeeping.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from reconciler.model.plan import Action
from reconciler.report.values import united
from reconciler.report.words import ACTIONS
from reconciler.store.history.changes import Change
from reconciler.store.history.events import Event

_LONGEST = 40  # characters of a value
_LADDER = ("bytes", "KiB", "MiB", "GiB", "TiB")
_STEP = 1024
_GUARDS = {
    ("prevent_destroy", "true"): "guarded against destruction",
    ("prevent_destroy", "false"): "no longer guarded against destruction",
    ("allow_downtime", "true"): "may be stopped for a change",
    ("allow_downtime", "false"): "may not be stopped for a change",
    ("presence", "absent"): "gone",
    ("presence", "present"): "there",
    ("presence", "unknown"): "not to be seen",
    ("management", "managed"): "taken over",
    ("management", "unmanaged"): "no longer managed",
    ("management", "quarantined"): "quarantined",
}
# What an update did is told by its changes.
_DONE = {
    action.value: ACTIONS[action].past
    for action in (Action.CREATE, Action.DELETE, Action.REPLACE, Action.ADOPT, Action.FORGET)
}
_OF_AN_OBJECT = frozenset(("recorded", "presence", "external_id", "management", "source", "deleted"))
"""Columns whose changes an operation's own word says already."""


def phrases(event: Event, about: str) -> list[str]:
    """What an event changed, in few words each. What belongs to `about` itself is not named again."""
    facts = event.operation
    done = _DONE.get(facts.action) if facts is not None and facts.status == "done" else None
    by_address: dict[str, list[Change]] = {}
    for change in event.changes:
        if not change.is_bookkeeping:
            by_address.setdefault(change.address, []).append(change)
    if done and event.root == about:
        return [*_made(done, by_address.get(about, ())), *_lifecycle(by_address.get(about, ()))]
    if is_first_whole(event):
        if about == event.root:
            return ["seen whole for the first time"]
        return list(
            _of_one(
                by_address.get(about, ()), recorded="seen for the first time", is_part=True, operated=False
            )
        )
    said: list[str] = []
    fresh = facts is None and _is_recorded(by_address.get(event.root, ()))
    for address, changes in by_address.items():
        if fresh and address != event.root and _is_recorded(changes):
            continue  # it came with its root
        prefix = _named(address, about)
        said += [
            f"{prefix} {phrase}" if prefix else phrase
            for phrase in _of_one(
                changes,
                recorded="added" if address != event.root else _recorded(event),
                is_part=address != event.root,
                operated=facts is not None,
            )
        ]
    if done and facts is not None and facts.action != "create" and not said:
        said = [done]
    return list(dict.fromkeys(said))


def is_first_seen(event: Event) -> bool:
    """Whether it is the first look at an object: that does not say when, or by whom, it was made."""
    return (
        event.operation is None
        and event.changesets[-1].cause == "observation"
        and _is_recorded(change for change in event.changes if change.address == event.root)
    )


def is_first_whole(event: Event) -> bool:
    """Whether it is the first look that showed more of a stranger than a list does, its parts above all.

    What is to be taken over is looked at so. It says as little as a first look of when that came, or by whom.
    """
    return event.of_stranger and any(
        c.action == "insert" and (c.what == "attribute" or (c.what, c.name) == ("resource", "recorded"))
        for c in event.changes
        if c.address != event.root or not is_first_seen(event)
    )


def _recorded(event: Event) -> str:
    return "seen for the first time" if is_first_seen(event) else "recorded"


def _is_recorded(changes: Iterable[Change]) -> bool:
    return any(c.what == "resource" and c.name == "recorded" for c in changes)


def _named(address: str, about: str) -> str:
    """`disk scsi0` of what is below `about`; nothing for itself, everything of what is elsewhere."""
    if address == about:
        return ""
    return address.removeprefix(f"{about}/").replace("/", " ") if address.startswith(f"{about}/") else address


def _made(done: str, changes: Iterable[Change]) -> Iterator[str]:
    sizes = ", ".join(_attributes([c for c in changes if c.what == "attribute" and c.unit and c.after]))
    yield f"{done} ({sizes})" if sizes and done == "created" else done


def _lifecycle(changes: Iterable[Change]) -> Iterator[str]:
    """What an operation changed besides: the address that a taken over object had before."""
    for change in changes:
        if change.what == "resource" and change.name == "address":
            yield f"renamed from {change.before}"


def _of_one(changes: Sequence[Change], *, recorded: str, is_part: bool, operated: bool) -> Iterator[str]:
    """The phrases of one resource or part. `recorded`: the word for one that had no row yet."""
    own = {c.name: c for c in changes if c.what == "resource"}
    # The row of a stranger goes where the object is recorded as ours.
    if "deleted" in own and own["deleted"].after is not None and "recorded" not in own:
        yield "removed" if is_part else "deleted"
        return
    if "recorded" in own:
        sizes = ", ".join(_attributes([c for c in changes if c.what == "attribute" and c.unit]))
        yield f"{recorded} ({sizes})" if sizes else recorded
        return
    yield from _columns(own, operated=operated)
    attributes = [c for c in changes if c.what == "attribute"]
    yield from _attributes(attributes)
    yield from _tags([c for c in changes if c.what == "tag"])
    pointed = {value for c in attributes for value in (c.before, c.after)}
    yield from _ties(
        c for c in changes if c.what == "relationship" and {c.before, c.after} - pointed - {None}
    )
    if not operated:
        yield from _states([c for c in changes if c.what == "state"], attributes)
    yield from _inventory(
        c for c in changes if c.what not in ("resource", "attribute", "tag", "relationship", "state")
    )


def _columns(own: dict[str, Change], *, operated: bool) -> Iterator[str]:
    for name, change in own.items():
        if (operated and name in _OF_AN_OBJECT) or (name == "name" and "address" in own):
            continue
        if name == "address":
            yield f"renamed from {change.before}"
        elif name == "deleted":
            yield "there again"
        elif name == "external_id" and change.after is not None:
            yield f"object {change.after}" if change.before is None else f"object {_arrow(change, None)}"
        elif (name, change.after or "") in _GUARDS:
            yield _GUARDS[name, change.after or ""]
        elif name != "external_id":
            yield f"{name.replace('_', ' ')} {_arrow(change, None)}"


def _attributes(changes: Sequence[Change]) -> Iterator[str]:
    ordered = sorted(changes, key=lambda c: (c.name, c.change))
    for _, group in groupby(ordered, key=lambda c: c.name):
        items = list(group)
        label = label_of(items[0])
        if items[0].is_secret:
            yield f"{label} {_secret(items[0].before, items[-1].after)}"
        elif items[0].cardinality == "one":
            first, last = items[0], items[-1]
            if first.before != last.after:
                yield f"{label} {difference(first.before, last.after, first.unit, label)}"
        elif moved := _elements(items):
            yield f"{label} {moved}"


def label_of(change: Change) -> str:
    """`memory` of an attribute that people know as Memory; `MAC address` stays as it is."""
    label = change.label or change.name.replace("_", " ")
    return label[0].lower() + label[1:] if not label[:2].isupper() else label


def difference(before: str | None, after: str | None, unit: str | None, label: str = "") -> str:
    """`8 → 6 GiB`, in the greatest unit in which both are whole numbers."""
    before, after, unit = human(before, after, unit)
    if unit is not None and label.split()[-1:] == [unit]:
        unit = None  # `cpu cores 2 → 4`
    if before is None:
        return united(_short(after), unit)
    if after is None:
        return f"{united(_short(before), unit)} → none"
    return f"{_short(before)} → {united(_short(after), unit)}"


def human(
    before: str | None, after: str | None, unit: str | None
) -> tuple[str | None, str | None, str | None]:
    """Both values and their unit, in the greatest unit in which they are whole numbers."""
    while unit in _LADDER[:-1]:
        values = [value for value in (before, after) if value is not None]
        if not all(value.isdigit() and int(value) % _STEP == 0 for value in values):
            break
        if not any(int(value) for value in values):
            break
        before, after = (None if v is None else str(int(v) // _STEP) for v in (before, after))
        unit = _LADDER[_LADDER.index(unit) + 1]
    return before, after, unit


def _secret(before: str | None, after: str | None) -> str:
    names = [value.partition("#")[0] if value else None for value in (before, after)]
    if names[0] == names[1]:
        return f"another value of {names[0]}"
    return difference(names[0], names[1], None)


def _elements(items: Sequence[Change]) -> str:
    """What came to a set or list and what went from it; that the rest moved up is nothing to say."""
    came, went = (
        Counter(filter(None, side)) for side in zip(*((c.after, c.before) for c in items), strict=True)
    )
    signs = [f"+{_short(value)}" for value in (came - went)] + [
        f"\N{MINUS SIGN}{_short(value)}" for value in (went - came)
    ]
    return " ".join(signs) if signs or not came else "in another order"


def _tags(changes: Sequence[Change]) -> Iterator[str]:
    keys = dict.fromkeys(change.name for change in changes)
    for key in keys:
        of_key = [change for change in changes if change.name == key]
        before = next((c.before for c in of_key if c.before is not None), None)
        after = next((c.after for c in reversed(of_key) if c.after is not None), None)
        if before == after:
            continue
        if before is not None and after is not None:
            yield f"tag {key} {_short(before)} → {_short(after)}"
        else:
            value = before if after is None else after
            tag = f"{key}={_short(value)}" if value else key
            yield f"tag {tag} {'removed' if after is None else 'added'}"


def _ties(changes: Iterable[Change]) -> Iterator[str]:
    for change in changes:
        if change.name != "contains":
            word = change.name.replace("_", " ")
            yield f"now {word} {change.after}" if change.after else f"no longer {word} {change.before}"


def _states(changes: Sequence[Change], attributes: Iterable[Change]) -> Iterator[str]:
    """A state that an attribute says as well, as whether a machine runs, is not said twice."""
    if changes and changes[0].before != changes[-1].after:
        first, last = changes[0].before, changes[-1].after
        if (first, last) not in {(c.before, c.after) for c in attributes}:
            yield f"{first} → {last}" if first else f"{last}"


def _inventory(changes: Iterable[Change]) -> Iterator[str]:
    """Of what is new its name is in its address."""
    items = list(changes)
    new = next((c for c in items if c.name == "name" and c.before is None), None)
    if new is not None:
        yield "added"
    for change in items:
        if change is not new:
            yield f"{change.name.replace('_', ' ')} {_arrow(change, change.unit)}"


def _arrow(change: Change, unit: str | None) -> str:
    return difference(change.before, change.after, unit)


def _short(text: str | None) -> str:
    flat = " ".join((text or "").split())
    half = _LONGEST // 2
    return f"{flat[:half]}…{flat[-half:]}" if len(flat) > _LONGEST else flat or '""'
