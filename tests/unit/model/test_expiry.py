"""From thirty days before a credential expires it is told, in words that stay the same from day to day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.model.inventory import EXPIRES_SOON, expiry_note

AT = datetime(2027, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (EXPIRES_SOON + timedelta(days=1), None),
        (EXPIRES_SOON, None),
        (EXPIRES_SOON - timedelta(seconds=1), "expires"),
        (timedelta(seconds=1), "expires"),
        (timedelta(0), "expired"),
        (timedelta(days=-400), "expired"),
    ],
)
def test_a_credential_is_told_of_from_thirty_days_before(before: timedelta, said: str | None) -> None:
    whole = f"credential token {said} on 2027-01-31: it is to be replaced" if said else None
    assert expiry_note("token", AT, AT - before) == whole
