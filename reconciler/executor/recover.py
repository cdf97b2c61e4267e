"""Taking up what a dead worker left open: each operation is brought to an end before anything is planned.

`intended`: nothing was sent. `accepted`: its tasks are waited for. `sending`: it is not known whether the
call took effect, so after its time has passed the object is looked for by its identity and our mark. The
next plan goes on from what is there; a create is sent again only with the same identity.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta

from reconciler.errors import ClaimLost, ProviderError, ReconcilerError
from reconciler.executor.context import Context
from reconciler.executor.find import marked
from reconciler.executor.look import look_at, look_for, record_seen
from reconciler.model.address import Address
from reconciler.model.catalog import Identity
from reconciler.model.observation import Observation
from reconciler.model.plan import Action
from reconciler.providers.driver import TaskState
from reconciler.store import operations as ops
from reconciler.store.session import Actor, Transaction

LIST_LAG = timedelta(seconds=5)
"""How much later than a call an object may show up in lists."""

TASK_WAIT = 600.0
"""Seconds that an accepted call's task is waited for in a recovery."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What became of one operation that was left open. `message` is for people."""

    address: Address
    action: Action
    message: str
    settled: bool


def recover(context: Context, stop: threading.Event) -> tuple[Recovered, ...]:
    """Bring every operation that a dead worker left open to an end, as far as it can be known."""
    recovered: list[Recovered] = []
    for item, begun in _taken(context):
        if stop.is_set():
            break
        try:
            recovered.append(_recover(context, item, begun, stop))
        except ProviderError as error:
            message = f"cannot be looked at now: {error.message}"
            recovered.append(Recovered(item.address, item.action, message, settled=False))
        except ClaimLost as error:
            recovered.append(Recovered(item.address, item.action, error.message, settled=False))
        except ReconcilerError as error:
            recovered.append(Recovered(item.address, item.action, str(error), settled=False))
    return tuple(recovered)


def _taken(context: Context) -> list[tuple[ops.OpenOperation, ops.Begun]]:
    with context.store.transaction(context.acting(None, "recovery")) as tx:
        left = ops.open_operations(tx, context.worker)
        return [(item, ops.take_over(tx, item, context.worker)) for item in left]


def _recover(context: Context, item: ops.OpenOperation, begun: ops.Begun, stop: threading.Event) -> Recovered:
    if item.status == "intended":
        with context.store.transaction(_acting(context, item)) as tx:
            _end(tx, begun, "interrupted")
        return Recovered(item.address, item.action, "had not been sent; it is planned again", settled=True)
    if item.status == "accepted":
        with context.store.read() as tx:
            tasks = ops.tasks_of(tx, item)
        statuses = context.connections.poller(item.endpoint).wait(tasks, TASK_WAIT)
        if any(status.state is TaskState.RUNNING for status in statuses.values()):
            message = "the provider is still at it; it is looked at again the next time"
            return Recovered(item.address, item.action, message, settled=False)
    else:
        _wait_out(context, item, stop)
    return _conclude(context, item, begun)


def _acting(context: Context, item: ops.OpenOperation) -> Actor:
    return context.acting(item.operation, f"recovery of an interrupted {item.action}")


def _wait_out(context: Context, item: ops.OpenOperation, stop: threading.Event) -> None:
    """A request may still be on its way until its time-out has passed, and the list may lag behind."""
    access = context.connections.endpoint(item.endpoint)
    read_timeout = timedelta(seconds=access.read_timeout)
    left = item.sent_at + read_timeout + LIST_LAG - item.now
    if _find(context, item) is None and left > timedelta(0):
        stop.wait(left.total_seconds())


def _find(context: Context, item: ops.OpenOperation) -> Observation | None:
    """A look that shows the object, or None."""
    seen = _look(context, item)
    return seen if seen is not None and seen.resources else None


def _look(context: Context, item: ops.OpenOperation) -> Observation | None:
    if item.external_id is not None:
        return look_at(context, item.endpoint, [(item.type, item.external_id)])
    offer = context.catalog.offer(item.type, item.provider_type)
    if offer is None or item.identity is None:
        return None
    if offer.identity is Identity.RESERVED_ID:
        return look_at(context, item.endpoint, [(item.type, item.identity)])
    if offer.identity is Identity.NAME:
        seen = look_for(context, item.endpoint, item.type)
        ours = [each for each in seen.resources if each.mark and each.mark.resource == item.uid]
        return Observation(tuple(ours), seen.complete, seen.absent, seen.unseen, seen.requests)
    return None


def _conclude(context: Context, item: ops.OpenOperation, begun: ops.Begun) -> Recovered:
    seen = _look(context, item)
    with context.store.transaction(_acting(context, item)) as tx:
        if seen is None:
            ops.quarantine(tx, begun)
            _end(tx, begun, "ambiguous")
            message = "may or may not have taken effect, and nothing tells which; it is in quarantine"
            return Recovered(item.address, item.action, message, settled=True)
        found = marked(context, begun, seen)
        if found is not None and item.external_id is None:
            ops.set_external_id(tx, begun, found)
        record_seen(tx, context, item.endpoint, item.type, item.uid, seen)
        if item.action is Action.DELETE and not seen.resources and (seen.absent or item.external_id is None):
            ops.remove_resource(tx, begun)
            message = "was carried out"
        elif found is not None:
            message = "is there, with our mark; what is missing is planned again"
        else:
            message = "had no effect; it is planned again"
        _end(tx, begun, "interrupted")
    return Recovered(item.address, item.action, message, settled=True)


def _end(tx: Transaction, begun: ops.Begun, status: str) -> None:
    ops.settle_state(tx, begun)
    ops.finish(tx, begun, status, "interrupted", "the worker died before the end")
