"""Operations: the durable record of a step, written before, between and after its calls.

T1 `begin`, T2 `sending`, T3 `accepted`, T4 `finish`: each is the caller's own transaction. Every write
after the first names the claim's epoch; a worker that lost its claim writes nothing and learns it here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from reconciler.errors import ClaimLost
from reconciler.model.address import Address
from reconciler.model.plan import Step
from reconciler.model.values import digest
from reconciler.store.database.session import Transaction
from reconciler.store.database.values import storable
from reconciler.store.recorded.brought import Rows


@dataclass(frozen=True, slots=True)
class IdRange:
    """The ids that we may choose at an endpoint, both ends included."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Begun:
    """An operation whose intent is on record. `reserved` is the id chosen for its object.

    `external_id`: the object's id as it was then. `is_repeated`: the operation before it did the same.
    `ids`: the objects' ids at the addresses that were asked for, `here`: those of these addresses that are at
    the same endpoint.
    """

    operation: UUID
    resource_id: int
    uid: UUID
    epoch: int
    reserved: str | None
    external_id: str | None = None
    is_repeated: bool = False
    ids: Mapping[Address, str | None] = field(default_factory=dict)
    here: frozenset[Address] = frozenset()


def begin(
    tx: Transaction,
    operation: UUID,
    step: Step,
    worker: UUID,
    *,
    plan_step_id: int | None,
    revision_id: int | None,
    id_range: IdRange | None,
    addresses: Collection[Address] = (),
) -> Begun:
    """T1: the row if there is none, the claim, the reserved id, the intent. One statement.

    `addresses`: whose objects' ids are to be known. Raises StalePlanError if the resource is not as the plan
    saw it, ClaimLost if another worker holds it.
    """
    bounds = id_range if any(call.creates for call in step.calls) else None
    row = tx.row(
        "operations.begin",
        **tx.acting,
        id=operation,
        action=step.action.value,
        uid=step.resource,
        address=str(step.address),
        spec_hash=step.desired_hash,
        version=step.expected_version,
        worker=worker,
        plan_step_id=plan_step_id,
        revision_id=revision_id,
        request_hash=digest(call.content() for call in step.calls),
        name=step.address.name,
        low=bounds and bounds.low,
        high=bounds and bounds.high,
        addresses=[str(address) for address in addresses],
    )
    assert row is not None  # noqa: S101 - the function gives a row or raises
    found = [Address.parse(address) for address in row.address or ()]
    return Begun(
        operation=operation,
        resource_id=row.resource_id,
        uid=row.uid,
        epoch=row.epoch,
        reserved=row.reserved,
        external_id=row.external_id,
        is_repeated=row.is_repeated,
        ids=dict(zip(found, row.address_id or (), strict=True)),
        here=frozenset(a for a, is_here in zip(found, row.is_here or (), strict=True) if is_here),
    )


def reserve_again(tx: Transaction, begun: Begun, id_range: IdRange) -> Begun:
    """Another id, for when somebody else's object has the first one. The first stays used up."""
    reserved = tx.value(
        "operations.reserve_again",
        id=begun.operation,
        epoch=begun.epoch,
        low=id_range.low,
        high=id_range.high,
    )
    if reserved is None:
        raise ClaimLost("the resource was taken over by another worker; no id was chosen")
    return replace(begun, reserved=reserved)


def sending(
    tx: Transaction,
    begun: Begun,
    position: int,
    *,
    ended: int | None = None,
    ids: Mapping[Address, str | None] | None = None,
    seen_by: str | None = None,
    sent_by: str | None = None,
) -> bool:
    """T2: from here on the call may have been sent. One statement.

    `ended`: the call before it, which is done. `ids`: what the call is filled with; False, and nothing is
    written, where other objects stand at these addresses by now. `seen_by`: the login that was shown the
    object just before it is destroyed, whose word that it is gone counts; `sent_by`: the one that is about to
    make the object, because only it can tell that nothing came of that.
    """
    filled = ids or {}
    written: bool = tx.value(
        "operations.sending",
        **tx.acting,
        id=begun.operation,
        epoch=begun.epoch,
        position=position,
        ended=ended,
        addresses=[str(address) for address in filled],
        ids=list(filled.values()),
        login_as="sent_by" if sent_by is not None else "seen_by" if seen_by is not None else None,
        login=sent_by if sent_by is not None else seen_by,
    )
    return written


def accepted(
    tx: Transaction, begun: Begun, position: int, external_id: str | None, tasks: Iterable[str]
) -> None:
    """T3: the provider took the call; its object's id and its tasks are known, before any waiting.

    One statement.
    """
    tx.row(
        "operations.accepted",
        **tx.acting,
        id=begun.operation,
        epoch=begun.epoch,
        position=position,
        external_id=external_id,
        tasks=list(tasks),
    )


def maker_of(tx: Transaction, operation: UUID) -> str | None:
    """The login that was to make the object (`sent_by` of `sending`), None where it was not written down."""
    login: str | None = tx.value("operations.result", id=operation, name="sent_by")
    return login


def login_of(tx: Transaction, operation: UUID) -> str | None:
    """The login that was shown the object (`seen_by` of `sending`), None where it was not written down."""
    login: str | None = tx.value("operations.result", id=operation, name="seen_by")
    return login


def call_finished(
    tx: Transaction,
    begun: Begun,
    position: int,
    status: str,
    code: str | None = None,
    message: str | None = None,
) -> None:
    """A call's own end: done, failed, ambiguous or skipped. One statement."""
    tx.row(
        "operations.call_finished",
        **tx.acting,
        id=begun.operation,
        position=position,
        status=status,
        error_code=code,
        error_message=message and storable(message),
        epoch=begun.epoch,
    )


def finish(
    tx: Transaction, begun: Begun, status: str, code: str | None = None, message: str | None = None
) -> None:
    """T4: the operation's end, in the same transaction as what it brought; the claim is given back."""
    count = tx.execute(
        "operations.finish",
        id=begun.operation,
        status=status,
        error_code=code,
        error_message=message and storable(message),
        epoch=begun.epoch,
    )
    _held(count, begun)
    tx.execute("operations.release", resource_id=begun.resource_id, epoch=begun.epoch)


def done(
    tx: Transaction,
    begun: Begun,
    step: Step,
    *,
    ended: int | None,
    seen: Rows | None,
    has_written: bool = False,
) -> None:
    """T4 of a step that made, changed or deleted an object, with all that it brought. One statement.

    `ended`: the last call, which is done. `seen`: the rows of what was seen (`brought.rows_of`); None for a
    deletion. `has_written`: whether its provider is written what it never shows. Raises DatabaseError, and
    nothing is written, where the end is no ordinary one.
    """
    tx.row(
        "operations.done",
        **tx.acting,
        id=begun.operation,
        epoch=begun.epoch,
        action=step.action.value,
        ended=ended,
        spec_hash=step.desired_hash,
        is_whole=not step.partial,
        has_written=has_written,
        recorded_hash=seen and seen.hash,
        name=seen and seen.name,
        items=list(seen.items) if seen else [],
        attributes=list(seen.attributes) if seen else [],
        tags=list(seen.tags) if seen else [],
        pending=list(seen.pending) if seen else [],
        ties=list(seen.ties) if seen else [],
    )


def _held(count: int, begun: Begun) -> None:
    if count == 0:
        raise ClaimLost(f"operation {begun.operation} was taken over by another worker; nothing was written")


def write_only_written(tx: Transaction, address: Address, desired_hash: bytes) -> None:
    """Record the write-only attributes that a step has just written."""
    tx.execute("operations.written", address=str(address), spec_hash=desired_hash)
