"""What a character is called in a message, and where in a text it stands."""

from __future__ import annotations

from reconciler.manifest.yaml.split import count_lines


def code_point(character: str) -> str:
    """As Unicode writes it: U+FEFF."""
    return f"U+{ord(character):04X}"


def place(text: str, at: int) -> tuple[int, int]:
    """Line and column, both from 0, of the character at index `at`."""
    before = text[:at]
    line = count_lines(before.encode("utf-8"))
    return line, len(before) - max(before.rfind("\n"), before.rfind("\r")) - 1
