"""What stays and still uses an object keeps it from being removed, and the plan says so beforehand.

A use is a reference that lasts: an attribute that is only given at creation (a machine's SSH keys) is none.
A user is out of the way where its own step comes first and lets go. What hangs on a machine comes loose with
it, and what can be hung up again in place is, after a replacement: such a user keeps a removal back only
where it may not be touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from reconciler.model.address import Address
from reconciler.model.catalog import Family, Mutability
from reconciler.model.diff import PartAction
from reconciler.model.plan import Action, Blocked, BlockReason, Step
from reconciler.model.resource import Management, Recorded
from reconciler.planner.block import Decision, is_blocked
from reconciler.planner.inputs import PlanInput
from reconciler.planner.references import attribute_references, references, roots_in

_NAMED = 3  # users that a message names; the rest are counted

_WHY: Mapping[BlockReason, str] = {
    BlockReason.PREVENT_DESTROY: "which is guarded against destruction",
    BlockReason.ON_REMOVE_BLOCK: "which may not just be removed",
    BlockReason.REPLACE_NOT_ALLOWED: "which would have to be replaced to let go",
    BlockReason.DOWNTIME_NOT_ALLOWED: "which would have to be stopped to let go",
    BlockReason.UNKNOWN: "of which nothing certain is known now",
    BlockReason.QUARANTINED: "which is in quarantine",
    BlockReason.BACK_OFF: "which waits before its next attempt",
    BlockReason.REPORT_ONLY: "whose drift is only reported",
    BlockReason.BUSY: "which has an operation under way",
    BlockReason.DEPENDENCY: "which waits for something else",
    BlockReason.IN_USE: "which is still used itself",
}
_UNTOUCHABLE = frozenset(
    {
        BlockReason.PREVENT_DESTROY,
        BlockReason.ON_REMOVE_BLOCK,
        BlockReason.UNKNOWN,
        BlockReason.HELD,
        BlockReason.QUARANTINED,
        BlockReason.BACK_OFF,
        BlockReason.BUSY,
        BlockReason.UNSUPPORTED,
    }
)


@dataclass(frozen=True, slots=True)
class _Use:
    """One reference: the attribute, and the part it is in, if it is in one."""

    part: Address | None
    name: str
    mutability: Mutability


@dataclass(frozen=True, slots=True)
class _User:
    """One that stays: the words that say why, and what would free it."""

    address: Address
    why: str
    hint: str


def without_users(
    steps: Mapping[Address, Step], blocked: Iterable[Blocked], given: PlanInput
) -> tuple[dict[Address, Step], list[Blocked]]:
    """Drop removals of what something that stays still uses; what stays for that reason counts in turn."""
    left = dict(steps)
    reasons: dict[Address, Blocked] = {}
    for item in blocked:
        reasons.setdefault(item.address, item)
    own = {step.resource: step for step in left.values() if step.resource is not None}
    users = _users(left, given)
    used: dict[Address, list[Address]] = {}
    for target, its in users.items():
        for user in its:
            used.setdefault(user.address, []).append(target)
    found: list[Blocked] = []
    doubtful = set(users)
    while doubtful:
        kept = {
            target: staying
            for target in sorted(doubtful & left.keys())
            if (staying := [*_staying(target, users[target], left, own, reasons, given)])
        }
        for target, staying in kept.items():
            step = left.pop(target)
            if step.resource is not None:
                own.pop(step.resource, None)
            found.append(Blocked(target, step.action, BlockReason.IN_USE, _message(staying), staying[0].hint))
            reasons[target] = found[-1]
        doubtful = {target for user in kept for target in used.get(user, ())}
    return left, found


def _users(steps: Mapping[Address, Step], given: PlanInput) -> dict[Address, list[Recorded]]:
    """The existing users of what the steps would remove, by what they use."""
    removals = {a for a, step in steps.items() if step.action in (Action.DELETE, Action.REPLACE)}
    if not removals:
        return {}
    everything = {item.id: item for item in (*given.users, *given.recorded.values(), *given.removed)}
    found: dict[Address, list[Recorded]] = {}
    for item in sorted(everything.values(), key=lambda each: (each.address, each.id)):
        if item.exists:
            for target in references(item, given.catalog) & removals:
                found.setdefault(target, []).append(item)
    return found


def _staying(
    target: Address,
    users: Sequence[Recorded],
    left: Mapping[Address, Step],
    own: Mapping[UUID, Step],
    reasons: Mapping[Address, Blocked],
    given: PlanInput,
) -> Iterator[_User]:
    removal = left[target]
    machine = given.catalog.resource_types[target.type].family is Family.MACHINE
    for user in users:
        step = own.get(user.uid)
        if step is not None and step.action is Action.DELETE:
            continue
        uses = [use for use in _uses(user, target, given) if not _lets_go(step, use, target, given)]
        needs = removal.action is Action.DELETE and _depends(user, target, given)
        if not uses and not needs:
            continue
        keeping = _keeping(user, step, reasons, given)
        again = removal.action is Action.REPLACE and all(u.mutability is Mutability.IN_PLACE for u in uses)
        comes_loose = not needs and (machine or again)
        if not comes_loose or (keeping is not None and keeping.reason in _UNTOUCHABLE):
            yield _described(user, step, keeping, target, given)


def _uses(user: Recorded, target: Address, given: PlanInput) -> Iterator[_Use]:
    for part in (user, *user.parts):
        rules = given.catalog.attributes(part.type, part.provider_type)
        for name, address in attribute_references(part, given.catalog):
            if address.root == target and rules[name].compared:
                yield _Use(None if part is user else part.address, name, rules[name].mutability)


def _depends(user: Recorded, target: Address, given: PlanInput) -> bool:
    """Whether it says in so many words that it needs the target. What a manifest says now holds at once."""
    if any(address.root == target for _, address in _of_attributes(user, given)):
        return False  # then it is the attribute that decides
    desired = given.desired.get(user.address) if user.management is Management.MANAGED else None
    return target in (user.depends_on if desired is None else (*desired.depends_on, *desired.member_of))


def _of_attributes(user: Recorded, given: PlanInput) -> Iterator[tuple[str, Address]]:
    for part in (user, *user.parts):
        yield from attribute_references(part, given.catalog)


def _lets_go(step: Step | None, use: _Use, target: Address, given: PlanInput) -> bool:
    """Whether the user's own step ends this use of the target."""
    if step is None or step.action is Action.FORGET:
        return False
    if step.action is Action.REPLACE:
        return target not in references(given.desired[step.address], given.catalog)
    if use.part is None:
        changes = step.changes
    else:
        gone = {part.address for part in step.parts if part.action is PartAction.DELETE}
        if use.part in gone:
            return True
        changes = tuple(c for part in step.parts if part.address == use.part for c in part.changes)
    changed = [change for change in changes if change.name == use.name]
    return bool(changed) and target not in roots_in(changed[0].after)


