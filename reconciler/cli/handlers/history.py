"""`history`: what happened, by whom and why."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from reconciler.cli.handlers.opening import opened, parsed
from reconciler.cli.handlers.times import past
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import Format, note, print_data, show
from reconciler.errors import ConfigurationError
from reconciler.report.history import history_json, history_table, is_told
from reconciler.store.history.events import Asked, events


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed to bound a history; None for nothing."""

    since: str | None = None
    until: str | None = None
    by: str | None = None
    commit: str | None = None
    operation: str | None = None
    attribute: str | None = None


def history(settings: Settings, address: str | None, typed: Typed, most: int, output: Format) -> None:
    """The newest `most` events, the oldest of them first, as a log is read.

    Raises ConfigurationError for what names no time, no commit that was read, and no operation.
    """
    if address is not None:
        address = str(parsed(address))
    with opened(settings) as store, store.read() as tx:
        found = events(tx, most, address, _asked(typed), is_told)[::-1]
    if print_data(history_json(found), output):
        return
    if found:
        show([history_table(found, address)])
    else:
        note(f"Nothing is recorded{f' of {address}' if address else ''}.")


def _asked(typed: Typed) -> Asked:
    try:
        operation = UUID(typed.operation) if typed.operation else None
    except ValueError:
        raise ConfigurationError(
            f"{typed.operation} is no operation's id", hint="`reconciler get operations` lists them"
        ) from None
    since, until = (past(text) if text else None for text in (typed.since, typed.until))
    return Asked(since, until, typed.by, typed.commit, operation, typed.attribute)
