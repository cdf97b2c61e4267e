"""What commands begin with that need no engine: the database alone, and the address that was typed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.cli.settings import Settings
from reconciler.engine.engine import default_actor
from reconciler.errors import PlanError
from reconciler.model.address import Address, InvalidAddress
from reconciler.store.database.opening import open_database
from reconciler.store.database.session import Actor, Store

_CONNECTIONS = 2


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    """The database's store, closed at the end. Raises DatabaseUnavailable, or MigrationError."""
    with open_database(settings.database, settings.home, max_size=_CONNECTIONS) as database:
        yield database.store


def acting(settings: Settings, reason: str) -> Actor:
    """Whom the history names for what a command changes, and why."""
    return Actor(settings.actor or default_actor(), reason, "manual")


def parsed(text: str) -> Address:
    """An address. Raises PlanError for what is none."""
    try:
        return Address.parse(text)
    except InvalidAddress as error:
        raise PlanError(str(error)) from None
