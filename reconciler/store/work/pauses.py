"""Holds, and waits after a failure: what keeps the loop from a resource, and a person's taking it away."""

from __future__ import annotations

from datetime import datetime

from reconciler.errors import DatabaseError
from reconciler.model.address import Address
from reconciler.store.database.session import Transaction


def hold(
    tx: Transaction,
    owner: str,
    reason: str,
    *,
    address: Address | None = None,
    endpoint: str | None = None,
    resource_type: str | None = None,
    tag: tuple[str, str] | None = None,
    until: datetime | None = None,
    while_wanted: bool = False,
) -> int:
    """Pause what all the given scopes fit; gives the hold's number.

    `while_wanted`: it ends by itself once no manifest wants the address any more.

    Raises DatabaseError where the endpoint or the type is not known: the hold would cover more than meant.
    """
    key, value = tag or (None, None)
    row = tx.row(
        "pauses.hold",
        address=str(address) if address else None,
        endpoint=endpoint,
        resource_type=resource_type,
        tag_key=key,
        tag_value=value,
        owner=owner,
        reason=reason,
        until=until,
        while_wanted=while_wanted,
    )
    number, endpoint_id, type_id = row or (0, None, None)
    if endpoint is not None and endpoint_id is None:
        raise DatabaseError(f"there is no endpoint {endpoint}", hint="`reconciler get endpoints` lists them")
    if resource_type is not None and type_id is None:
        raise DatabaseError(f"there is no resource type {resource_type}", hint="as in vm, volume or network")
    return int(number)


def release(tx: Transaction, word: str) -> int:
    """End a hold by its number, or all that are on an address alone; gives how many there were."""
    return tx.execute("pauses.release", word=word)


def retry(tx: Transaction, address: Address) -> bool:
    """Let a resource that failed be tried again at once. False if it was not waiting."""
    return bool(tx.execute("resources.clear_failure_at", address=str(address)))


def release_of(tx: Transaction, owner: str) -> int:
    """End every hold that somebody asked for; gives how many there were."""
    return tx.execute("pauses.release_of", owner=owner)
