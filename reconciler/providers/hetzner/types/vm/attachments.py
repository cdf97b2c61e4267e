"""A server's places in private networks."""

from __future__ import annotations

from reconciler.model.address import Address
from reconciler.model.diff import PartAction
from reconciler.model.plan import Call
from reconciler.model.resource import Desired, Recorded
from reconciler.model.values import Attributes
from reconciler.providers.hetzner.calls import Calls, Change, Tree, changed_parts, plain, target_id
from reconciler.providers.hetzner.types.vm.wire import ATTACHMENT, WIRE


def simple(part: Desired) -> bool:
    """Whether the creation of a server can make it: that takes a network, but no addresses."""
    return not any(part.attributes.get(name) for name in ("ip", "ip_range", "alias_ips"))


def attach(address: Address, values: Attributes) -> Call:
    """The call that attaches a server to a network; an `ip_range` counts only without an `ip`."""
    body: Tree = {"network": target_id(values["network"])}
    if values.get("ip") is not None:
        body["ip"] = plain(values["ip"])
    elif values.get("ip_range") is not None:
        body["ip_range"] = plain(values["ip_range"])
    if values.get("alias_ips"):
        body["alias_ips"] = plain(values["alias_ips"])
    return WIRE.act(address, "attach_to_network", f"{address.name}: attach to {values['network']}", body)


def change_networks(change: Change) -> Calls:
    """What goes, what changes, what comes: an address in one network may be wanted in another."""
    address = change.recorded.address
    gone, come = changed_parts(change, ATTACHMENT)
    calls = [_detach(address, part.attributes) for part in gone]
    for part in change.desired.parts:
        names = _changed(change, part)
        if "ip" in names:
            there = _recorded(change.recorded, part)
            calls += [_detach(address, there.attributes)]
            calls += [attach(address, {**there.attributes, **part.attributes})]
        elif "alias_ips" in names:
            calls.append(_change_alias_ips(address, part.attributes))
    return (*calls, *(attach(address, part.attributes) for part in come))


def _changed(change: Change, part: Desired) -> set[str]:
    return {
        item.name
        for update in change.diff.parts
        if update.address == part.address and update.action is PartAction.UPDATE
        if update.address.type == ATTACHMENT
        for item in update.changes
    }


def _recorded(recorded: Recorded, wanted: Desired) -> Recorded:
    """The attachment that there is to the same network, whatever it is called."""
    network = wanted.attributes["network"]
    return next(
        part for part in recorded.parts if part.type == ATTACHMENT and part.attributes["network"] == network
    )


def _detach(address: Address, values: Attributes) -> Call:
    body = {"network": target_id(values["network"])}
    return WIRE.act(address, "detach_from_network", f"{address.name}: detach from {values['network']}", body)


def _change_alias_ips(address: Address, values: Attributes) -> Call:
    body = {"network": target_id(values["network"]), "alias_ips": plain(values["alias_ips"])}
    words = f"{address.name}: write the alias addresses in {values['network']}"
    return WIRE.act(address, "change_alias_ips", words, body)