def _keeping(
    user: Recorded, step: Step | None, reasons: Mapping[Address, Blocked], given: PlanInput
) -> Blocked | None:
    """What keeps the user itself from being touched; asked here where it was no candidate."""
    if user.management is Management.UNMANAGED:
        return None
    if user.address in reasons or step is not None:
        return reasons.get(user.address)
    decision = Decision()
    is_blocked(decision, user, user, Action.UPDATE, given)
    return decision.blocked[0] if decision.blocked else None


def _described(
    user: Recorded, step: Step | None, keeping: Blocked | None, target: Address, given: PlanInput
) -> _User:
    address = user.address
    if user.management is Management.UNMANAGED:
        return _User(address, "which is not ours", f"take it off {target} where it is, or put {target} back")
    if step is not None and step.action is Action.FORGET:
        return _User(
            address, "which is left where it is", f"take it off {target} there, or put {target} back"
        )
    if keeping is not None and keeping.reason is BlockReason.HELD:
        return _User(address, f"which is {keeping.message}", f"it goes once that is released: {keeping.hint}")
    if keeping is not None:
        why = _WHY.get(keeping.reason, "which cannot be changed now")
        return _User(address, why, keeping.hint or f"see what keeps {address} first")
    if not given.selection.covers(address, user.endpoint, user.tags):
        return _User(
            address, "which is not selected", f"select {address} too, so that it goes or lets go first"
        )
    if step is not None and step.action is Action.REPLACE:
        return _User(address, "which is replaced and needs it for that", f"let {address} go of it first")
    hint = f"have the manifest of {address} say that it uses {target} no more, or put {target} back"
    return _User(address, "which nothing in its manifest takes off it", hint)


def _message(staying: Sequence[_User]) -> str:
    words = [f"{user.address}, {user.why}" for user in staying[:_NAMED]]
    more = len(staying) - len(words)
    return "is still used by " + "; ".join([*words, *([f"and {more} more"] if more else [])])
