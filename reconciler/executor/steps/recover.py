"""Taking up what a dead worker left open: each operation is brought to an end before anything is planned.

`intended`: nothing was sent. `accepted`: its tasks are waited for. `sending`: it is not known whether the
call took effect, so after its time has passed the object is looked for by its identity and our mark. The
next plan goes on from what is there; a create is sent again only with the same identity.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from reconciler.errors import ClaimLost, PlanError, ProviderError
from reconciler.executor.context import Context
from reconciler.executor.observe.denial import count_ours, observe_gone
from reconciler.executor.observe.endpoint import observe_targets, observe_type, record_seen
from reconciler.executor.steps.find import marked
from reconciler.executor.steps.settle import give_back
from reconciler.model.address import Address
from reconciler.model.catalog import BY_NAME, Identity
from reconciler.model.observation import Observation
from reconciler.model.plan import Action
from reconciler.providers.driver import TaskState
from reconciler.store.database.session import Actor, Transaction
from reconciler.store.recorded.observations import Ours
from reconciler.store.work import left_open, objects
from reconciler.store.work import operations as ops
from reconciler.store.work.plans import close_abandoned

LIST_LAG = timedelta(seconds=5)
"""How much later than a call an object may show up in lists."""

TASK_WAIT = 120.0
"""Seconds that an accepted call's task is waited for in a recovery; longer ones are left for the next."""

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Recovered:
    """What became of one operation that was left open. `message` is for people."""

    address: Address
    action: Action
    message: str
    settled: bool


def recover(
    context: Context, stop: threading.Event, accept_empty: Collection[str] = ()
) -> tuple[Recovered, ...]:
    """Bring every operation that was left open to an end, as far as it can be known.

    To be called while this worker has no step under way: what is open of its own was left so by a fault.
    `accept_empty`: endpoints whose denials are to be believed, because a person said so.
    """
    context.connections.stop = stop
    taken = _taken(context)
    if not taken:
        return ()

    def one(pair: tuple[left_open.OpenOperation, ops.Begun]) -> Recovered:
        with context.connections.hasty():
            return _bring_to_an_end(context, *pair, stop, sure=pair[0].endpoint in accept_empty)

    # Side by side: one that has to be waited for keeps none of the others open.
    with context.connections.pool(_AT_ONCE, "recover") as pool:
        found = pool.map(one, taken)
        try:
            return tuple(found)
        except KeyboardInterrupt:
            stop.set()  # what is being waited for is left to the next run
            raise


def _bring_to_an_end(
    context: Context, item: left_open.OpenOperation, begun: ops.Begun, stop: threading.Event, *, sure: bool
) -> Recovered:
    if stop.is_set():
        return Recovered(item.address, item.action, "was left for the next time: stopped", settled=False)
    try:
        return _recover(context, item, begun, stop, sure)
    except ProviderError as error:
        message = f"cannot be looked at now: {error.message}"
        return Recovered(item.address, item.action, message, settled=False)
    except (ClaimLost, PlanError) as error:
        return Recovered(item.address, item.action, error.message, settled=False)


def _taken(context: Context) -> list[tuple[left_open.OpenOperation, ops.Begun]]:
    with context.store.transaction(context.acting(None, "recovery")) as tx:
        close_abandoned(tx, context.worker)  # before its operations are this worker's
        taken = []
        for item in left_open.open_operations(tx, context.worker):
            with suppress(ClaimLost):  # somebody else is faster, and tells what became of it
                taken.append((item, left_open.take_over(tx, item, context.worker)))
        return taken


def _recover(
    context: Context, item: left_open.OpenOperation, begun: ops.Begun, stop: threading.Event, sure: bool
) -> Recovered:
    if item.status == "intended":
        with context.store.transaction(_acting(context, item)) as tx:
            give_back(tx, context, item.action, begun, None)
            _end(tx, begun, "interrupted")
        return Recovered(item.address, item.action, "had not been sent; it is planned again", settled=True)
    if item.status == "accepted":
        with context.store.read() as tx:
            tasks = left_open.tasks_of(tx, item)
        statuses = context.connections.poller(item.endpoint).wait(tasks, TASK_WAIT, stop)
        if any(status.state is TaskState.RUNNING for status in statuses.values()):
            message = "the provider is still at it; it is looked at again the next time"
            return Recovered(item.address, item.action, message, settled=False)
    elif not _wait_out(context, item, stop, sure):
        return Recovered(item.address, item.action, "was left for the next time: stopped", settled=False)
    return _conclude(context, item, begun, sure)


def _acting(context: Context, item: left_open.OpenOperation) -> Actor:
    return context.acting(item.operation, f"recovery of an interrupted {item.action}")


def _wait_out(context: Context, item: left_open.OpenOperation, stop: threading.Event, sure: bool) -> bool:
    """A request may still be on its way until its time-out has passed, and the list may lag behind.

    False if it could not be waited for, so that nothing may be concluded yet.
    """
    access = context.connections.to(item.endpoint)
    read_timeout = timedelta(seconds=access.read_timeout)
    left = item.sent_at + read_timeout + LIST_LAG - item.now
    if left <= timedelta(0) or _settles(item, _look(context, item, sure)):
        return True
    return not stop.wait(left.total_seconds())


