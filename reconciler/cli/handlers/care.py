"""`db backup` and `db restore`: what is in a file, where it came from, and what has to be kept beside it."""

from __future__ import annotations

from contextlib import closing, nullcontext
from pathlib import Path

from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import hint, note, say
from reconciler.engine.actor import default_actor
from reconciler.report.plain import counted
from reconciler.store.care import archive
from reconciler.store.care.backup import back_up
from reconciler.store.care.label import Label
from reconciler.store.care.restore import check
from reconciler.store.care.restore import restore as restore_into
from reconciler.store.care.target import embedded_target
from reconciler.store.database.opening import NAME, admin_url
from reconciler.store.inventory.key_sources import source_of


def backup(settings: Settings, file: Path, *, force: bool) -> None:
    """Write the whole database into one file, and say what is not in it. Raises as `back_up` does."""
    address, server = admin_url(settings.database, settings.home)
    with closing(server) if server else nullcontext():
        label = back_up(address, file.absolute(), force=force)
    say(("Backed up: ", "bold green"), f"{_what(label)} → {file} ({file.stat().st_size / 2**20:,.1f} MiB)")
    say((f"sha256 of its dump: {label.sha256}", "dim"))
    if label.key_id:
        note(
            f"Stored secrets are in it encrypted; the key {label.key_id} is not. It is in "
            f"{source_of(settings.home).where}: keep a copy of it elsewhere."
        )


def restore(settings: Settings, file: Path) -> None:
    """Restore a backup into an empty database, and say what to do next. Raises as `restore_into` does."""
    label = archive.read_label(file)
    check(label)
    actor = settings.actor or default_actor()
    if settings.database is not None:
        done = restore_into(settings.database, file, actor)
    else:
        with closing(embedded_target(settings.home, label.installation)) as server:
            done = restore_into(server.superuser_dsn(NAME), file, actor)
    say(("Restored: ", "bold green"), _what(label))
    for name in done.migrated:
        say(f"applied {name}")
    if done.made_roles:
        note(f"Made without a login, because no backup holds passwords: {', '.join(done.made_roles)}.")
        hint("ALTER ROLE NAME LOGIN PASSWORD …, by an administrator")
    if label.key_id:
        note(
            f"Stored secrets need the key {label.key_id}, which is in no backup; it belongs into "
            f"{source_of(settings.home).where}."
        )
    note("Everything is held: what was made, changed or deleted after the backup is not known here yet.")
    hint("reconciler readopt -f MANIFESTS looks, takes back what is ours, and ends the hold")


def _what(label: Label) -> str:
    return (
        f"installation {label.installation} as of {label.taken_at:%Y-%m-%d %H:%M:%S} UTC, "
        f"{counted(label.rows, 'row')} of {counted(len(label.tables), 'table')}, PostgreSQL {label.server}"
    )
