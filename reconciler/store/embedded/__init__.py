"""A PostgreSQL of our own, for whoever has none: found, created, started, shared and stopped here.

The public face of the package; the modules below it are its parts. Nothing here knows the schema: it
hands out a connection string and speaks no SQL.
"""

from reconciler.store.embedded.binaries import Binaries, Origin, find_binaries
from reconciler.store.embedded.place import ABSENT_HINT
from reconciler.store.embedded.server import DatabaseInUse, EmbeddedServer, ServerStatus

__all__ = [
    "ABSENT_HINT",
    "Binaries",
    "DatabaseInUse",
    "EmbeddedServer",
    "Origin",
    "ServerStatus",
    "find_binaries",
]
