"""Trends, as the views of `sql/schema/32_trends.sql` have them: a list of rows of each kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from reconciler.store.database.session import Transaction

Trend = Literal["changes", "operations", "failures", "drifters", "capacity", "deletions", "approvals"]

_QUERIES: Mapping[Trend, str] = {
    "changes": "trends.changes",
    "operations": "trends.operations",
    "failures": "trends.failures",
    "drifters": "trends.drifters",
    "capacity": "trends.capacity",
    "deletions": "trends.deletions",
    "approvals": "trends.approvals",
}


def trend(tx: Transaction, what: Trend, days: int, most: int) -> list[dict[str, Any]]:
    """The rows of the last `days` days by their columns' names, in the order that the kind is read in.

    What stands first is the newest, or where it is no list of events the greatest. Capacity is of now.
    """
    tx.value("trends.days", days=days)
    return [row._asdict() for row in tx.rows(_QUERIES[what], most=most)]
