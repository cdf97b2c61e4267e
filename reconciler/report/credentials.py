"""Credentials as people see them: where each is found, under which key, when it expires. Never a value."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from reconciler.model.inventory import EXPIRES_SOON
from reconciler.report.lines import Page, Piece, Table
from reconciler.report.words import age
from reconciler.store.views import CredentialView

_HEADINGS = ("NAME", "SOURCE", "FOUND IN", "FINGERPRINT", "KEY", "USED BY", "AGE", "EXPIRES")


def credentials_page(found: Iterable[CredentialView], now: datetime) -> Page:
    """A table. AGE is that of a stored value, of others how long nothing was seen to change."""
    return [Table(_HEADINGS, tuple(_row(item, now) for item in found))]


def _row(item: CredentialView, now: datetime) -> tuple[Piece, ...]:
    return (
        (item.name, "bold"),
        item.source,
        item.found_in or "",
        item.fingerprint or "",
        item.key_id or "",
        ", ".join(item.used_by),
        age(item.stored_at or item.updated_at, now),
        _expiry(item.expires_at, now),
    )


def _expiry(at: datetime | None, now: datetime) -> Piece:
    if at is None:
        return ""
    day = f"{at.astimezone(UTC):%Y-%m-%d}"
    if at <= now:
        return (f"{day} (over)", "bold red")
    return (f"{day} (soon)", "yellow") if at - now < EXPIRES_SOON else day
