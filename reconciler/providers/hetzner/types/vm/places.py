"""Whether a machine's addresses in private networks can be had: each must lie in a subnet of its network.

An address changes by leaving the network and coming back to it. A machine does not leave for an address that
it cannot get: what manifests say is checked when planning, what there is just before.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.errors import PlanError
from reconciler.model.diff import PartAction
from reconciler.model.plan import Action, Call
from reconciler.model.resource import Desired
from reconciler.providers.driver import LowerRequest
from reconciler.providers.hetzner.calls import Calls, at
from reconciler.providers.hetzner.types import network as networks
from reconciler.providers.hetzner.types.vm.wire import ATTACHMENT


def placed(request: LowerRequest, desired: Desired) -> Calls:
    """The calls that look before the machine leaves a network. Raises PlanError for an impossible address."""
    looks: list[Call] = []
    for part in _moving(request, desired):
        network = part.attributes["network"]
        ranges = networks.ranges(request.wanted_of(network), request.recorded_of(network))
        for ip in _addresses(part):
            if ranges is not None and not networks.covers(ranges, ip):
                raise PlanError(
                    f"{part.address}{at(part)}: {ip} is in no subnet of {network}",
                    hint=f"its subnets are: {', '.join(ranges)}" if ranges else f"give {network} a subnet",
                )
        own = part.attributes.get("ip")
        if request.action is not Action.CREATE and own is not None:
            looks.append(networks.look_for_room(desired.address, network, str(own)))
    return tuple(looks)


def _moving(request: LowerRequest, desired: Desired) -> Iterator[Desired]:
    """The attachments that the step makes or changes."""
    changes = {
        part.address
        for part in request.diff.parts
        if part.action is PartAction.CREATE or any(c.name in ("ip", "alias_ips") for c in part.changes)
    }
    return (part for part in desired.parts if part.type == ATTACHMENT and part.address in changes)


def _addresses(part: Desired) -> Iterator[str]:
    aliases = part.attributes.get("alias_ips")
    values = (part.attributes.get("ip"), *(aliases if isinstance(aliases, tuple) else ()))
    return (str(value) for value in values if value is not None)
