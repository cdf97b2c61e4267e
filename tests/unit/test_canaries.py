"""A canary is seen in every encoding that a leak could have."""

from __future__ import annotations

import base64
import html
import json
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from tests.rigs.canaries import canary, seen, seen_in_files

SECRET = canary("token", awkward=True)


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        json.dumps({"a": SECRET}),
        json.dumps(json.dumps(SECRET)),
        quote(SECRET),
        quote_plus(quote(SECRET, safe="")),
        html.escape(SECRET),
        repr(SECRET),
        SECRET.encode().hex(),
        *(base64.b64encode(b"x" * shift + SECRET.encode() + b"y").decode() for shift in range(4)),
        *(base64.urlsafe_b64encode(b"user:" + b"x" * shift + SECRET.encode()).decode() for shift in range(3)),
    ],
)
def test_a_canary_is_seen_however_it_is_written(text: str, tmp_path: Path) -> None:
    assert len(seen(f"before {text} after")) == 1
    (tmp_path / "a").write_bytes(b"\xff\0" + text.encode())
    assert len(seen_in_files(tmp_path)) == 1
    assert seen_in_files(tmp_path, [tmp_path / "a"]) == []


def test_nothing_else_is_one() -> None:
    assert seen("Kanarienvogel, canary, 7f3a") == []
