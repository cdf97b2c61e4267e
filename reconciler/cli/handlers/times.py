"""Times as people type them: a span such as 2h, a moment such as 2026-01-31T08:00, what means a mark."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from reconciler.errors import ConfigurationError
from reconciler.manifest.read.units import UnitError, parse_duration
from reconciler.model.moments import AtTime
from reconciler.store.database.session import Transaction
from reconciler.store.history.marks import Mark
from reconciler.store.history.moments import moment_said, past_mark


def span(text: str) -> timedelta:
    """`30s`, `5m`, `1h30m`, `2d`. Raises ConfigurationError."""
    try:
        return timedelta(seconds=parse_duration(text))
    except UnitError as error:
        raise ConfigurationError(error.message, hint=error.hint) from None
    except OverflowError:
        raise ConfigurationError(f"{text} is too long", hint="as in 30s, 5m, 1h30m or 2d") from None


def past(text: str) -> datetime:
    """A time of the past, as `reconciler.model.moments` reads it. Raises ConfigurationError."""
    found = moment_said(text, datetime.now(UTC))
    if isinstance(found, AtTime):
        return found.at
    raise ConfigurationError(
        f"`{text}` names a commit, a revision or a mark, and a time is asked for",
        hint="as in 2h, 3 days ago, tue 14:00 or 2026-01-31",
    )


@dataclass(frozen=True, slots=True)
class AsOf:
    """The mark that was meant, and the time that was said, if it was one."""

    mark: Mark
    asked: datetime | None


def as_of(tx: Transaction, text: str) -> AsOf:
    """The mark that a text of now means. Raises ConfigurationError."""
    now = datetime.now(UTC)
    said = moment_said(text, now)
    return AsOf(past_mark(tx, text, now), said.at if isinstance(said, AtTime) else None)


def future(text: str) -> datetime:
    """In so long, or at that moment, which must be to come. Raises ConfigurationError."""
    at = _moment(text) or _from_now(text)
    if at <= datetime.now(UTC):
        raise ConfigurationError(f"{text} is over already")
    return at


def _from_now(text: str) -> datetime:
    try:
        return datetime.now(UTC) + timedelta(seconds=parse_duration(text))
    except (UnitError, OverflowError) as error:
        usual = "a span as in 30s, 5m, 1h30m or 2d; a moment as in 2026-01-31 or 2026-01-31T08:00"
        raise ConfigurationError(
            f"`{text}` is neither a span nor a moment that can be",
            hint=error.hint if isinstance(error, UnitError) and "did you mean" in error.hint else usual,
        ) from None


def _moment(text: str) -> datetime | None:
    """Without a time zone it is UTC, as everything that is printed."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
