"""A server's public side: its addresses, their reverse DNS, and the firewalls before them."""

from __future__ import annotations

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.plan import Action, Call
from reconciler.model.resource import Desired
from reconciler.model.values import ExternalRef, Reference, Value
from reconciler.providers.driver import LowerRequest
from reconciler.providers.hetzner.calls import Calls, Change, Tree, at, given, target_id
from reconciler.providers.hetzner.reverse_dns import VERSIONS, change_dns_ptr, first_address, own_address
from reconciler.providers.hetzner.types import firewall, primary_ip
from reconciler.providers.hetzner.types.vm.wire import WIRE


def check_addresses(request: LowerRequest, desired: Desired) -> None:
    """Refuse what can never be so.

    Raises PlanError for a public address that is switched off and yet spoken of, and for one address with
    two names: each would undo the other's, for ever.
    """
    recorded = request.recorded if request.action is not Action.CREATE else None
    there = recorded.attributes if recorded is not None else {}
    resets = {change.name for change in request.diff.changes if change.after is None}
    for version in VERSIONS:
        dns, enabled = f"{version}_reverse_dns", desired.attributes.get(f"{version}_enabled")
        name, own = desired.attributes.get(dns), desired.attributes.get(version)
        named = next((item for item, value in ((version, own), (dns, name)) if value is not None), None)
        if enabled is False and named is not None:
            raise PlanError(
                f"{desired.address}: `{named}` is for a public {version} address, and "
                f"`{version}_enabled: false` leaves it without one",
                hint="remove one of the two lines",
            )
        if name is not None and own is None and there.get(f"{version}_enabled") is False:
            raise PlanError(
                f"{desired.address}: it has no public {version} address that `{dns}` could be the name of",
                hint=f"declare a primary_ip and name it as `{version}`, or remove `{dns}`",
            )
        other = request.wanted_of(own or there.get(version))
        reset = name is None and dns in resets
        if other is None or dns in desired.lifecycle.ignore_changes or not (reset or name is not None):
            continue
        theirs = other.attributes.get("reverse_dns")
        if theirs not in (None, name) and "reverse_dns" not in other.lifecycle.ignore_changes:
            raise PlanError(
                f"{desired.address}: `{dns}` is {name or 'null'}{at(desired)}, but `reverse_dns` of "
                f"{other.address}, which is the same address, is {theirs}{at(other)}",
                hint="write it in one place only, best at the primary_ip",
            )


def public_net(desired: Desired) -> Tree:
    """The creation's `public_net`; empty where the manifest leaves it to the provider."""
    net = given(desired, enable_ipv4="ipv4_enabled", enable_ipv6="ipv6_enabled")
    for version in VERSIONS:
        if (address := desired.attributes.get(version)) is not None:
            net[version] = target_id(address)
    return net


def change_addresses(change: Change) -> Calls:
    """Give up and take primary IPs; for a machine that is off."""
    machine, calls = change.recorded.address, list[Call]()
    for version in VERSIONS:
        enabled, wanted = change.diff.change(f"{version}_enabled"), change.diff.change(version)
        there = change.recorded.attributes.get(version)
        off = enabled is not None and enabled.after is False
        if there is not None and (off or wanted is not None):
            calls.append(primary_ip.unassign(there, machine, version))
        if wanted is not None and wanted.after is not None and not off:
            calls.append(primary_ip.assign(wanted.after, machine, version))
        elif enabled is not None and enabled.after is True:
            raise PlanError(
                f"{machine}: Hetzner makes a public {version} address only with the machine",
                hint=f"declare a primary_ip and name it as `{version}`",
            )
    return tuple(calls)


def change_reverse_dns(change: Change) -> Calls:
    """Also where the address behind the name changes, since the name belongs to the address."""
    calls: list[Call] = []
    for version in VERSIONS:
        name = f"{version}_reverse_dns"
        wanted, moved = change.diff.change(name), change.diff.change(version) is not None
        value: Value | None = wanted.after if wanted is not None else change.desired.attributes.get(name)
        if wanted is None and not (moved and value is not None):
            continue
        there = change.recorded.attributes.get(f"public_{version}")
        ip = own_address(version) if moved or there is None else first_address(str(there))
        calls.append(change_dns_ptr(WIRE, change.recorded.address, ip, value))
    return tuple(calls)


def change_firewalls(change: Change) -> Calls:
    """Put new firewalls on before old ones come off, so that the machine never stands open."""
    firewalls = change.diff.change("firewalls")
    if firewalls is None:
        return ()
    address = change.recorded.address
    before, after = _set(firewalls.before), _set(firewalls.after)
    return (
        *(firewall.apply_to_server(item, address) for item in sorted(after - before, key=str)),
        *(firewall.remove_from_server(item, address) for item in sorted(before - after, key=str)),
    )


def _set(value: Value | None) -> set[Reference]:
    items = value if isinstance(value, tuple) else ()
    return {item for item in items if isinstance(item, (Address, ExternalRef))}
