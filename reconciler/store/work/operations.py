"""Operations: the durable record of a step, written before, between and after its calls.

T1 `begin`, T2 `sending`, T3 `accepted`, T4 `finish`: each is the caller's own transaction. Every write
after the first names the claim's epoch; a worker that lost its claim writes nothing and learns it here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from reconciler.errors import ClaimLost, StalePlanError
from reconciler.model.address import Address
from reconciler.model.plan import Action, Step
from reconciler.model.values import digest
from reconciler.store.database.session import Transaction
from reconciler.store.database.values import storable
from reconciler.store.work.claims import claim, refuse_second

_STATES = {Action.CREATE: "creating", Action.DELETE: "deleting"}


@dataclass(frozen=True, slots=True)
class IdRange:
    """The ids that we may choose at an endpoint, both ends included."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Begun:
    """An operation whose intent is in the transaction. `reserved` is the id chosen for its object."""

    operation: UUID
    resource_id: int
    uid: UUID
    epoch: int
    reserved: str | None


def begin(
    tx: Transaction,
    operation: UUID,
    step: Step,
    worker: UUID,
    actor: str,
    *,
    plan_step_id: int | None,
    revision_id: int | None,
    id_range: IdRange | None,
) -> Begun:
    """T1: the row if there is none, the claim, the reserved id, the intent.

    Raises StalePlanError if the resource is not as the plan saw it, ClaimLost if another worker holds it.
    """
    resource_id, uid, address = _resource(tx, step)
    epoch = claim(tx, resource_id, worker, step.address, step.expected_version)
    refuse_second(tx, resource_id, step.address)
    if step.action is Action.ADOPT:
        _take_over(tx, step, resource_id, address)
    if step.action is not Action.FORGET:
        tx.execute(
            "operations.set_state",
            resource_id=resource_id,
            epoch=epoch,
            state=_STATES.get(step.action, "updating"),
            forget_external_id=step.action is Action.CREATE,
        )
    creates = any(call.creates for call in step.calls)
    reserved = None
    if creates and id_range:
        reserved = _reserve(tx, resource_id, epoch, step.endpoint, id_range, again=False)
    tx.execute(
        "operations.begin",
        id=operation,
        resource_id=resource_id,
        plan_step_id=plan_step_id,
        worker=worker,
        epoch=epoch,
        request_hash=digest(call.content() for call in step.calls),
        identity=reserved or step.address.name,
        version=step.expected_version,
        actor=actor,
        revision_id=revision_id,
        action=step.action.value,
    )
    return Begun(operation, resource_id, uid, epoch, reserved)


def _resource(tx: Transaction, step: Step) -> tuple[int, UUID, str]:
    """The row's id, uid and address; a row is made where the plan saw none."""
    found: tuple[int, UUID, str] | None
    if step.resource is None:
        made = tx.row("operations.insert_resource", address=str(step.address), spec_hash=step.desired_hash)
        found = (made.id, made.uid, str(step.address)) if made else None
    else:
        found = tx.row("operations.find_resource", uid=step.resource)
    if found is None:
        raise _stale(step.address)
    return found


def _take_over(tx: Transaction, step: Step, resource_id: int, before: str) -> None:
    """An object that was nobody's becomes what the manifest calls it, and so does what hangs on it."""
    address = str(step.address)
    tx.execute("operations.vacate", address=address)
    if not tx.execute("operations.take_over", uid=step.resource, address=address):
        raise _stale(step.address)
    if address != before:
        renamed = {"resource_id": resource_id, "address": address, "before": before}
        tx.execute("operations.rename_parts", **renamed)
        tx.execute("operations.rename_references", **renamed)


def _stale(address: Address) -> StalePlanError:
    return StalePlanError(f"{address} is not what the plan was made for any more", hint="plan again")


def _reserve(
    tx: Transaction, resource_id: int, epoch: int, endpoint: str, id_range: IdRange, *, again: bool
) -> str:
    """The id for an object to be made: the one of an attempt that came to nothing, or a new one."""
    tx.rows("operations.reserve_lock", endpoint=endpoint)
    bounds = {"low": id_range.low, "high": id_range.high}
    if not again:
        earlier = tx.value("operations.unused_reservation", resource_id=resource_id, **bounds)
        if earlier is not None:
            return str(earlier)
    chosen = tx.value("operations.next_reserved_id", endpoint=endpoint, **bounds)
    if chosen is None:
        raise StalePlanError(
            f"{endpoint}: no id is left between {id_range.low} and {id_range.high}",
            hint="widen the endpoint's id range in its settings",
        )
    count = tx.execute("operations.reserve", resource_id=resource_id, external_id=str(chosen), epoch=epoch)
    if count == 0:
        raise ClaimLost("the resource was taken over by another worker; no id was chosen")
    return str(chosen)


def reserve_again(tx: Transaction, begun: Begun, endpoint: str, id_range: IdRange) -> Begun:
    """Another id, for when somebody else's object has the first one. The first stays used up."""
    reserved = _reserve(tx, begun.resource_id, begun.epoch, endpoint, id_range, again=True)
    tx.execute("operations.set_identity", id=begun.operation, identity=reserved, epoch=begun.epoch)
    return replace(begun, reserved=reserved)


