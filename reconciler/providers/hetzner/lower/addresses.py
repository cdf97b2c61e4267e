"""Floating IPs and primary IPs. Which machine uses a primary IP is lowered on the machine's side."""

from __future__ import annotations

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.plan import Call
from reconciler.model.resource import Desired, Recorded
from reconciler.model.values import Attributes, Value
from reconciler.providers.hetzner.convert_objects import first_address
from reconciler.providers.hetzner.lower.build import (
    act,
    change_dns_ptr,
    create,
    delete,
    given,
    naming,
    need_place,
    plain,
    protect,
    put,
    refuse_protected,
    target_id,
)
from reconciler.providers.hetzner.lower.rules import Calls, Change, Rules


def _create_floating(desired: Desired) -> Calls:
    need_place(desired)
    body = given(desired, type="ip_version", home_location="location", description="description")
    if (server := desired.attributes.get("server")) is not None:
        body["server"] = target_id(server)
    return (create(desired, body), *_after_creation(desired))


def _refuse_both(values: Attributes, address: Address) -> None:
    if values.get("auto_delete") is True and values.get("protected") is True:
        raise PlanError(
            f"{address}: `auto_delete` and `protected` exclude each other",
            hint="an address that may not be deleted cannot go with its machine; keep one of the two",
        )


def _create_primary(desired: Desired) -> Calls:
    _refuse_both(desired.attributes, desired.address)
    body = given(desired, type="ip_version", location="location", auto_delete="auto_delete")
    return (create(desired, body), *_after_creation(desired))


def _update_floating(change: Change) -> Calls:
    address = change.recorded.address
    body = naming(change)
    if description := change.diff.change("description"):
        body["description"] = plain(description.after) or ""
    calls = [*put(address, body)]
    if server := change.diff.change("server"):
        # The API assigns only what is free.
        if server.before is not None:
            calls.append(_unassign(address))
        if server.after is not None:
            calls.append(_assign(address, server.after))
    return (*calls, *_reverse_dns(change), *_protection(change))


def _update_primary(change: Change) -> Calls:
    _refuse_both({**change.recorded.attributes, **change.desired.attributes}, change.recorded.address)
    body = naming(change)
    if auto_delete := change.diff.change("auto_delete"):
        body["auto_delete"] = plain(auto_delete.after)
    written, protection = put(change.recorded.address, body), _protection(change)
    # The two exclude each other: whichever is switched off goes first.
    protected = change.diff.change("protected")
    first = protection if protected is not None and protected.after is not True else ()
    last = () if first else protection
    return (*first, *written, *_reverse_dns(change), *last)


def _delete_floating(recorded: Recorded) -> Calls:
    refuse_protected(recorded)
    # Best effort, since its machine may have gone before it.
    assigned = recorded.attributes.get("server") is not None
    loose = (_unassign(recorded.address, best_effort=True),) if assigned else ()
    return (*loose, delete(recorded.address))


def _delete_primary(recorded: Recorded) -> Calls:
    """Refused by the provider while a machine uses it: the machine's own step lets go of it."""
    refuse_protected(recorded)
    return (delete(recorded.address),)


def _assign(address: Address, server: Value) -> Call:
    return act(address, "assign", f"{address.name}: assign to {server}", {"server": target_id(server)})


def _unassign(address: Address, *, best_effort: bool = False) -> Call:
    return act(address, "unassign", f"{address.name}: take off its machine", best_effort=best_effort)


def _after_creation(desired: Desired) -> Calls:
    calls: list[Call] = []
    if (name := desired.attributes.get("reverse_dns")) is not None:
        version = desired.attributes["ip_version"]
        calls.append(change_dns_ptr(desired.address, f"${{public_{version}}}", name))
    if desired.attributes.get("protected") is True:
        calls.append(protect(desired.address, on=True))
    return tuple(calls)


def _reverse_dns(change: Change) -> Calls:
    wanted = change.diff.change("reverse_dns")
    if wanted is None:
        return ()
    recorded = change.recorded.attributes
    ip = recorded.get("public_ipv4") or recorded.get("public_ipv6")
    return (change_dns_ptr(change.recorded.address, first_address(str(ip)), wanted.after),)


def _protection(change: Change) -> Calls:
    wanted = change.diff.change("protected")
    return () if wanted is None else (protect(change.recorded.address, on=wanted.after is True),)


FLOATING_IP = Rules(_create_floating, _update_floating, _delete_floating)
PRIMARY_IP = Rules(_create_primary, _update_primary, _delete_primary)
