"""Plans as rows: what was going to be done, down to each parameter, and who approved it.

A saved plan is not executed from its rows: it is made again, and what is the same, step by step and hash
by hash, is what was approved. So what it rests on has been checked again by construction.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid4

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.diff import AttributeChange, PartChange, TagChange
from reconciler.model.flat import steps as levels
from reconciler.model.inventory import InventoryStep
from reconciler.model.plan import Call, ExternalId, MarkValue, Param, Plan, ReservedId, Step
from reconciler.model.values import Scalar, SecretRef
from reconciler.store.database.session import Transaction
from reconciler.store.database.values import columns, data_type, elements
from reconciler.store.inventory.secrets import Key

_Row = tuple[object, ...]

_EMPTY = {"[]": "empty_list", "{}": "empty_map"}
"""What the end of a flat name stands for; see `providers.flat`."""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan's row. `steps` are the hashes of its steps by address, `inventory` those of its inventory's.

    `later` is the work of the steps that follow them in the same apply.
    """

    id: int
    hash: str
    actor: str
    created_at: datetime
    status: str
    source: str | None
    content_hash: bytes | None
    needs_approval: bool
    steps: dict[Address, str]
    inventory: frozenset[str] = frozenset()
    later: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Approval:
    """An unused approval: the plan's number, its hash, and the hashes of all the steps it covers."""

    plan_id: int
    hash: str
    steps: frozenset[str]


def save_plan(
    tx: Transaction,
    plan: Plan,
    actor: str,
    status: str,
    *,
    source: str | None = None,
    content_hash: bytes | None = None,
    revision_id: int | None = None,
    made_from: Sequence[tuple[str, str | None]] = (),
) -> tuple[int, dict[Address, int]]:
    """Write a plan; gives its number and its steps' row ids by address.

    `made_from`: (source, folder or file that was read; None for a repository).
    """
    plan_id: int = tx.value(
        "plans.insert",
        hash=plan.hash(),
        revision_id=revision_id,
        actor=actor,
        status=status,
        source_name=source,
        content_hash=content_hash,
        needs_approval=plan.needs_approval,
    )
    tx.copy("plans.copy_sources", ((plan_id, n, *each) for n, each in enumerate(made_from)))
    _copy_inventory(tx, plan_id, plan.inventory)
    types: dict[str, int] = dict(tx.rows("plans.operation_types"))
    steps = [*plan.steps, *plan.follows]
    numbers = [row[0] for row in tx.rows("plans.reserve_step_ids", count=len(steps))]
    numbered = list(zip(numbers, steps, strict=True))
    tx.copy(
        "plans.copy_steps",
        (
            _step(number, position, step, plan_id, types, is_later=position >= len(plan.steps))
            for position, (number, step) in enumerate(numbered)
        ),
    )
    _copy_details(tx, numbered)
    messages = [("warning", text) for text in plan.warnings] + [("approval", text) for text in plan.approvals]
    tx.copy("plans.copy_messages", ((plan_id, n, kind, text) for n, (kind, text) in enumerate(messages)))
    tx.copy(
        "plans.copy_blocked",
        (
            (plan_id, n, str(b.address), b.action.value, b.hindrance.value, b.message, b.hint)
            for n, b in enumerate(plan.blocked)
        ),
    )
    return plan_id, {step.address: number for number, step in numbered[: len(plan.steps)]}


def _copy_inventory(tx: Transaction, plan_id: int, steps: Sequence[InventoryStep]) -> None:
    numbered = list(enumerate(steps))
    tx.copy(
        "plans.copy_inventory",
        ((plan_id, n, step.kind.value, step.name, step.is_new, step.hash()) for n, step in numbered),
    )
    tx.copy(
        "plans.copy_inventory_values",
        (
            (plan_id, n, k, change.name, side, *_typed(value))
            for n, step in numbered
            for k, change in enumerate(step.changes)
            for side, value in (("before", change.before), ("after", change.after))
            if value is not None
        ),
    )
    tx.copy(
        "plans.copy_inventory_approvals",
        ((plan_id, n, k, text) for n, step in numbered for k, text in enumerate(step.approvals)),
    )


def _typed(value: Scalar) -> _Row:
    row = columns(value)
    return (data_type(row).value, *row[:5])


