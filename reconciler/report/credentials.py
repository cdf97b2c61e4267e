"""Credentials as people see them: where each is found, under which key, when it expires. Never a value."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from reconciler.engine.accounts import Login
from reconciler.model.inventory import EXPIRES_SOON
from reconciler.report.lines import Page, Piece, Table
from reconciler.report.plain import age, moment
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


def logins_page(found: Iterable[Login]) -> Page:
    """A table: who each credential is at each endpoint, or why it is refused there."""
    rows = [
        ((each.credential, "bold"), each.endpoint or "", _result(each), _who(each), moment(each.expires_at))
        for each in found
    ]
    return [Table(("NAME", "ENDPOINT", "RESULT", "AS", "EXPIRES"), tuple(rows))]


def logins_json(found: Iterable[Login]) -> list[dict[str, object]]:
    """An object a login; `result` is accepted, refused or not tried, `as` whom the provider takes it for."""
    return [
        {
            "credential": each.credential,
            "endpoint": each.endpoint,
            "result": _result(each)[0],
            "as": each.account.who if each.account else None,
            "problem": each.problem,
            "expires_at": each.expires_at,
        }
        for each in found
    ]


def _result(login: Login) -> tuple[str, str]:
    if login.problem is not None:
        return ("refused", "bold red")
    return ("accepted", "green") if login.account is not None else ("not tried", "dim")


def _who(login: Login) -> str:
    if login.problem is not None:
        return login.problem
    if login.account is not None:
        return login.account.who
    return "its driver cannot tell" if login.endpoint else "a value is there, and no endpoint logs in with it"
