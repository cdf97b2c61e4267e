"""What people write to name an instant of the past: `2 hours ago`, `tue 14:00`, a commit, a revision, a mark.

Pure: what is said is read against a `now` that is an argument, and says nothing of what is recorded. Days and
clock times are UTC, as everything that is printed; a day alone is its beginning. What has not come yet is
refused, because nothing can be known of it.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

USUAL = (
    "as in `2h`, `3 days ago`, `yesterday 14:00`, `tue 14:00`, `14:00`, `2026-01-31`, `2026-01-31 14:00`,"
    " a commit (7 characters or more), revision/12 or mark/7"
)
"""What can be written, for hints."""


class NoMoment(ValueError):
    """A text that names no instant of the past; `hint` says what to write."""

    def __init__(self, message: str, hint: str = USUAL) -> None:
        super().__init__(f"{message} ({hint})")
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class AtTime:
    """An instant, in UTC."""

    at: datetime


@dataclass(frozen=True, slots=True)
class AtCommit:
    """What was applied of a commit, by the beginning of its id in lower case."""

    prefix: str


@dataclass(frozen=True, slots=True)
class AtRevision:
    """What was applied of a revision."""

    id: int


@dataclass(frozen=True, slots=True)
class AtMark:
    """A mark by its number."""

    id: int


Moment = AtTime | AtCommit | AtRevision | AtMark

_COMMIT = re.compile(r"[0-9a-f]{7,64}", re.ASCII)
_NUMBERED = re.compile(r"(revision/|r|mark/)(0|[1-9][0-9]{0,17})", re.ASCII)
_PIECE = re.compile(r"(?:([0-9]{1,9})\s?|an?\s)([a-z]+)(?:,\s?|\s|$|(?=[0-9]))", re.ASCII)
_WORDS = re.compile(
    r"(?:(?P<word>[a-z]+)\s*)?(?:(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2}))?[\st]*"
    r"(?P<clock>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,6})?)?)?\s*"
    r"(?P<zone>z|utc|[+-][0-9]{2}:?[0-9]{2})?",
    re.ASCII,
)
_REVISION_NAME = re.compile(r"(?:head|@)(?:[~^@{].*)?|[a-z0-9._/-]+[~^][0-9]*", re.ASCII)

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SECONDS: dict[str, int] = {
    word: size
    for size, words in (
        (1, "s sec secs second seconds"),
        (60, "m min mins minute minutes"),
        (3_600, "h hr hrs hour hours"),
        (86_400, "d day days"),
        (604_800, "w week weeks"),
    )
    for word in words.split()
}
_MONTHS: dict[str, int] = {"month": 1, "months": 1, "year": 12, "years": 12, "y": 12}


def parse_moment(text: str, now: datetime) -> Moment:
    """What a text names. `now` has a time zone. Raises NoMoment for what names nothing, or is to come."""
    said = " ".join(text.lower().split())
    if _COMMIT.fullmatch(said):
        return AtCommit(said)
    if (numbered := _NUMBERED.fullmatch(said)) is not None:
        return (AtMark if numbered[1] == "mark/" else AtRevision)(int(numbered[2]))
    now = now.astimezone(UTC)
    try:
        at = now if said == "now" else _ago(said, now) or _named(said, now)
    except (OverflowError, ValueError) as error:
        if isinstance(error, NoMoment):
            raise
        raise NoMoment(f"`{_shown(text)}` is no time that can be") from None
    if at is None:
        raise NoMoment(f"`{_shown(text)}` names no time of the past", _hint(said))
    if at > now:
        raise NoMoment(f"`{_shown(text)}` is still to come", f"it is {now:%a %Y-%m-%d %H:%M:%S} UTC now")
    return AtTime(at)


def _ago(said: str, now: datetime) -> datetime | None:
    """`2h`, `1h30m`, `2 hours ago`, `a month ago`; None for what is no span."""
    rest = said.removesuffix("ago").rstrip()
    at, place = now, 0
    while place < len(rest):
        piece = _PIECE.match(rest, place)
        if piece is None:
            return None
        number, unit = int(piece[1] or 1), piece[2]
        if unit in _SECONDS:
            at -= timedelta(seconds=number * _SECONDS[unit])
        elif unit in _MONTHS:
            at = _months_before(at, number * _MONTHS[unit])
        else:
            return None
        place = piece.end()
    return at if rest else None


def _months_before(at: datetime, months: int) -> datetime:
    """The same day so many months before, or the last day of a month that has no such day."""
    year, month = divmod(at.year * 12 + at.month - 1 - months, 12)
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))


def _named(said: str, now: datetime) -> datetime | None:
    """A day, a clock time, or both; the last one that has come. None for what is neither."""
    match = _WORDS.fullmatch(said)
    if match is None or not (match["word"] or match["date"] or match["clock"]):
        return None
    if match["zone"] and not match["clock"]:
        return None
    clock = _clock(match["clock"], match["zone"])
    if match["date"]:
        return _dated(match["word"], date.fromisoformat(match["date"]), clock)
    today = now.astimezone(clock.tzinfo).date()
    if (word := match["word"]) is None:
        return _latest(today, 1, clock, now)
    if word in ("today", "yesterday"):
        return datetime.combine(today - timedelta(days=word == "yesterday"), clock).astimezone(UTC)
    weekday = _weekday(word)
    if weekday is None:
        return None
    return _latest(today - timedelta(days=(today.weekday() - weekday) % 7), 7, clock, now)


def _latest(day: date, every: int, clock: time, now: datetime) -> datetime:
    """That day at that time, or so many days before if that is still to come."""
    at = datetime.combine(day, clock)
    return (at if at <= now else at - timedelta(days=every)).astimezone(UTC)


def _dated(word: str | None, day: date, clock: time) -> datetime | None:
    """A date, which a weekday before it has to agree with: what is printed can be typed again."""
    if word is not None:
        weekday = _weekday(word)
        if weekday is None:
            return None
        if weekday != day.weekday():
            raise NoMoment(f"{day} is no {_DAYS[weekday].capitalize()}", f"it is a {day:%A}")
    return datetime.combine(day, clock).astimezone(UTC)


def _clock(text: str | None, zone: str | None) -> time:
    """Midnight where none is given; ValueError for 25:00."""
    hour, _, rest = (text or "0:00").partition(":")
    offset = "+00:00" if zone is None or zone in ("z", "utc") else zone
    return time.fromisoformat(f"{hour:0>2}:{rest}{offset[:3]}:{offset[-2:]}")


def _weekday(word: str) -> int | None:
    """Monday is 0; by at least its first three letters."""
    if len(word) < 3:
        return None
    return next((number for number, day in enumerate(_DAYS) if day.startswith(word)), None)


def _hint(said: str) -> str:
    if _REVISION_NAME.fullmatch(said):
        return "write the commit that it stands for: `git rev-parse` says it"
    if re.fullmatch(r"[0-9a-f]{4,6}", said) and not said.isdigit():
        return "a commit is written with at least 7 of its characters"
    if re.fullmatch(r"[0-9]+", said):
        return f"did you mean {said}s, revision/{said} or mark/{said}?"
    return USUAL


def _shown(text: str) -> str:
    return text if len(text) <= 40 and text.isprintable() else ascii(text[:40])[1:-1] + "…"