def _copy_details(tx: Transaction, numbered: Sequence[tuple[int, Step]]) -> None:
    tx.copy("plans.copy_requirements", ((n, str(need)) for n, step in numbered for need in step.requires))
    tx.copy(
        "plans.copy_step_approvals",
        ((n, k, text) for n, step in numbered for k, text in enumerate(step.approvals)),
    )
    changes = [(n, k, change) for n, step in numbered for k, change in enumerate(_changes(step))]
    tx.copy("plans.copy_changes", ((n, k, *change.row()) for n, k, change in changes))
    tx.copy("plans.copy_values", ((n, k, *row) for n, k, change in changes for row in change.values()))
    tx.copy(
        "plans.copy_calls",
        ((n, k, *_call(call)) for n, step in numbered for k, call in enumerate(step.calls)),
    )
    tx.copy(
        "plans.copy_parameters",
        (
            (n, k, place, *row)
            for n, step in numbered
            for k, call in enumerate(step.calls)
            for place, row in enumerate(_parameters(call))
        ),
    )
    tx.copy(
        "plans.copy_paths",
        (
            (n, k, place, depth, *_level(level))
            for n, step in numbered
            for k, call in enumerate(step.calls)
            for place, (_, name, _) in enumerate(_named(call))
            for depth, level in enumerate(name[1:], start=1)
        ),
    )


def _step(
    number: int, position: int, step: Step, plan_id: int, types: dict[str, int], *, is_later: bool
) -> _Row:
    return (
        number,
        plan_id,
        position,
        str(step.address),
        types[step.action.value],
        step.endpoint,
        step.resource,
        step.expected_version,
        step.desired_hash,
        step.impact.value,
        step.reason.value if step.reason else None,
        step.summary,
        step.adopt,
        is_later,
        step.work() if is_later else step.hash(),
    )


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of an attribute or a tag, or of a part as a whole."""

    part: PartChange | None = None
    attribute: AttributeChange | None = None
    tag: TagChange | None = None

    @property
    def what(self) -> AttributeChange | TagChange | None:
        return self.attribute or self.tag

    def row(self) -> _Row:
        part, attribute, what = self.part, self.attribute, self.what
        sides = (what.before, what.after) if what else (None, None)
        return (
            str(part.address) if part else None,
            part.action.value if part else None,
            part.holds_data if part else None,
            attribute.name if attribute else None,
            self.tag.key if self.tag else None,
            any(isinstance(value, tuple) for value in sides),
            *(value is not None for value in sides),
            what.reason.value if what else None,
            attribute.mutability.value if attribute else None,
            attribute.secret if attribute else False,
        )

    def values(self) -> Iterator[_Row]:
        """A row for each element of the value before and of the one after."""
        what = self.what
        for is_after, value in ((False, what.before), (True, what.after)) if what else ():
            for ordinal, row in elements(value):
                yield (is_after, ordinal, data_type(row).value, *row)


def _changes(step: Step) -> Iterator[_Change]:
    for change in step.changes:
        yield _Change(attribute=change)
    for part in step.parts:
        for change in part.changes:
            yield _Change(part, change)
        if not part.changes:
            yield _Change(part)
    for tag in step.tags:
        yield _Change(tag=tag)


def _call(call: Call) -> _Row:
    return (
        call.operation,
        call.method,
        call.path,
        call.summary,
        call.impact.value,
        call.creates,
        call.deletes,
        call.best_effort,
        call.restores,
        call.timeout,
    )


def _parameters(call: Call) -> Iterator[_Row]:
    for is_path, name, row in _named(call):
        yield (is_path, name[0], *row)


def _named(call: Call) -> Iterator[tuple[bool, list[str | int], _Row]]:
    """Each parameter: whether it belongs in the path, its name taken apart, and what it says."""
    for name, value in call.path_params:
        yield (True, [name], _parameter(value))
    for name, value in call.params:
        row = _parameter(value)
        empty = _EMPTY.get(name[-2:])
        if empty is None:
            yield (False, levels(name), row)
        else:
            yield (False, levels(name[:-2]), (empty, *row[1:]))


def _level(level: str | int) -> _Row:
    """A mapping's key or a place in a list."""
    return (None, level) if isinstance(level, int) else (level, None)


