"""Where a backup goes in a home of its own: into its embedded server, made where there is none.

It removes nothing in which anything was ever kept.
"""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from reconciler.store.care import facts
from reconciler.store.care.restore import is_unused
from reconciler.store.database import home as homes
from reconciler.store.database import migrate as migrations
from reconciler.store.database.faults import translated
from reconciler.store.database.opening import DATA_FOLDER, NAME, ensure_exists
from reconciler.store.database.queries import query
from reconciler.store.embedded import EmbeddedServer


def embedded_target(home: Path, installation: UUID) -> EmbeddedServer:
    """The running server of a home, with an empty database where there was none, or one that was never used.

    To be closed by the caller. Raises DatabaseUnavailable, also where the home is another installation's.
    """
    homes.check_installation(home, installation)
    data = home / DATA_FOLDER
    # That the earlier data is gone is what a backup is for.
    server = EmbeddedServer.open(data, keep_running=True, anew=not EmbeddedServer.has_data(data))
    try:
        if _exists(server) and _is_unused(server):
            with migrations.connect(server.superuser_dsn()) as connection, translated("drop database"):
                connection.execute(facts.statement("05_drop_unused.sql"))
        ensure_exists(server)
    except BaseException:
        server.close()
        raise
    return server


def _exists(server: EmbeddedServer) -> bool:
    with migrations.connect(server.superuser_dsn()) as connection:
        return connection.execute(query("session.database_exists"), {"name": NAME}).fetchone() is not None


def _is_unused(server: EmbeddedServer) -> bool:
    with facts.session(server.superuser_dsn(NAME)) as connection:
        return is_unused(connection)
