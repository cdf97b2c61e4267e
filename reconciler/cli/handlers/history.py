"""`history`: what happened, by whom and why."""

from __future__ import annotations

from uuid import UUID

from reconciler.cli.handlers.opening import opened, parsed
from reconciler.cli.handlers.times import past
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import Format, note, print_data, show
from reconciler.errors import ConfigurationError
from reconciler.report.history import history_json, history_table, is_told
from reconciler.store.history.events import Asked, events


def asked_for(
    since: str | None,
    until: str | None,
    by: str | None,
    commit: str | None,
    operation: str | None,
    attribute: str | None,
) -> Asked:
    """What the options ask for. Raises ConfigurationError for what is no time and no operation's id."""
    try:
        number = UUID(operation) if operation else None
    except ValueError:
        raise ConfigurationError(
            f"{operation} is no operation's id", hint="`reconciler get operations` lists them"
        ) from None
    return Asked(
        past(since) if since else None, past(until) if until else None, by, commit, number, attribute
    )


def history(settings: Settings, address: str | None, asked: Asked, most: int, output: Format) -> None:
    """The newest `most` events, the oldest of them first, as a log is read."""
    if address is not None:
        address = str(parsed(address))
    with opened(settings) as store, store.read() as tx:
        found = events(tx, most, address, asked, is_told)[::-1]
    if print_data(history_json(found), output):
        return
    if found:
        show([history_table(found, address)])
    else:
        note(f"Nothing is recorded{f' of {address}' if address else ''}.")
