"""What stands on a page: the files that it shows, under the names that it gives them."""

from __future__ import annotations

import re
from pathlib import Path

_FILE = re.compile(r"^`([\w./-]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def shown_files(page: Path) -> dict[str, str]:
    """The blocks of code that have a file's name before them, by that name."""
    return dict(_FILE.findall(page.read_text(encoding="utf-8")))


def nameless_blocks(page: Path) -> list[tuple[str, str]]:
    """The other blocks, as (language, text)."""
    files = set(shown_files(page).values())
    blocks = _BLOCK.findall(page.read_text(encoding="utf-8"))
    return [(language, text) for language, text in blocks if text not in files]
