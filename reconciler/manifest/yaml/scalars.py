"""What an unquoted YAML value means, with every value refused that two YAML readers would read differently.

YAML 1.1 and 1.2 disagree about `NO`, `22:30`, `0123`, `1e3` and their like, and the editor, the linter and
the template tool that a manifest passes through may follow either. A guess here would be a wrong machine
there, so only what both versions, and a person, read in the same way is accepted; the rest must be quoted.

Pure: text in, value out. It knows nothing of positions, files or the schema.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal

from reconciler.model.values import INT64

# No attribute needs more digits (a 128-bit number has 39), and reading endless ones costs quadratic time.
_MAX_NUMBER_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """An unquoted text that YAML readers disagree about; `reason` completes "`text` …"."""

    reason: str
    hint: str


ScalarValue = str | int | Decimal | bool | None

_CONSTANTS: dict[str, bool | None] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_TRUTH_WORDS = frozenset(("y", "yes", "on", "true", "n", "no", "off", "false"))
_LONGEST_WORD = len("false")
_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)

# The order matters: the first that matches gives the reason.
_REFUSED: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern, re.ASCII), reason, advice)
    for pattern, reason, advice in (
        (
            r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?",
            "is a number in base 60 to some YAML readers",
            "",
        ),
        (
            r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:.*)?",
            "is a date to some YAML readers and a text to others",
            "",
        ),
        (
            r"[-+]?0[0-9_]+(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?",
            "starts with a zero, which makes it an octal number to some YAML readers",
            ", or write the number without the leading zero",
        ),
        (
            r"[-+]?0[xob][0-9a-fA-F_]+",
            "is a number in another base to some YAML readers",
            ", or write the number in decimal",
        ),
        (
            r"[-+]?[0-9][0-9_]*_[0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+\.[0-9_]*_[0-9_]*"
            r"(?:[eE][-+]?[0-9]+)?",
            "is a number to some YAML readers and a text to others, because of the underscore",
            ", or write the number with digits only",
        ),
        (
            r"[-+]?(?:\.[0-9][0-9_]*|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?",
            "is a number to some YAML readers and a text to others",
            ", or write the number in full, with digits on both sides of the point",
        ),
        (
            r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
            "is not a finite number",
            "",
        ),
        (r"=|<<", "has a special meaning to some YAML readers", ""),
    )
)
_ANY_REFUSED = re.compile("|".join(f"(?:{pattern.pattern})" for pattern, _, _ in _REFUSED), re.ASCII)
_SUSPECT_START = frozenset("0123456789+-.=<~yYnNtTfFoO")


def shown(text: str, limit: int = 60) -> str:
    """The text in double quotes and on one line, cut to `limit` characters, for a message."""
    return json.dumps(text if len(text) <= limit else text[:limit] + "…", ensure_ascii=False)


def resolve_plain(text: str) -> ScalarValue | Ambiguous:
    """The value of an unquoted scalar: None, bool, int, Decimal or str; Ambiguous where it must be quoted."""
    if text and (text[0] not in _SUSPECT_START or (len(text) > _LONGEST_WORD and text[0].isalpha())):
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if (lowered := text.lower()) in _TRUTH_WORDS:
        return Ambiguous(
            "is a truth value to some YAML readers and a text to others",
            f"write true or false, or {shown(text)} in quotes for the text",
        )
    if lowered == "null":
        return Ambiguous("is nothing to some readers and a text to others", f"write null, or {shown(text)}")
    if number := _NUMBER.fullmatch(text):
        if len(text) > _MAX_NUMBER_LENGTH:
            return Ambiguous(f"has more than {_MAX_NUMBER_LENGTH} digits", "quote it if it is a text")
        if number[1]:
            return Decimal(text)
        whole = int(text)
        if whole not in INT64:
            reason = f"is beyond what can be recorded, {INT64[0]} to {INT64[-1]}"
            return Ambiguous(reason, f"write a number within, or {shown(text)} in quotes for the text")
        return whole
    if not _ANY_REFUSED.fullmatch(text):
        return text
    reason, advice = next((reason, advice) for pattern, reason, advice in _REFUSED if pattern.fullmatch(text))
    return Ambiguous(reason, f"quote it: {shown(text)}{advice}")
