"""The recorded side of a fleet too large to be made over HTTP: one observation that shows all of it.

It goes the way of every observation, so rows, attributes, ties and history are what they would be. The only
short cut is that the rows which wait for their objects are made in bulk, without an operation each.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

from reconciler.engine.engine import Engine
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.observation import Observation
from reconciler.model.resource import Desired, Mark, Observed
from reconciler.model.values import ExternalRef, Format, Scalar, Value
from reconciler.store.database.session import Actor
from reconciler.store.desired.rows import load_desired
from reconciler.store.recorded.observations import Scope, observation_start, record_observation
from reconciler.store.recorded.resources import candidates, load_recorded

_STATES = {"vm": "running"}  # of the rest: available
NEW_ROW = b"""
INSERT INTO resources (
    resource_type_id, provider_endpoint_id, address, name, state_id, management, presence, is_root, source_id,
    prevent_destroy, on_remove, allow_downtime, replace_policy, create_before_destroy
)
SELECT
    d.resource_type_id, d.provider_endpoint_id, d.address, d.name, st.id, 'managed', 'absent', TRUE,
    d.source_id,
    d.prevent_destroy, d.on_remove, d.allow_downtime, d.replace_policy, d.create_before_destroy
FROM desired_resources AS d JOIN resource_states AS st ON st.name = 'pending'
WHERE d.valid_to_revision IS NULL AND d.parent_id IS NULL
AND d.address = %(address)s AND d.spec_hash = %(spec_hash)s
"""
"""As a step's first commit would make it."""
_AT_ONCE = 5_000  # resources in one transaction, so that memory stays bounded


def seed_recorded(engine: Engine) -> int:
    """Record everything desired as if it had been seen; gives the number of roots."""
    with engine.store.read() as tx:
        wanted = sorted(candidates(tx)[0])
    numbers = dict(zip(wanted, map(str, count(1)), strict=False))
    # What is referred to comes first, as its row must be there to be referred to.
    wanted.sort(key=lambda address: ("network", "vm", "volume").index(address.type))
    for start in range(0, len(wanted), _AT_ONCE):
        _seed(engine, wanted[start : start + _AT_ONCE], numbers)
    return len(wanted)


def _seed(engine: Engine, addresses: list[Address], numbers: Mapping[Address, str]) -> None:
    with engine.store.transaction(Actor("bench", "a fleet to measure with", "observation")) as tx:
        desired = load_desired(tx, addresses, engine.catalog)
        rows = [{"address": str(a), "spec_hash": desired[a].hash()} for a in addresses]
        with tx._connection.cursor() as cursor:
            cursor.executemany(NEW_ROW, rows)
        recorded = load_recorded(tx, addresses, engine.catalog)
        first = desired[addresses[0]]
        targets = tuple((address.type, numbers[address]) for address in addresses)
        scope = Scope(
            first.endpoint,
            first.provider_type,
            frozenset(kind for kind, _ in targets),
            observation_start(tx),
            targets,
            tuple(recorded[address].uid for address in addresses),
        )
        seen = (
            _observed(desired[a], numbers, engine.catalog, Mark(engine.owner, recorded[a].uid))
            for a in addresses
        )
        record_observation(tx, scope, Observation(tuple(seen)), engine.owner, engine.catalog)


def _observed(item: Desired, numbers: Mapping[Address, str], catalog: Catalog, mark: Mark | None) -> Observed:
    def seen(name: str, value: Value) -> Value:
        if catalog.definitions[name].format is not Format.REFERENCE:
            return value
        return tuple(map(reference, value)) if isinstance(value, tuple) else reference(value)

    def reference(text: object) -> Scalar | ExternalRef:
        target = Address.parse(str(text))
        return ExternalRef(target.type, numbers[target])

    return Observed(
        type=item.type,
        external_id=numbers[item.address] if mark else "",
        name=item.address.name,
        state=_STATES.get(item.type, "available"),
        attributes={name: seen(name, value) for name, value in item.attributes.items()},
        tags=item.tags,
        mark=mark,
        parts=tuple(_observed(part, numbers, catalog, None) for part in item.parts),
    )
