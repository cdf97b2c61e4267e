"""Primary IPs, and the requests by which a machine takes one, gives it up, and outlives it no more.

Which machine uses one is lowered on the machine's side.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.plan import Call, ExternalId
from reconciler.model.resource import Desired, Observed, Recorded
from reconciler.model.values import Attributes, Value
from reconciler.providers.hetzner import addresses
from reconciler.providers.hetzner.calls import Calls, Change, given, plain, refuse_protected, target_id
from reconciler.providers.hetzner.reading import Json, attributes, observed
from reconciler.providers.hetzner.resource_type import Beside, ResourceType, Rules
from reconciler.providers.hetzner.wire import Wire

WIRE = Wire("primary_ip", "primary_ip", "primary_ips", "primary IP", numbers=frozenset({"assignee_id"}))


def _read(data: Json, _: Beside) -> Observed:
    values = attributes(
        location=data["location"]["name"],
        auto_delete=data["auto_delete"],
        assigned=data["assignee_id"] is not None,
    )
    return observed(WIRE, data, {**values, **addresses.shared(data)})


def _create(desired: Desired) -> Calls:
    _refuse_both(desired.attributes, desired.address)
    body = given(desired, type="ip_version", location="location", auto_delete="auto_delete")
    return (WIRE.create(desired, body), *addresses.after_creation(WIRE, desired))


def _update(change: Change) -> Calls:
    _refuse_both({**change.recorded.attributes, **change.desired.attributes}, change.recorded.address)
    body = WIRE.naming(change)
    if auto_delete := change.diff.change("auto_delete"):
        body["auto_delete"] = plain(auto_delete.after)
    written, protection = WIRE.put(change.recorded.address, body), WIRE.change_protection(change)
    # The two exclude each other: whichever is switched off goes first.
    protected = change.diff.change("protected")
    first = protection if protected is not None and protected.after is not True else ()
    last = () if first else protection
    return (*first, *written, *addresses.change_reverse_dns(WIRE, change), *last)


def _delete(recorded: Recorded) -> Calls:
    """Refused by the provider while a machine uses it: the machine's own step lets go of it."""
    refuse_protected(recorded)
    return (WIRE.delete(recorded.address),)


def _refuse_both(values: Attributes, address: Address) -> None:
    if values.get("auto_delete") is True and values.get("protected") is True:
        raise PlanError(
            f"{address}: `auto_delete` and `protected` exclude each other",
            hint="an address that may not be deleted cannot go with its machine; keep one of the two",
        )


def assign(primary_ip: Value, machine: Address, version: str) -> Call:
    """Give a machine that is off the address."""
    body = {"assignee_type": "server", "assignee_id": ExternalId(machine)}
    words = f"{machine.name}: take {version} address {primary_ip}"
    return WIRE.act(target_id(primary_ip), "assign", words, body)


def unassign(primary_ip: Value, machine: Address, version: str) -> Call:
    """Take the address off a machine that is off."""
    words = f"{machine.name}: give up {version} address {primary_ip}"
    return WIRE.act(target_id(primary_ip), "unassign", words)


def switch_auto_delete(address: Address, why: str, *, on: bool) -> Call:
    """Switching it on again may fail: the address itself differs then, and is put right by its own step."""
    (call,) = WIRE.put(address, {"auto_delete": on})
    words = f"{address.name}: {'' if on else 'no longer '}delete it with its machine, {why}"
    return replace(call, summary=words, best_effort=on)


TYPE = ResourceType(WIRE, _read, Rules(_create, _update, _delete))
