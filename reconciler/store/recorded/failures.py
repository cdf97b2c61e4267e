"""What failed and has not succeeded since: counted, waited for, forgotten when it says nothing any more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from reconciler.model.address import Address
from reconciler.model.failure import Failure
from reconciler.model.plan import Action
from reconciler.store.database.session import Transaction
from reconciler.store.database.values import storable


def failures(tx: Transaction) -> Mapping[Address, tuple[Failure, ...]]:
    """What failed and has not succeeded since, by resource: one for each action."""
    found: dict[Address, list[Failure]] = defaultdict(list)
    for row in tx.rows("resources.failures"):
        failure = Failure(Action(row.action), row.desired_hash, row.not_before, row.error_message)
        found[Address.parse(row.address)].append(failure)
    return {address: tuple(items) for address, items in found.items()}


def drop_void_failures(tx: Transaction, code: str) -> None:
    """Forget the failures of a class that say nothing any more: what the last step set has moved since."""
    tx.execute("resources.drop_void_failures", code=code)


def failures_so_far(tx: Transaction, resource_id: int, action: Action, desired_hash: bytes | None) -> int:
    """How often in a row an action failed for a specification; nobody else counts until the commit."""
    failure = {"resource_id": resource_id, "action": action.value, "desired_hash": desired_hash}
    return int(tx.value("resources.failures_so_far", **failure) or 0)


def record_failure(
    tx: Transaction,
    resource_id: int,
    action: Action,
    desired_hash: bytes | None,
    code: str,
    message: str,
    *,
    failures: int,
    seconds: float | None,
) -> None:
    """Write down how often an action failed for a specification, and for how long it is left alone.

    `seconds`: from now on; None for good.
    """
    tx.execute(
        "resources.record_failure",
        resource_id=resource_id,
        action=action.value,
        desired_hash=desired_hash,
        failures=failures,
        seconds=seconds,
        error_code=code,
        error_message=storable(message),
    )


def clear_failures(tx: Transaction, resource_id: int, action: Action) -> None:
    """An action succeeded: what failed before counts no more, except what another is parked for good for."""
    tx.execute("resources.clear_failures", resource_id=resource_id, action=action.value)