def _settles(item: left_open.OpenOperation, seen: Observation | None) -> bool:
    """Whether a look tells already that the call took effect: its object is there, or gone."""
    if seen is None:
        return True  # there is nothing to look for, however long one waits
    if item.external_id and item.deletes:
        return bool(seen.absent)
    return item.creates and any(each.external_id != item.external_id for each in seen.resources)


def _look(context: Context, item: left_open.OpenOperation, sure: bool) -> Observation | None:
    offer = context.catalog.offer(item.type, item.provider_type)
    if item.external_id is not None:
        reserves = offer is not None and offer.identity is Identity.RESERVED_ID
        return _observe_known(context, item, reserves, sure)
    if offer is None or item.identity is None:
        return None
    if offer.identity is Identity.RESERVED_ID:
        return observe_targets(context, item.endpoint, [(item.type, item.identity)])
    if offer.identity in BY_NAME:
        seen = observe_type(context, item.endpoint, item.type)
        ours = [each for each in seen.resources if each.mark and each.mark.resource == item.uid]
        return Observation(tuple(ours), seen.complete, seen.absent, seen.unseen, seen.requests)
    return None


def _observe_known(
    context: Context, item: left_open.OpenOperation, reserves: bool, sure: bool
) -> Observation:
    """The row's object; once that is gone, the one that was to replace it and may be there already."""
    assert item.external_id is not None  # noqa: S101 - the caller's condition
    if sure:
        believed: str | None = context.connections.login(item.endpoint)
    else:
        with context.store.read() as tx:
            believed = ops.login_of(tx, item.operation)
    ours = Ours(item.type, item.external_id, item.uid)
    seen = observe_gone(context, item.endpoint, ours, believed=believed)
    replaced = item.action is Action.REPLACE and reserves and seen.absent and not seen.resources
    if not replaced or item.identity in (None, item.external_id):
        return seen
    new = observe_targets(context, item.endpoint, [(item.type, str(item.identity))])
    known = bool(new.resources or new.absent)
    return (
        replace(new, absent=seen.absent | new.absent, requests=seen.requests + new.requests) if known else new
    )


def _conclude(context: Context, item: left_open.OpenOperation, begun: ops.Begun, sure: bool) -> Recovered:
    seen = _look(context, item, sure)
    if seen is not None and not (seen.resources or _absent(item, seen)):
        why = "".join(f" ({text})" for text in sorted({each.message for each in seen.unseen}))
        message = f"whether it took effect cannot be seen now{why}; it is looked at again the next time"
        return Recovered(item.address, item.action, message, settled=False)
    doubtful = seen is not None and _doubtful(context, item, seen, sure)
    with context.store.transaction(_acting(context, item)) as tx:
        if doubtful:
            objects.doubt(tx, begun)
            _end(tx, begun, "ambiguous")
            message = (
                "may have been made by a request whose answer was lost; this login did not send it and is "
                "shown nothing of ours, so that is not known: nothing is made a second time"
            )
            return Recovered(item.address, item.action, message, settled=True)
        if seen is None:
            objects.quarantine(tx, begun)
            _end(tx, begun, "ambiguous")
            message = "may or may not have taken effect, and nothing tells which; it is in quarantine"
            return Recovered(item.address, item.action, message, settled=True)
        found = marked(context, begun, seen)
        if found is not None and found != item.external_id:
            objects.set_external_id(tx, begun, found)
        give_back(tx, context, item.action, begun, seen)
        record_seen(tx, context, item.endpoint, item.type, item.uid, seen)
        if item.action is Action.DELETE and not seen.resources:
            objects.remove_resource(tx, begun)
            message = "was carried out"
        elif found is not None:
            message = "is there, with our mark; what is missing is planned again"
        else:
            message = "had no effect; it is planned again"
        _end(tx, begun, "interrupted")
    return Recovered(item.address, item.action, message, settled=True)


def _doubtful(context: Context, item: left_open.OpenOperation, seen: Observation, sure: bool) -> bool:
    """Whether not finding what may have been made says nothing: another project's token sees none of it."""
    if sure or seen.resources or item.external_id is not None or not item.creates:
        return False
    with context.store.read() as tx:
        maker = ops.maker_of(tx, item.operation)
    if maker == context.connections.login(item.endpoint):
        return False
    count_ours(context, item.endpoint, item.uid)
    return not context.connections.trusted(item.endpoint)


def _absent(item: left_open.OpenOperation, seen: Observation) -> bool:
    """Whether the object was denied, or is not in a complete list of what it would be in."""
    return bool(seen.absent) or (item.external_id is None and item.type in seen.complete)


def _end(tx: Transaction, begun: ops.Begun, status: str) -> None:
    objects.settle_state(tx, begun)
    ops.finish(tx, begun, status, "interrupted", "the worker died before the end")
