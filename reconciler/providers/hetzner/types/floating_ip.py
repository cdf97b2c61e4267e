"""Floating IPs: they move between machines while these run."""

from __future__ import annotations

from reconciler.model.address import Address
from reconciler.model.plan import Call
from reconciler.model.resource import Desired, Observed, Recorded
from reconciler.model.values import Value
from reconciler.providers.hetzner import addresses
from reconciler.providers.hetzner.calls import (
    Calls,
    Change,
    given,
    need_place,
    plain,
    refuse_protected,
    target_id,
)
from reconciler.providers.hetzner.reading import Json, attributes, observed
from reconciler.providers.hetzner.resource_type import Beside, ResourceType, Rules
from reconciler.providers.hetzner.wire import Wire

WIRE = Wire("floating_ip", "floating_ip", "floating_ips", "floating IP", numbers=frozenset({"server"}))


def _read(data: Json, _: Beside) -> Observed:
    values = attributes(
        location=data["home_location"]["name"],
        server=data["server"],
        description=data["description"] or None,
    )
    return observed(WIRE, data, {**values, **addresses.shared(data)})


def _create(desired: Desired) -> Calls:
    need_place(desired, near="server")
    body = given(desired, type="ip_version", home_location="location", description="description")
    if (server := desired.attributes.get("server")) is not None:
        body["server"] = target_id(server)
    return (WIRE.create(desired, body), *addresses.after_creation(WIRE, desired))


def _update(change: Change) -> Calls:
    address = change.recorded.address
    body = WIRE.naming(change)
    if description := change.diff.change("description"):
        body["description"] = plain(description.after) or ""
    calls = [*WIRE.put(address, body)]
    if server := change.diff.change("server"):
        # The API assigns only what is free.
        if server.before is not None:
            calls.append(_unassign(address))
        if server.after is not None:
            calls.append(_assign(address, server.after))
    return (*calls, *addresses.change_reverse_dns(WIRE, change), *WIRE.change_protection(change))


def _delete(recorded: Recorded) -> Calls:
    refuse_protected(recorded)
    # Best effort, since its machine may have gone before it.
    assigned = recorded.attributes.get("server") is not None
    loose = (_unassign(recorded.address, best_effort=True),) if assigned else ()
    return (*loose, WIRE.delete(recorded.address))


def _assign(address: Address, server: Value) -> Call:
    return WIRE.act(address, "assign", f"{address.name}: assign to {server}", {"server": target_id(server)})


def _unassign(address: Address, *, best_effort: bool = False) -> Call:
    return WIRE.act(address, "unassign", f"{address.name}: take off its machine", best_effort=best_effort)


TYPE = ResourceType(WIRE, _read, Rules(_create, _update, _delete))
