"""Claims: a worker's hold on one resource. Each raises the resource's epoch, which fences everybody else."""

from __future__ import annotations

from uuid import UUID

from reconciler.errors import ClaimLost, StalePlanError
from reconciler.model.address import Address
from reconciler.store.database.session import Transaction


def claim(
    tx: Transaction, resource_id: int, worker: UUID, address: Address, expected_version: int | None
) -> int:
    """Take a resource for this worker; the new epoch fences everybody else."""
    epoch = tx.value(
        "operations.claim", resource_id=resource_id, worker=worker, expected_version=expected_version
    )
    if epoch is not None:
        return int(epoch)
    row = tx.row("operations.holder", resource_id=resource_id)
    if row is not None and expected_version is not None and row.version != expected_version:
        raise StalePlanError(f"{address} changed after the plan was made", hint="plan again")
    holder = (
        f"process {row.pid} on {row.host} since {row.claimed_at:%H:%M:%S} UTC"
        if row and row.host
        else "another worker"
    )
    raise ClaimLost(f"{address} is being worked on by {holder}", hint="wait for it; nothing needs unlocking")


def refuse_second(tx: Transaction, resource_id: int, address: Address) -> None:
    """An operation that could not be brought to an end keeps the resource from another one."""
    row = tx.row("operations.open_of", resource_id=resource_id)
    if row is not None:
        raise ClaimLost(
            f"{address}: its last operation is still open ({row.status})",
            hint="it is looked at again before the next plan; nothing needs unlocking",
        )
