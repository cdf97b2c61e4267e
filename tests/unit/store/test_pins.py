"""When a pin ends: with a manifest that says what is wanted or something new, and never with one not read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from reconciler.model.address import Address
from reconciler.store.desired.pins import Pin, why_ended

WEB = Address.parse("vm/web")
NOW = datetime(2026, 11, 24, 14, 2, tzinfo=UTC)
PIN = Pin(1, WEB, 1, "fleet", 9, 4, None, NOW, b"newer", b"newer text", "a.yaml", "ada", NOW, True)
MADE_AGAIN = replace(PIN, manifest_hash=None, manifest_document=None)


@dataclass
class Says:
    """What a source says: a document of the root, or none and whether it is known to be gone."""

    documents: Mapping[Address, bytes] = field(default_factory=dict)
    ends: Callable[[Address, str], bool] = lambda *_: True


@pytest.mark.parametrize(
    ("pin", "document", "says", "in_force", "why"),
    [
        (PIN, b"newer text", b"newer", b"older", None),
        (PIN, b"newer text, reworded", b"newer", b"older", None),
        (PIN, b"newer text", b"newer, with another secret", b"older", None),
        (PIN, b"older text", b"older", b"older", "agreed"),
        (PIN, b"another text", b"newest", b"older", "superseded"),
        (PIN, None, None, b"older", "superseded"),
        (PIN, b"newer text", b"newer", None, None),
        (PIN, None, None, None, "agreed"),
        (PIN, b"another text", b"newest", None, "superseded"),
        (MADE_AGAIN, None, None, b"older", None),
        (MADE_AGAIN, b"older text", b"older", b"older", "agreed"),
        (MADE_AGAIN, b"another text", b"newest", b"older", "superseded"),
    ],
)
def test_what_a_manifest_says_ends_a_pin_or_does_not(
    pin: Pin, document: bytes | None, says: bytes | None, in_force: bytes | None, why: str | None
) -> None:
    read = Says({WEB: document} if document is not None else {})
    assert why_ended(pin, read, says, in_force) == why


def test_what_was_not_read_ends_no_pin() -> None:
    for in_force in (b"older", None):
        assert why_ended(PIN, Says(ends=lambda *_: False), None, in_force) is None
