"""Which characters a manifest may have, what one is called in a message, and where in a text it stands."""

from __future__ import annotations

import re

_PRINTABLE = r"\t\n\r -~\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff"
# Line breaks to YAML 1.1 (and so to the parser) but not to 1.2, and the byte order mark within a text, are
# refused in the source; written as an escape in double quotes they are as good as any other character.
REFUSED_IN_SOURCE = re.compile(rf"[^{_PRINTABLE}]|[\u2028\u2029\ufeff]")
REFUSED_IN_VALUE = re.compile(rf"[^{_PRINTABLE}\x85]")
_LINE_BREAK = re.compile(rb"\r\n|\r|\n")


def is_clean(data: bytes) -> bool:
    """Whether this is UTF-8 without a character that is refused in the source."""
    try:
        return REFUSED_IN_SOURCE.search(data.decode("utf-8")) is None
    except UnicodeDecodeError:
        return False


def code_point(character: str) -> str:
    """As Unicode writes it: U+FEFF."""
    return f"U+{ord(character):04X}"


def place(text: str, at: int) -> tuple[int, int]:
    """Line and column, both from 0, of the character at index `at`."""
    before = text[:at]
    line = count_lines(before.encode("utf-8"))
    return line, len(before) - max(before.rfind("\n"), before.rfind("\r")) - 1


def count_lines(data: bytes) -> int:
    """The number of line breaks, of which a carriage return and line feed together are one."""
    return len(_LINE_BREAK.findall(data)) if b"\r" in data else data.count(b"\n")
