"""Reads sizes and durations as people write them in manifests, into the whole units that attributes have.

Only binary suffixes are taken: a `8GB` that is 8 GiB to one provider and 7.45 to another is a mistake waiting
to be made, so it is refused with the spelling that was probably meant. Pure; knows no attribute.
"""

from __future__ import annotations

import re
from typing import Literal

SizeUnit = Literal["MiB", "GiB"]

_KIB_OF = {"KiB": 1, "MiB": 1024, "GiB": 1024**2, "TiB": 1024**3}
_SIZE = re.compile(r"(0|[1-9][0-9]{0,17})(KiB|MiB|GiB|TiB)?", re.ASCII)
_NEAR_SIZE = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)\s*([kmgt])i?(?:b|bytes?)?", re.ASCII | re.IGNORECASE)
_DURATION = re.compile(
    r"(?:([1-9][0-9]{0,9}|0)d)?(?:([1-9][0-9]{0,9}|0)h)?(?:([1-9][0-9]{0,9}|0)m)?(?:([1-9][0-9]{0,9}|0)s)?",
    re.ASCII,
)
_SECONDS_OF = (86_400, 3_600, 60, 1)


class UnitError(ValueError):
    """A size or duration that cannot be used; `hint` says what to write instead."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(f"{message} ({hint})")
        self.message = message
        self.hint = hint


def parse_size(text: str, unit: SizeUnit, *, zero: bool = False) -> int:
    """`8GiB`, `512MiB`, or a bare number of `unit`, as a whole and positive number of `unit`.

    Raises UnitError for anything else, and for a size that is no whole number of `unit`. `zero`: none is a
    size too.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise UnitError(f"{_shown(text)} is not a size", _size_hint(text))
    count, suffix = int(match[1]), match[2] or unit
    if count == 0 and not zero:
        raise UnitError("a size must be more than zero", f"write at least 1{unit}")
    whole, rest = divmod(count * _KIB_OF[suffix], _KIB_OF[unit])
    if rest:
        nearest = max(1, whole + (2 * rest >= _KIB_OF[unit]))
        raise UnitError(f"{text} is not a whole number of {unit}", f"the nearest is {nearest}{unit}")
    return whole


def parse_duration(text: str, *, zero: bool = False) -> int:
    """`30s`, `5m`, `1h30m`, `2d` as a positive number of seconds; raises UnitError for anything else.

    `zero`: no time is a duration too.
    """
    match = _DURATION.fullmatch(text) if text else None
    if match is None:
        hint = f"did you mean {text}s?" if re.fullmatch(r"[1-9][0-9]{0,9}", text, re.ASCII) else None
        raise UnitError(f"{_shown(text)} is not a duration", hint or "write it as 30s, 5m, 1h30m or 2d")
    seconds = sum(int(count) * size for count, size in zip(match.groups("0"), _SECONDS_OF, strict=True))
    if seconds == 0 and not zero:
        raise UnitError("a duration must be more than zero", "write at least 1s")
    return seconds


def _size_hint(text: str) -> str:
    near = _NEAR_SIZE.fullmatch(text.strip())
    if near is None:
        return "write a whole number with KiB, MiB, GiB or TiB, such as 8GiB"
    number, letter = near[1], near[2].upper()
    if "." not in number:
        return f"did you mean {int(number)}{letter}iB?"
    return f"write a whole number of a smaller unit than {letter}iB"


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 40 else text[:40] + "…")
