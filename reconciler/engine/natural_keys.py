"""Objects that are known by a key of their own: which keys are wanted, and what is recorded at them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.engine.drivers import drivers
from reconciler.executor.context import EndpointConnection
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.resource import Desired, Management, Recorded
from reconciler.model.values import ExternalRef
from reconciler.planner.inputs import Object
from reconciler.providers.driver import key_of
from reconciler.store.database.session import Transaction
from reconciler.store.recorded.resources import load_by_external_id


def natural_keys(
    endpoints: Mapping[str, EndpointConnection],
    desired: Mapping[Address, Desired],
    recorded: Mapping[Address, Recorded],
) -> dict[Address, str]:
    """The natural keys of what shall be made, or made anew as another object, and has one."""
    found: dict[Address, str] = {}
    for address, item in desired.items():
        there, connection = recorded.get(address), endpoints.get(item.endpoint)
        driver = drivers().get(connection.endpoint.provider_type) if connection is not None else None
        key = key_of(driver, item) if driver is not None else None
        if key is not None and (there is None or not there.exists or there.external_id != key):
            found[address] = key
    return found


def recorded_at(
    tx: Transaction, catalog: Catalog, keys: Mapping[Address, str], desired: Mapping[Address, Desired]
) -> dict[Object, Recorded]:
    """What is recorded at these keys and exists, by type, endpoint and key."""
    wanted: dict[str, set[ExternalRef]] = {}
    for address, key in keys.items():
        wanted.setdefault(desired[address].endpoint, set()).add(ExternalRef(address.type, key))
    return {
        (ref.type, endpoint, ref.external_id): item
        for endpoint, refs in wanted.items()
        for ref, item in load_by_external_id(tx, endpoint, refs, catalog).items()
        if item.exists
    }


def strangers_at(
    keys: Mapping[Address, str],
    at_key: Mapping[Object, Recorded],
    desired: Mapping[Address, Desired],
    named: Mapping[Address, Recorded],
) -> dict[Address, Recorded]:
    """What is not ours and stands where a candidate would go, under the candidate's address.

    That is what a manifest asks for, what has the candidate's natural key, and of `named` what has its name;
    but a name says nothing of what has a key.
    """
    asked = {a: item for a, item in named.items() if a not in keys or item.external_id == desired[a].adopt}
    found: dict[Address, Recorded] = {}
    for address, key in keys.items():
        there = at_key.get((address.type, desired[address].endpoint, key))
        if there is not None and there.management is not Management.MANAGED:
            found[address] = replace(there, address=address)
    return {**found, **asked}
