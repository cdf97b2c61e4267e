"""Claims: a worker's hold on one resource. Each raises the resource's epoch, which fences everybody else."""

from __future__ import annotations

from uuid import UUID

from reconciler.model.address import Address
from reconciler.store.database.session import Transaction


def claim(
    tx: Transaction, resource_id: int, worker: UUID, address: Address, expected_version: int | None
) -> int:
    """Take a resource for this worker; the new epoch fences everybody else.

    Raises StalePlanError if it is not as the plan saw it, ClaimLost if another worker holds it.
    """
    epoch: int = tx.value(
        "operations.claim",
        resource_id=resource_id,
        worker=worker,
        address=str(address),
        expected_version=expected_version,
    )
    return epoch
