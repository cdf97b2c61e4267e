"""Times as people type them: a span such as 2h, or a moment such as 2026-01-31T08:00."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from reconciler.errors import ConfigurationError
from reconciler.manifest.read.units import UnitError, parse_duration


def span(text: str) -> timedelta:
    """`30s`, `5m`, `1h30m`, `2d`. Raises ConfigurationError."""
    try:
        return timedelta(seconds=parse_duration(text))
    except UnitError as error:
        raise ConfigurationError(error.message, hint=error.hint) from None
    except OverflowError:
        raise ConfigurationError(f"{text} is too long", hint="as in 30s, 5m, 1h30m or 2d") from None


def past(text: str) -> datetime:
    """So long ago, or that moment. Raises ConfigurationError."""
    return _moment(text) or _from_now(text, -1)


def future(text: str) -> datetime:
    """In so long, or at that moment, which must be to come. Raises ConfigurationError."""
    at = _moment(text) or _from_now(text, 1)
    if at <= datetime.now(UTC):
        raise ConfigurationError(f"{text} is over already")
    return at


def _from_now(text: str, sign: int) -> datetime:
    try:
        return datetime.now(UTC) + sign * timedelta(seconds=parse_duration(text))
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
