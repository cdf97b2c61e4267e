"""What a look found roots to have gone through, and the provider's tasks that may have done it.

Which tasks those are is decided in `diff/authorship.py`. They are written beside the changeset of the look,
once, and never in place of who looked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.model.task_log import Authorship, Happening
from reconciler.store.database.session import Transaction
from reconciler.store.database.values import storable

Target = tuple[str, str]
"""An object at an endpoint, as its type and its external id."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened to a root, by the changeset in which a look wrote it down."""

    changed_at: datetime
    changeset_id: int
    resource_id: int
    resource_type: str
    external_id: str
    happening: str

    @property
    def target(self) -> Target:
        """The object, as the endpoint knows it."""
        return (self.resource_type, self.external_id)


def last_look(tx: Transaction, endpoint: str) -> datetime | None:
    """When the last look at an endpoint began that saw anything; None where there was none."""
    found: datetime | None = tx.value("observed_tasks.last_look", endpoint=endpoint)
    return found


def happened(tx: Transaction) -> tuple[Happened, ...]:
    """What this transaction, which records a look, has written of roots and their parts so far."""
    return tx.all(Happened, "observed_tasks.happened")


def happenings(found: Iterable[Happened]) -> dict[Target, frozenset[Happening]]:
    """The same by object."""
    by_target: dict[Target, set[Happening]] = {}
    for each in found:
        by_target.setdefault(each.target, set()).add(Happening(each.happening))
    return {target: frozenset(them) for target, them in by_target.items()}


def record_tasks(
    tx: Transaction, found: Iterable[Happened], by: Mapping[Target, Iterable[Authorship]]
) -> None:
    """Write which tasks may have brought about what was found."""
    changesets: dict[tuple[datetime, int], list[dict[str, object]]] = {}
    for each in found:
        rows = changesets.setdefault((each.changed_at, each.changeset_id), [])
        rows += [
            {
                "resource_id": each.resource_id,
                "happening": each.happening,
                "task": storable(item.by.task),
                "kind": storable(item.by.kind),
                "provider_user": storable(item.by.user),
                "began_at": item.by.began_at,
                "ended_at": item.by.ended_at,
                "is_sure": item.is_sure,
            }
            for item in by.get(each.target, ())
            if item.happening.value == each.happening
        ]
    for (changed_at, changeset_id), rows in changesets.items():
        if rows:
            columns = {key: [row[key] for row in rows] for key in rows[0]}
            tx.rows("observed_tasks.record", changed_at=changed_at, changeset_id=changeset_id, **columns)
