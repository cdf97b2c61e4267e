"""Operations that a worker left open when it died: which there are, and making one this worker's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from reconciler.model.address import Address
from reconciler.model.plan import Action
from reconciler.store.database.session import Transaction
from reconciler.store.work.claims import claim
from reconciler.store.work.operations import Begun


@dataclass(frozen=True, slots=True)
class OpenOperation:
    """An operation that a worker left open when it died."""

    operation: UUID
    resource_id: int
    uid: UUID
    address: Address
    type: str
    endpoint: str
    provider_type: str
    action: Action
    status: str
    identity: str | None
    external_id: str | None
    call: int
    sent_at: datetime
    now: datetime
    creates: bool
    deletes: bool


def open_operations(tx: Transaction, worker: UUID) -> list[OpenOperation]:
    """Operations left open by workers that are dead; locked against other recoveries until the commit.

    This worker's own are among them, so it must have no step under way.
    """
    return [
        OpenOperation(
            operation=row.id,
            resource_id=row.resource_id,
            uid=row.uid,
            address=Address.parse(row.address),
            type=row.resource_type,
            endpoint=row.endpoint,
            provider_type=row.provider_type,
            action=Action(row.action),
            status=row.status,
            identity=row.identity,
            external_id=row.external_id,
            call=row.current_call,
            sent_at=row.sent_at,
            now=row.now,
            creates=row.creates,
            deletes=row.deletes,
        )
        for row in tx.rows("operations.open", worker=worker)
    ]


def take_over(tx: Transaction, item: OpenOperation, worker: UUID) -> Begun:
    """Make a dead worker's operation this worker's."""
    epoch = claim(tx, item.resource_id, worker, item.address, None)
    tx.execute("operations.adopt_operation", id=item.operation, worker=worker, epoch=epoch)
    return Begun(item.operation, item.resource_id, item.uid, epoch, item.identity)


def tasks_of(tx: Transaction, item: OpenOperation) -> tuple[str, ...]:
    """The tasks that the call in progress was waiting for."""
    rows = tx.rows("operations.tasks", id=item.operation, position=item.call)
    return tuple(task for _, task in rows)
