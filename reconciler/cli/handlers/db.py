"""The `db` commands."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import note, print_json, say
from reconciler.errors import ConfigurationError
from reconciler.report.plain import counted
from reconciler.store import views
from reconciler.store.database import migrate as migrations
from reconciler.store.database.opening import DATA_FOLDER, NAME, admin_url, open_database
from reconciler.store.embedded import EmbeddedServer
from reconciler.store.history.partitions import stray_words, strays


def url(settings: Settings, *, admin: bool) -> None:
    """Print what psql takes. Of passwords only the one of our own server's runtime role is in it."""
    if settings.database is not None:
        say(_without_password(settings.database))
        return
    with open_database(None, settings.home) as database:
        server = database.server
        if server is None:
            return
        say(server.superuser_url(NAME) if admin else server.runtime_url(NAME))


def new(settings: Settings) -> None:
    """Make the embedded database though an earlier one was here. Raises ConfigurationError if it still is."""
    if settings.database is not None:
        raise ConfigurationError(
            "a database of one's own is not made from here",
            hint="Make it with createdb, and its schema with: reconciler db migrate",
        )
    if EmbeddedServer.has_data(settings.home / DATA_FOLDER):
        raise ConfigurationError(
            f"there is a database in {settings.home / DATA_FOLDER}, and it is kept",
            hint="Move it away first, or choose another home folder.",
        )
    with open_database(None, settings.home, anew=True) as database:
        server = database.server
    say(f"Made a new, empty database in {server.place.data if server else settings.home}.")
    note("What an earlier one managed is not known to it and is left alone until it is adopted.")


def _without_password(text: str) -> str:
    parts = urlsplit(text)
    if not parts.scheme:
        return " ".join(word for word in text.split() if not word.startswith("password="))
    user, at, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=user.partition(":")[0] + at + host))


def migrate(settings: Settings) -> None:
    """Apply what is pending of the schema, and print the name of each file that was.

    A URL has to be an administrator's. Raises MigrationError, or DatabaseUnavailable.
    """
    address, server = admin_url(settings.database, settings.home)
    try:
        done = migrations.migrate(address)
    finally:
        if server is not None:
            server.close()
    for name in done:
        say(f"applied {name}")
    say(("The schema is up to date.", "green"))


def status(settings: Settings, output: Literal["text", "json"]) -> None:
    """Print where the database is and how it is. An embedded one is not started for it."""
    found = _status(settings)
    if output == "json":
        print_json(found)
        return
    width = max(map(len, found)) + 2
    for name, value in found.items():
        label = f"{name.replace('_', ' ')}:"
        say((f"{label:<{width}}", "dim"), _words(value))


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "-" if value is None else str(value)


def _status(settings: Settings) -> dict[str, Any]:
    """What can be said without starting anything, and the rest where the server runs."""
    found: dict[str, Any] = {}
    if settings.database is None:
        server = EmbeddedServer.status(settings.home / DATA_FOLDER)
        found |= {
            "database": "embedded",
            "data": str(server.data),
            "running": server.running,
            "pid": server.pid,
            "postgresql": server.version,
            "used_by_pids": list(server.lease_pids),
        }
        if not server.running:
            return found
    else:
        found["database"] = _without_password(settings.database)
    address, lease = admin_url(settings.database, settings.home)
    try:
        schema = migrations.status(address)
    finally:
        if lease is not None:
            lease.close()
    found |= {"migrations_applied": list(schema.applied), "migrations_pending": list(schema.pending)}
    if schema.pending or schema.edited or schema.unknown:
        found |= {"edited_after_applying": list(schema.edited), "of_a_newer_version": list(schema.unknown)}
        return found
    with open_database(settings.database, settings.home, max_size=2) as database, database.store.read() as tx:
        counts = views.counts(tx)
        without_a_month = stray_words(strays(tx))
    return found | {
        "managed": counts.managed,
        "unmanaged": counts.unmanaged,
        "quarantined": counts.quarantined,
        "open_operations": counts.open_operations,
        "history_without_a_month": without_a_month or None,
    }


def stop(settings: Settings, *, force: bool) -> None:
    """End the embedded server; does nothing to one at a URL.

    `force`: also while others use it, whose sessions end. Raises DatabaseInUse where they do, without it.
    """
    if settings.database is not None:
        note("A server of one's own is not stopped from here.")
        return
    before = EmbeddedServer.status(settings.home / DATA_FOLDER)
    stopped = EmbeddedServer.stop(settings.home / DATA_FOLDER, force=force)
    ended = (
        f", ending the sessions of {counted(before.leases, 'process', 'processes')}" if before.leases else ""
    )
    note(f"The embedded database was stopped{ended}." if stopped else "No embedded database was running.")
