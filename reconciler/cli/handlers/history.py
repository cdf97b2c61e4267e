"""`history`: what happened, by whom and why."""

from __future__ import annotations

from reconciler.cli.handlers.opening import opened, parsed
from reconciler.cli.handlers.times import past
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import Format, note, print_data, show
from reconciler.report.history import history_json, history_table
from reconciler.store import views


def history(settings: Settings, address: str | None, since: str | None, most: int, output: Format) -> None:
    """The newest `most` changes, the oldest of them first, as a log is read."""
    start = past(since) if since else None
    if address is not None:
        address = str(parsed(address))
    with opened(settings) as store, store.read() as tx:
        items = views.history(tx, most, address, start)[::-1]
    if print_data(history_json(items), output):
        return
    if items:
        show([history_table(items)])
    else:
        note(f"Nothing is recorded{f' of {address}' if address else ''}.")
