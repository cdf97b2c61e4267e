"""Days, instants and time zones as manifests write them."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime
from functools import cache
from typing import Annotated

from pydantic import AfterValidator, Field

INSTANT = r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2}))?$"


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _a_time_zone(value: str) -> str:
    if _time_zones() and value not in _time_zones():
        raise ValueError("it is no time zone of the tz database, such as Europe/Berlin")
    return value


def instant(value: str) -> datetime:
    """A day is its beginning in UTC."""
    found = datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _an_instant(value: str) -> str:
    try:
        instant(value)
    except ValueError:
        raise ValueError("it is no day of the calendar, such as 2027-01-31") from None
    return value


TimeZone = Annotated[str, AfterValidator(_a_time_zone)]
Instant = Annotated[str, Field(pattern=INSTANT), AfterValidator(_an_instant)]