def sending(tx: Transaction, begun: Begun, position: int) -> None:
    """T2: from here on the call may have been sent."""
    _held(tx.execute("operations.sending", id=begun.operation, position=position, epoch=begun.epoch), begun)
    tx.execute("operations.call_sending", id=begun.operation, position=position)


def accepted(
    tx: Transaction, begun: Begun, position: int, external_id: str | None, tasks: Iterable[str]
) -> None:
    """T3: the provider took the call; its object's id and its tasks are known, before any waiting."""
    _held(tx.execute("operations.accepted", id=begun.operation, epoch=begun.epoch), begun)
    tx.execute("operations.call_accepted", id=begun.operation, position=position)
    tx.batch(
        "operations.add_tasks", [{"task": task} for task in tasks], id=begun.operation, position=position
    )
    if external_id is not None:
        object_made(tx, begun, external_id)


def object_made(tx: Transaction, begun: Begun, external_id: str) -> None:
    """The resource's object is this one from now on."""
    set_external_id(tx, begun, external_id)
    tx.execute("operations.add_result", id=begun.operation, name="external_id", value=external_id)


def seen_by(tx: Transaction, begun: Begun, login: str) -> None:
    """The login that was shown the object just before it is destroyed; its word that it is gone counts."""
    tx.execute("operations.add_result", id=begun.operation, name="seen_by", value=login)


def sent_by(tx: Transaction, begun: Begun, login: str) -> None:
    """The login that is about to make the object: only it can tell that nothing came of that."""
    tx.execute("operations.add_result", id=begun.operation, name="sent_by", value=login)


def maker_of(tx: Transaction, operation: UUID) -> str | None:
    """What `sent_by` wrote down, None where it did not."""
    login: str | None = tx.value("operations.result", id=operation, name="sent_by")
    return login


def login_of(tx: Transaction, operation: UUID) -> str | None:
    """What `seen_by` wrote down, None where it did not."""
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
    """A call's own end: done, failed, ambiguous or skipped."""
    count = tx.execute(
        "operations.call_finished",
        id=begun.operation,
        position=position,
        status=status,
        error_code=code,
        error_message=message and storable(message),
        epoch=begun.epoch,
    )
    _held(count, begun)


def object_deleted(tx: Transaction, begun: Begun) -> None:
    """The object is gone though the step goes on (a replacement): its id means nothing any more."""
    tx.execute("operations.clear_external_id", resource_id=begun.resource_id, epoch=begun.epoch)


def unapply_users(tx: Transaction, begun: Begun) -> None:
    """The object was replaced: what is tied to it has to be applied anew, even where drift is only told."""
    tx.execute("operations.unapply_users", resource_id=begun.resource_id)


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


def _held(count: int, begun: Begun) -> None:
    if count == 0:
        raise ClaimLost(f"operation {begun.operation} was taken over by another worker; nothing was written")


def remove_resource(tx: Transaction, begun: Begun) -> None:
    """The object is positively gone: the row is closed and stays for its history."""
    tx.execute("operations.remove_resource", resource_id=begun.resource_id, epoch=begun.epoch)


def release_object(tx: Transaction, begun: Begun) -> bool:
    """The object stays, and is nobody's from now on. False if there is no object to stay."""
    return bool(tx.execute("operations.release_object", resource_id=begun.resource_id, epoch=begun.epoch))


def quarantine(tx: Transaction, begun: Begun) -> None:
    """Whose the object is cannot be decided; nothing touches it until a person has looked."""
    tx.execute("operations.quarantine", resource_id=begun.resource_id, epoch=begun.epoch)


def write_only_written(tx: Transaction, address: Address, desired_hash: bytes) -> None:
    """Record the write-only attributes that a step has just written."""
    tx.execute("operations.written", address=str(address), spec_hash=desired_hash)


def external_ids(tx: Transaction, addresses: Collection[Address]) -> dict[Address, str | None]:
    """The provider's ids of managed resources, as far as there are any."""
    rows = tx.rows("operations.external_ids", addresses=[str(address) for address in addresses])
    return {Address.parse(address): external_id for address, external_id in rows}


def external_id_of(tx: Transaction, resource_id: int) -> str | None:
    """The provider's id of a resource's object, as far as it is known."""
    external_id: str | None = tx.value("operations.external_id_of", resource_id=resource_id)
    return external_id


def set_external_id(tx: Transaction, begun: Begun, external_id: str) -> None:
    """The object's id is known: the provider's, or ours where there is no provider that gives ids."""
    known = {"resource_id": begun.resource_id, "external_id": external_id, "epoch": begun.epoch}
    tx.execute("operations.drop_stranger", **known)
    tx.execute("operations.set_external_id", **known)


def doubt(tx: Transaction, begun: Begun) -> None:
    """An object may have been made whose id nobody knows; only a complete look tells."""
    tx.execute("operations.doubt", resource_id=begun.resource_id, epoch=begun.epoch)


def settle_state(tx: Transaction, begun: Begun) -> None:
    """Leave no state behind that says an operation is under way."""
    tx.execute("operations.settle_state", resource_id=begun.resource_id, epoch=begun.epoch)
