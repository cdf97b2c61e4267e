"""What an operation tells of the object of its resource: its id, its state, or that it is gone.

Each is part of the caller's transaction, and what writes demands that the operation's claim is still held.
The commits of a step themselves are in `operations`.
"""

from __future__ import annotations

from collections.abc import Collection

from reconciler.model.address import Address
from reconciler.store.database.session import Transaction
from reconciler.store.work.operations import Begun


def object_made(tx: Transaction, begun: Begun, external_id: str) -> None:
    """The resource's object is this one from now on."""
    set_external_id(tx, begun, external_id)
    tx.execute("operations.add_result", id=begun.operation, name="external_id", value=external_id)


def object_deleted(tx: Transaction, begun: Begun) -> None:
    """The object is gone though the step goes on (a replacement): its id means nothing any more."""
    tx.execute("operations.clear_external_id", resource_id=begun.resource_id, epoch=begun.epoch)


def unapply_users(tx: Transaction, begun: Begun) -> None:
    """The object was replaced: what is tied to it has to be applied anew, even where drift is only told."""
    tx.execute("operations.unapply_users", resource_id=begun.resource_id)


def remove_resource(tx: Transaction, begun: Begun) -> None:
    """The object is positively gone: the row is closed and stays for its history."""
    tx.execute("operations.remove_resource", resource_id=begun.resource_id, epoch=begun.epoch)


def release_object(tx: Transaction, begun: Begun) -> bool:
    """The object stays, and is nobody's from now on. False if there is no object to stay."""
    return bool(tx.execute("operations.release_object", resource_id=begun.resource_id, epoch=begun.epoch))


def quarantine(tx: Transaction, begun: Begun) -> None:
    """Whose the object is cannot be decided; nothing touches it until a person has looked."""
    tx.execute("operations.quarantine", resource_id=begun.resource_id, epoch=begun.epoch)


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
