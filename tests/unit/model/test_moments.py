"""What people write of the past means one instant, or is refused with what was probably meant."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.moments import (
    AtCommit,
    AtMark,
    AtRevision,
    AtTime,
    Moment,
    NoMoment,
    parse_moment,
)

NOW = datetime(2026, 11, 24, 14, 2, 11, tzinfo=UTC)  # a Tuesday
INSTANTS = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
COUNTS = st.integers(0, 300)


def said(text: str, now: datetime = NOW) -> str:
    """The instant that a text means, to the second."""
    found = parse_moment(text, now)
    assert isinstance(found, AtTime)
    assert found.at.tzinfo is UTC
    return f"{found.at:%Y-%m-%d %H:%M:%S}"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("now", "2026-11-24 14:02:11"),
        ("2h", "2026-11-24 12:02:11"),
        ("2 hours ago", "2026-11-24 12:02:11"),
        ("an hour ago", "2026-11-24 13:02:11"),
        ("1h30m", "2026-11-24 12:32:11"),
        ("1 hour, 30 minutes ago", "2026-11-24 12:32:11"),
        ("3d ago", "2026-11-21 14:02:11"),
        ("3d", "2026-11-21 14:02:11"),
        ("a week ago", "2026-11-17 14:02:11"),
        ("1 month ago", "2026-10-24 14:02:11"),
        ("2 years ago", "2024-11-24 14:02:11"),
        ("today", "2026-11-24 00:00:00"),
        ("yesterday", "2026-11-23 00:00:00"),
        ("Yesterday 14:30", "2026-11-23 14:30:00"),
        ("tue", "2026-11-24 00:00:00"),
        ("tue 14:00", "2026-11-24 14:00:00"),
        ("tue 14:03", "2026-11-17 14:03:00"),
        ("Tuesday  9:30", "2026-11-24 09:30:00"),
        ("wed 14:00", "2026-11-18 14:00:00"),
        ("14:00", "2026-11-24 14:00:00"),
        ("14:02:11", "2026-11-24 14:02:11"),
        ("14:03", "2026-11-23 14:03:00"),
        ("14:30 +01:00", "2026-11-24 13:30:00"),
        ("2026-11-01", "2026-11-01 00:00:00"),
        ("2026-11-01 14:00", "2026-11-01 14:00:00"),
        ("2026-11-01T14:00:05Z", "2026-11-01 14:00:05"),
        ("2026-11-01T14:00:00+0100", "2026-11-01 13:00:00"),
        ("2026-11-24 14:02:11 UTC", "2026-11-24 14:02:11"),
        ("Tue 2026-11-24 14:02:11 UTC", "2026-11-24 14:02:11"),
    ],
)
def test_a_time_as_people_say_it(text: str, meant: str) -> None:
    assert said(text) == meant


def test_a_month_without_that_day_ends_with_its_last() -> None:
    assert said("1 month ago", datetime(2026, 3, 31, 8, tzinfo=UTC)) == "2026-02-28 08:00:00"
    assert said("13 months", datetime(2025, 3, 31, 8, tzinfo=UTC)) == "2024-02-29 08:00:00"


def test_a_clock_time_elsewhere_may_be_of_another_day_there() -> None:
    """At 23:30 UTC it is 09:30 the next day ten hours further east."""
    late = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    assert said("09:00 +10:00", late) == "2026-11-24 23:00:00"
    assert said("today 09:00 +10:00", late) == "2026-11-24 23:00:00"
    assert said("wed 09:00 +10:00", late) == "2026-11-24 23:00:00"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("3f2a1c9", AtCommit("3f2a1c9")),
        ("3F2A1C9", AtCommit("3f2a1c9")),
        ("20261101", AtCommit("20261101")),
        ("a" * 40, AtCommit("a" * 40)),
        ("revision/12", AtRevision(12)),
        ("r12", AtRevision(12)),
        ("mark/7", AtMark(7)),
    ],
)
def test_what_is_no_time(text: str, meant: Moment) -> None:
    assert parse_moment(text, NOW) == meant


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "names no time"),
        ("ago", "names no time"),
        ("april", "names no time"),
        ("2 fortnights", "names no time"),
        ("2h tue", "names no time"),
        ("2026-11-01Z", "names no time"),
        ("25:00", "no time that can be"),
        ("2026-02-30", "no time that can be"),
        ("999999999w", "no time that can be"),
        ("99999 years", "no time that can be"),
        ("2026-12-01", "still to come"),
        ("2026-11-24 14:02:12", "still to come"),
        ("today 15:00", "still to come"),
        ("mon 2026-11-24", "no Monday"),
        ("HEAD~1", "git rev-parse"),
        ("main^", "git rev-parse"),
        ("3f2a", "at least 7"),
        ("12", "did you mean 12s, revision/12 or mark/12"),
    ],
)
def test_what_names_nothing_is_refused(text: str, why: str) -> None:
    with pytest.raises(NoMoment, match=why):
        parse_moment(text, NOW)


@given(now=INSTANTS, weeks=COUNTS, days=COUNTS, hours=COUNTS, minutes=COUNTS)
def test_spans_take_away_what_they_say(
    now: datetime, weeks: int, days: int, hours: int, minutes: int
) -> None:
    whole = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
    for text in (
        f"{weeks}w{days}d{hours}h{minutes}m",
        f"{weeks} weeks {days} days {hours} hours {minutes} minutes ago",
        f"{weeks} weeks, {days}d, {hours} hrs, {minutes} min ago",
    ):
        assert parse_moment(text, now) == AtTime(now - whole)


@given(now=INSTANTS, at=INSTANTS, hours=st.integers(-14, 14), minutes=st.sampled_from([0, 30, 45]))
def test_an_instant_as_any_clock_writes_it(now: datetime, at: datetime, hours: int, minutes: int) -> None:
    there = at.astimezone(timezone(timedelta(hours=hours, minutes=minutes)))
    for text in (
        there.isoformat(),
        f"{there:%a %Y-%m-%d %H:%M:%S.%f %z}",
        f"{at:%a %Y-%m-%d %H:%M:%S.%f} UTC",
    ):
        if at > now:
            with pytest.raises(NoMoment, match="still to come"):
                parse_moment(text, now)
        else:
            assert parse_moment(text, now) == AtTime(at)


@given(now=INSTANTS, at=st.times())
def test_a_clock_time_is_the_last_one(now: datetime, at: datetime) -> None:
    found = parse_moment(f"{at:%H:%M}", now)
    assert isinstance(found, AtTime)
    assert f"{found.at:%H:%M:%S}" == f"{at:%H:%M}:00"
    assert timedelta(0) <= now - found.at < timedelta(days=1)


@given(now=INSTANTS, day=INSTANTS)
def test_a_weekday_is_the_last_one(now: datetime, day: datetime) -> None:
    found = parse_moment(f"{day:%a %H:%M}", now)
    assert isinstance(found, AtTime)
    assert (found.at.weekday(), f"{found.at:%H:%M}") == (day.weekday(), f"{day:%H:%M}")
    assert timedelta(0) <= now - found.at < timedelta(days=7)


WORDS = st.sampled_from([*"ahrdmwyz:-+~,/ 019", "ago", "tue", "today", "2026-11-01", "14:00", "an ", "utc"])


@given(text=st.text() | st.lists(WORDS).map("".join))
def test_any_text_is_a_moment_or_refused(text: str) -> None:
    with contextlib.suppress(NoMoment):
        found = parse_moment(text, NOW)
        assert not isinstance(found, AtTime) or found.at <= NOW
