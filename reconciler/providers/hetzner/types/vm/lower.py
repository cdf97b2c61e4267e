"""Servers: made with as much as the creation takes, changed while they run where the API allows it, and
else stopped once for everything that needs it.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.address import Address
from reconciler.model.plan import Action, Call, Impact
from reconciler.model.resource import Desired, Recorded
from reconciler.providers.driver import LowerRequest
from reconciler.providers.hetzner.calls import (
    Calls,
    Change,
    Tree,
    given,
    refuse_protected,
    target_id,
    target_ids,
)
from reconciler.providers.hetzner.reverse_dns import VERSIONS, change_dns_ptr, own_address
from reconciler.providers.hetzner.types.vm.attachments import attach, change_networks, simple
from reconciler.providers.hetzner.types.vm.fit import fitting, unchecked
from reconciler.providers.hetzner.types.vm.limits import check
from reconciler.providers.hetzner.types.vm.places import placed
from reconciler.providers.hetzner.types.vm.power import power_on, stopped_for
from reconciler.providers.hetzner.types.vm.public import (
    change_firewalls,
    change_reverse_dns,
    check_addresses,
    public_net,
)
from reconciler.providers.hetzner.types.vm.release import around_deletion
from reconciler.providers.hetzner.types.vm.size import off_changes, online_changes
from reconciler.providers.hetzner.types.vm.wire import ATTACHMENT, WIRE

_CREATE_TIMEOUT = 1800  # a large snapshot takes its time


def before(request: LowerRequest, desired: Desired) -> Calls:
    """What is to be known first. Raises PlanError for a machine that cannot be had so."""
    check(request, desired)
    if request.diff:
        check_addresses(request, desired)
    return (*fitting(request, desired), *placed(request, desired))


def around(request: LowerRequest, calls: Calls) -> Calls:
    """What the machine's removal must not take is put around it; elsewhere, what nobody looked up is said."""
    if request.action is Action.DELETE:
        return around_deletion(request, calls)
    return unchecked(request, calls)


def create(desired: Desired) -> Calls:
    """Attachments with addresses of their own and an ISO need the server to be there, but not yet running:
    it is started last then, so that its first boot is its only one.
    """
    address = desired.address
    attachments = [part for part in desired.parts if part.type == ATTACHMENT]
    later = [part for part in attachments if not simple(part)]
    iso = desired.attributes.get("iso")
    on = desired.attributes.get("power_state") != "stopped"
    waits = on and bool(later or iso is not None)
    body = _body(desired)
    if networks := [target_id(part.attributes["network"]) for part in attachments if simple(part)]:
        body["networks"] = networks
    if waits or not on:
        body["start_after_create"] = False
    # A creation that fails leaves a server that is off: the start that came with it is owed then.
    calls = [replace(WIRE.create(desired, body, timeout=_CREATE_TIMEOUT), restores=on and not waits)]
    calls += [attach(address, part.attributes) for part in later]
    if iso is not None:
        calls.append(_attach_iso(desired))
    if desired.attributes.get("backups") is True:
        calls.append(_backups(desired, on=True))
    for version in VERSIONS:
        if (name := desired.attributes.get(f"{version}_reverse_dns")) is not None:
            calls.append(change_dns_ptr(WIRE, address, own_address(version), name))
    if waits:
        calls.append(power_on(address, impact=Impact.ONLINE))
    if desired.attributes.get("protected") is True:
        calls.append(_protect(address, on=True))
    return tuple(calls)


def _body(desired: Desired) -> Tree:
    values = desired.attributes
    body = given(
        desired, server_type="server_type", image="image", location="location", user_data="user_data"
    )
    if keys := target_ids(values.get("ssh_keys")):
        body["ssh_keys"] = keys
    if firewalls := target_ids(values.get("firewalls")):
        body["firewalls"] = [{"firewall": number} for number in firewalls]
    if (group := values.get("placement_group")) is not None:
        body["placement_group"] = target_id(group)
    if net := public_net(desired):
        body["public_net"] = net
    return body


def update(change: Change) -> Calls:
    """All that needs the server off is done in one stop; its protection changes last."""
    address = change.recorded.address
    calls = [*WIRE.put(address, WIRE.naming(change)), *change_firewalls(change), *change_networks(change)]
    calls += online_changes(change)
    if backups := change.diff.change("backups"):
        calls.append(_backups(change.desired, on=backups.after is True))
    if iso := change.diff.change("iso"):
        calls.append(_attach_iso(change.desired) if iso.after is not None else _detach_iso(change.recorded))
    calls += stopped_for(change, off_changes(change))
    calls += change_reverse_dns(change)
    if protected := change.diff.change("protected"):
        calls.append(_protect(address, on=protected.after is True))
    return tuple(calls)


def delete(recorded: Recorded) -> Calls:
    """One call, which stops a machine that runs. Raises PlanError where it is protected."""
    refuse_protected(recorded)
    return (WIRE.delete(recorded.address, impact=Impact.STOP),)


def _protect(address: Address, *, on: bool) -> Call:
    """The API wants the protection against a rebuild to go along."""
    return WIRE.protect(address, on=on, rebuild=on)


def _backups(desired: Desired, *, on: bool) -> Call:
    words = "switch backups on" if on else "switch backups off, which deletes those there are"
    action = "enable_backup" if on else "disable_backup"
    call = WIRE.act(desired.address, action, f"{desired.address.name}: {words}")
    return call if on else replace(call, destroys=("its backups are deleted",))


def _attach_iso(desired: Desired) -> Call:
    address, name = desired.address, str(desired.attributes["iso"])
    return WIRE.act(address, "attach_iso", f"{address.name}: insert ISO {name}", {"iso": name})


def _detach_iso(recorded: Recorded) -> Call:
    return WIRE.act(recorded.address, "detach_iso", f"{recorded.address.name}: eject the ISO")
