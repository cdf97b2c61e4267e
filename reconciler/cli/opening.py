"""Opening the database alone, for commands that need no engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.cli.settings import Settings
from reconciler.store.database import open_database
from reconciler.store.session import Store

_CONNECTIONS = 2


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    with open_database(settings.database, settings.home, max_size=_CONNECTIONS) as database:
        yield database.store
