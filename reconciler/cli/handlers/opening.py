"""What commands begin with that need no engine: the database alone, and the address that was typed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.cli.settings import Settings
from reconciler.engine.actor import default_actor
from reconciler.errors import PlanError
from reconciler.model.address import Address, InvalidAddress
from reconciler.store.database.opening import open_database
from reconciler.store.database.session import Actor, Store

if TYPE_CHECKING:
    from reconciler.store.inventory.vault import Vault

_CONNECTIONS = 2


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    """The database's store, closed at the end. Raises DatabaseUnavailable, or MigrationError."""
    with open_database(settings.database, settings.home, max_size=_CONNECTIONS) as database:
        yield database.store


@contextmanager
def opened_vault(settings: Settings) -> Iterator[Vault]:
    """The database's vault, which can be opened with the key that is here.

    In this order, for a key is made only where there is a database. Raises ConfigurationError where the key
    is another's.
    """
    with open_database(settings.database, settings.home, max_size=_CONNECTIONS) as database:
        database.require("program", "use the vault")
        vault = database.vault(settings.home, settings.actor or default_actor())
        vault.require_own()
        yield vault


def acting(settings: Settings, reason: str) -> Actor:
    """Whom the history names for what a command changes, and why."""
    return Actor(settings.actor or default_actor(), reason, "manual")


def parsed(text: str) -> Address:
    """An address. Raises PlanError for what is none."""
    try:
        return Address.parse(text)
    except InvalidAddress as error:
        raise PlanError(str(error)) from None
