"""The database's errors in our words: unavailable, or refused and what that means.

Constraints are named in `sql/schema`; those that a user or an operator can run into are explained here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

import psycopg
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests

from reconciler.errors import ClaimLost, DatabaseError, DatabaseUnavailable, ReconcilerError, StalePlanError

OUR_CLASS = "RC"  # the SQLSTATEs that our triggers raise; their messages are for people
# Connection lost, resources of the server used up, shut down by someone, files of the server damaged.
UNAVAILABLE_CLASSES = ("08", "53", "57P", "58", "F0")
AGAIN = ("40", "55P03", "57014")  # serialization, deadlock, lock not available, cancelled

MEANINGS = {
    "one_open_operation": "another operation on this resource is still open",
    "resources_address": "another live resource has this address",
    "resources_external": "another live resource is already recorded for this object of the provider",
    "resource_relationships_one_container": "the part is already contained in another resource",
    "resource_relationships_two": "a resource cannot be related to itself",
    "resource_attributes_attribute": "the resource type has no such attribute, or of another data type",
    "resource_attributes_resource": "there is no such resource of that type",
    "resources_address_given": "a resource has an address",
    "resources_name_given": "a resource has a name",
    "resources_placed": "the datacenter is at another location than the one that is named",
    "desired_resources_address": "this address is already wanted, by another manifest or source",
    "desired_attributes_attribute": "the resource type has no such attribute, or of another data type",
    "external_id_reservations_pkey": "this id was given out before, and is never given out again",
    "providers_name": "there is already a provider of this name",
    "provider_endpoints_name": "there is already an endpoint of this name",
    "provider_credentials_name": "there is already a credential of this name",
    "provider_type_attribute_defaults_typed": "a default is of another data type than its attribute",
    "provider_type_attribute_allowed_values_typed": "an allowed value is of another type than its attribute",
    "virtual_machines_cpu_cores": "a machine has at least one core",
    "virtual_machines_memory": "a machine's memory is more than nothing",
    "storage_volumes_size": "a volume's size is more than nothing",
}


class ConstraintViolated(DatabaseError):
    """A constraint refused a row; `constraint` is its name in the schema."""

    def __init__(self, message: str, constraint: str) -> None:
        super().__init__(message)
        self.constraint = constraint


class NotPermitted(DatabaseError):
    """The session's database role may not do that, or not to these rows."""


class TryAgain(DatabaseError):
    """The transaction was undone for another's sake (deadlock, time limit); the same may succeed now."""


class LockedOut(TryAgain):
    """Another session held a lock for longer than ours waits."""


def sessions_in_words(rows: Iterable[tuple[int, str, str | None, str | None, datetime | None]]) -> str:
    """Sessions of the server as (pid, user, program, state, since), for a message."""
    return "; ".join(
        f"pid {pid} ({user}, {program or 'no application name'}, {state or 'state unknown'})"
        + (f" since {since:%Y-%m-%d %H:%M:%S}" if since else "")
        for pid, user, program, state, since in rows
    )


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Raises our errors for the database's. `doing` is the query's name, or what was going on."""
    try:
        yield
    except (PoolTimeout, PoolClosed, TooManyRequests) as error:
        raise DatabaseUnavailable(f"{doing}: no connection to the database: {error}") from error
    except psycopg.Error as error:
        raise _ours(doing, error) from error


_KINDS: dict[str, type[ReconcilerError]] = {
    "RC020": NotPermitted,
    "RC030": StalePlanError,
    "RC031": ClaimLost,
}
"""What our own SQLSTATEs are, where they are more than a refusal."""


def _ours(doing: str, error: psycopg.Error) -> ReconcilerError:
    state = error.sqlstate or ""
    said = error.diag.message_primary or str(error).strip()
    if state.startswith(OUR_CLASS):
        return _KINDS.get(state, DatabaseError)(said, hint=error.diag.message_hint)
    if state == "55P03":
        return LockedOut(f"{doing}: another session holds what this one waits for", hint="Run it again.")
    if state.startswith(AGAIN):
        return TryAgain(f"{doing}: {said}", hint="Run it again.")
    if state.startswith(UNAVAILABLE_CLASSES) or (not state and isinstance(error, psycopg.OperationalError)):
        return DatabaseUnavailable(
            f"{doing}: the database does not answer: {said}", hint="Check that the server runs, and its log."
        )
    if state == "42501":
        return NotPermitted(
            f"{doing}: your database role may not do this: {said}",
            hint="ask for a role that may; `reconciler db grants` lists who has which",
        )
    constraint = error.diag.constraint_name
    if constraint and isinstance(error, psycopg.IntegrityError):
        meaning = MEANINGS.get(constraint, said)
        return ConstraintViolated(f"{doing}: {meaning} ({constraint})", constraint)
    return DatabaseError(f"{doing}: the database refused: {said}", hint=error.diag.message_hint)