def _parameter(value: Param) -> _Row:
    """kind, data_type, four values, target address, mark field, template, credential, fingerprint."""
    nothing: _Row = (None,) * 4
    match value:
        case None:
            return ("null", None, *nothing, None, None, None, None, None)
        case ExternalId():
            return ("external_id", None, *nothing, str(value.address), None, None, None, None)
        case ReservedId():
            return ("reserved_id", None, *nothing, None, None, None, None, None)
        case MarkValue():
            return ("mark", None, *nothing, None, value.field, value.template, None, None)
        case SecretRef():
            return ("secret", None, *nothing, None, None, None, value.credential, value.fingerprint)
        case bool():
            return ("value", "boolean", None, None, None, value, None, None, None, None, None)
        case int():
            return ("value", "integer", None, value, None, None, None, None, None, None, None)
        case Decimal():
            return ("value", "decimal", None, None, value, None, None, None, None, None, None)
        case _:
            return ("value", "string", value, None, None, None, None, None, None, None, None)


def find_plan(tx: Transaction, word: str) -> SavedPlan:
    """A plan by number, or by 7 or more first characters of its hash. Raises PlanError if there is none."""
    row = tx.row("plans.find", word=word)
    if row is None:
        raise PlanError(f"there is no plan {word}", hint="`reconciler get plans` lists them")
    hashes = list(tx.rows("plans.step_hashes", id=row[0]))
    steps = {Address.parse(address): found for address, found, is_later in hashes if not is_later}
    number, plan_hash, actor, created_at, status, source, content_hash, needs_approval = row
    return SavedPlan(
        id=number,
        hash=plan_hash,
        actor=actor,
        created_at=created_at,
        status=status,
        source=source,
        content_hash=content_hash and bytes(content_hash),
        needs_approval=needs_approval,
        steps=steps,
        inventory=frozenset(row[0] for row in tx.rows("plans.inventory_hashes", id=number)),
        later=frozenset(found for _, found, is_later in hashes if is_later),
    )


def waiting_plan(tx: Transaction, plan_hash: str) -> int | None:
    """The number of a saved plan with this hash, if one waits already."""
    number: int | None = tx.value("plans.waiting", hash=plan_hash)
    return number


def resume(tx: Transaction, plan_hash: str) -> tuple[int, dict[Address, int]] | None:
    """The saved plan with this hash, which is being applied from now on, as `save_plan` gives it; or None."""
    number = waiting_plan(tx, plan_hash)
    if number is None:
        return None
    set_status(tx, number, "applying")
    ids = {Address.parse(address): step for address, step in tx.rows("plans.step_ids", id=number)}
    return number, ids


def approve(tx: Transaction, plan: SavedPlan, actor: str, key: Key) -> None:
    """A person's consent, bound to the plan's hash, good once.

    It counts by its mac: whoever can only write rows cannot give one.
    """
    if any(given.plan_id == plan.id for given in approvals(tx, key)):
        return
    uid = uuid4()
    mac = key.approval_mac(_approved(uid, plan.id, plan.hash, actor))
    tx.execute("plans.approve", uid=uid, id=plan.id, hash=plan.hash, actor=actor, mac=mac)


def approvals(tx: Transaction, key: Key) -> tuple[Approval, ...]:
    """Approvals that were given with the key and not used yet; any other row is nobody's word."""
    found: dict[tuple[int, str], set[str]] = {}
    for plan_id, plan_hash, step_hash, uid, actor, mac in tx.rows("plans.approved"):
        expected = key.approval_mac(_approved(uid, plan_id, plan_hash, actor))
        if hmac.compare_digest(bytes(mac), expected):
            found.setdefault((plan_id, plan_hash), set()).add(step_hash)
    return tuple(Approval(number, value, frozenset(steps)) for (number, value), steps in found.items())


def _approved(uid: UUID, plan_id: int, plan_hash: str, actor: str) -> bytes:
    return f"{uid} {plan_id} {plan_hash} {actor}".encode()


def use_approval(tx: Transaction, plan_id: int) -> None:
    tx.execute("plans.use_approval", id=plan_id)


def set_status(tx: Transaction, plan_id: int, status: str) -> None:
    """saved, applying, applied, failed or expired."""
    tx.execute("plans.set_status", id=plan_id, status=status)


def close_abandoned(tx: Transaction, worker: UUID) -> int:
    """End, as failed, the plans whose applying worker is dead; gives their number.

    This worker's own count among them, so it must have no step under way.
    """
    return tx.execute("plans.close_abandoned", worker=worker)
