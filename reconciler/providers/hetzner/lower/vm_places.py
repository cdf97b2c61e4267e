"""Whether a machine's addresses in private networks can be had: each must lie in a subnet of its network.

An address changes by leaving the network and coming back to it. A machine does not leave for an address that
it cannot get: what manifests say is checked when planning, what there is just before.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.diff import PartAction
from reconciler.model.plan import Action, Call
from reconciler.model.resource import Desired, Recorded
from reconciler.model.values import Value
from reconciler.providers.driver import LowerRequest
from reconciler.providers.hetzner.lower.build import at, target_id
from reconciler.providers.hetzner.lower.rules import Calls

_PART, _SUBNET = "network_attachment", "subnet"


def placed(request: LowerRequest) -> Calls:
    """The calls that look before the machine leaves a network. Raises PlanError for an impossible address."""
    if request.desired is None or request.action is Action.DELETE:
        return ()
    looks: list[Call] = []
    for part in _moving(request):
        network = part.attributes["network"]
        ranges = _ranges(request, network)
        for ip in _addresses(part):
            if ranges is not None and not _inside(ip, ranges):
                raise PlanError(
                    f"{part.address}{at(part)}: {ip} is in no subnet of {network}",
                    hint=f"its subnets are: {', '.join(ranges)}" if ranges else f"give {network} a subnet",
                )
        if request.action is not Action.CREATE and part.attributes.get("ip") is not None:
            looks.append(_look(request.desired.address, part))
    return tuple(looks)


def _moving(request: LowerRequest) -> Iterator[Desired]:
    """The attachments that the step makes or changes."""
    changes = {
        part.address
        for part in request.diff.parts
        if part.action is PartAction.CREATE or any(c.name in ("ip", "alias_ips") for c in part.changes)
    }
    assert request.desired is not None  # noqa: S101 - the caller's condition
    return (part for part in request.desired.parts if part.type == _PART and part.address in changes)


def _addresses(part: Desired) -> Iterator[str]:
    aliases = part.attributes.get("alias_ips")
    values: Iterable[Value | None] = (
        part.attributes.get("ip"),
        *(aliases if isinstance(aliases, tuple) else ()),
    )
    return (str(value) for value in values if value is not None)


def _ranges(request: LowerRequest, network: Value) -> list[str] | None:
    """The subnets that the network shall have; where its manifest is silent, those it has. None: unknown."""
    desired, recorded = request.wanted_of(network), request.recorded_of(network)
    if desired is not None and (_SUBNET in desired.collections or recorded is None):
        return _of(desired)
    return _of(recorded) if recorded is not None else None


def _of(network: Desired | Recorded) -> list[str]:
    return sorted(str(part.attributes["ip_range"]) for part in network.parts if part.type == _SUBNET)


def _inside(ip: str, ranges: Iterable[str]) -> bool:
    address = ipaddress.ip_address(ip)
    return any(address in ipaddress.ip_network(each) for each in ranges)


def _look(machine: Address, part: Desired) -> Call:
    network, ip = part.attributes["network"], str(part.attributes["ip"])
    return Call(
        operation="network.look",
        method="GET",
        path="/networks/{id}",
        summary=f"{machine.name}: see whether {network} has a subnet for {ip}",
        path_params=(("id", target_id(network)), ("ip", ip)),
        looks=True,
    )
