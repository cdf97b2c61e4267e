"""The `db` commands."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from reconciler.cli.output import counted, line, note, print_json, results
from reconciler.cli.settings import Settings
from reconciler.store import migrate as migrations
from reconciler.store import views
from reconciler.store.database import DATA_FOLDER, NAME, RUNTIME_ROLE, admin_url, open_database
from reconciler.store.embedded import EmbeddedServer


def url(settings: Settings, *, admin: bool) -> None:
    """Print what psql takes, without a password: it would stay on the screen and in logs."""
    if settings.database is not None:
        results().print(_without_password(settings.database))
        return
    with open_database(None, settings.home) as database:
        server = database.server
        if server is None:
            return
        query = urlencode({"host": str(server.socket_dir), "port": server.port})
        user = _superuser(server) if admin else RUNTIME_ROLE
        results().print(f"postgresql://{quote(user)}@/{NAME}?{query}")


def _superuser(server: EmbeddedServer) -> str:
    words = dict(word.split("=", 1) for word in server.superuser_dsn(NAME).split())
    return words["user"].strip("'")


def _without_password(text: str) -> str:
    parts = urlsplit(text)
    if not parts.scheme:
        return " ".join(word for word in text.split() if not word.startswith("password="))
    user, at, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=user.partition(":")[0] + at + host))


def migrate(settings: Settings) -> None:
    address, server = admin_url(settings.database, settings.home)
    try:
        done = migrations.migrate(address)
    finally:
        if server is not None:
            server.close()
    for name in done:
        results().print(f"applied {name}")
    results().print(line(("The schema is up to date.", "green")))


def status(settings: Settings, output: Literal["text", "json"]) -> None:
    found = _status(settings)
    if output == "json":
        print_json(found)
        return
    width = max(map(len, found)) + 2
    for name, value in found.items():
        label = f"{name.replace('_', ' ')}:"
        results().print(line((f"{label:<{width}}", "dim"), _words(value)))


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
    return found | {
        "managed": counts.managed,
        "unmanaged": counts.unmanaged,
        "quarantined": counts.quarantined,
        "open_operations": counts.open_operations,
    }


def stop(settings: Settings, *, force: bool) -> None:
    if settings.database is not None:
        note("A server of one's own is not stopped from here.")
        return
    before = EmbeddedServer.status(settings.home / DATA_FOLDER)
    stopped = EmbeddedServer.stop(settings.home / DATA_FOLDER, force=force)
    ended = (
        f", ending the sessions of {counted(before.leases, 'process', 'processes')}" if before.leases else ""
    )
    note(f"The embedded database was stopped{ended}." if stopped else "No embedded database was running.")
