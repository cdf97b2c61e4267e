"""Networks: subnets and routes go into the creation; later each comes and goes by an action of its own.

The API changes one thing of a network at a time, so the order matters: room first, then routes that go, then
subnets: what comes before what goes, so that machines can move from the one to the other, except where both
want the same addresses; and a route only beside the subnet it leads through.
"""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Network, IPv6Network

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.plan import Call
from reconciler.model.resource import Desired, Recorded
from reconciler.model.values import Attributes
from reconciler.providers.hetzner.lower.build import (
    Tree,
    act,
    at,
    changed_parts,
    create,
    delete,
    given,
    naming,
    plain,
    protect,
    put,
    refuse_protected,
)
from reconciler.providers.hetzner.lower.rules import Calls, Change, Rules


def _create(desired: Desired) -> Calls:
    _check_subnets(desired)
    body = given(desired, ip_range="ip_range", expose_routes_to_vswitch="expose_routes_to_vswitch")
    subnets = [_subnet(part.attributes) for part in desired.parts if part.type == "subnet"]
    routes = [_route(part.attributes) for part in desired.parts if part.type == "route"]
    if subnets:
        body["subnets"] = subnets
    if routes:
        body["routes"] = routes
    calls = [create(desired, body)]
    if desired.attributes.get("protected") is True:
        calls.append(protect(desired.address, on=True))
    return tuple(calls)


def _update(change: Change) -> Calls:
    address = change.recorded.address
    if change.diff.parts or change.diff.change("ip_range"):
        _check_subnets(change.desired)
    body = naming(change)
    if expose := change.diff.change("expose_routes_to_vswitch"):
        body["expose_routes_to_vswitch"] = plain(expose.after)
    calls = [*put(address, body), *_ip_range(change, address)]
    gone, come = changed_parts(change, "route")
    calls += [_delete_route(address, part.attributes) for part in gone]
    fewer, more = changed_parts(change, "subnet")
    in_the_way = [part for part in fewer if any(_overlap(part, other) for other in more)]
    calls += [_delete_subnet(address, part.attributes) for part in in_the_way]
    calls += [_add_subnet(address, part.attributes) for part in more]
    calls += [_delete_subnet(address, part.attributes) for part in fewer if part not in in_the_way]
    calls += [_add_route(address, part.attributes) for part in come]
    if protected := change.diff.change("protected"):
        calls.append(protect(address, on=protected.after is True))
    return tuple(calls)


def _delete(recorded: Recorded) -> Calls:
    refuse_protected(recorded)
    return (delete(recorded.address),)


def _ip_range(change: Change, address: Address) -> Calls:
    wanted = change.diff.change("ip_range")
    if wanted is None:
        return ()
    before, after = ipaddress.ip_network(str(wanted.before)), ipaddress.ip_network(str(wanted.after))
    if after.network_address != before.network_address or after.prefixlen > before.prefixlen:
        raise PlanError(
            f"{address}: its range cannot change from {before} to {after}",
            hint="Hetzner lets a network's range only grow, with the same first address",
        )
    words = f"{address.name}: widen the range to {after}"
    return (act(address, "change_ip_range", words, {"ip_range": str(after)}),)


def _check_subnets(desired: Desired) -> None:
    """Raises PlanError for subnets that cannot be in this network, or not beside each other."""
    whole = ipaddress.ip_network(str(desired.attributes["ip_range"]))
    taken: list[IPv4Network | IPv6Network] = []
    for part in (part for part in desired.parts if part.type == "subnet"):
        mine = ipaddress.ip_network(str(part.attributes["ip_range"]))
        place = f"{part.address}{at(part)}"
        if mine.version != whole.version or not _within(mine, whole):
            raise PlanError(
                f"{place}: {mine} is not in the network's range {whole}", hint="correct one of them"
            )
        if twin := next((other for other in taken if mine.overlaps(other)), None):
            raise PlanError(f"{place}: {mine} and the subnet {twin} overlap", hint="correct one of them")
        taken.append(mine)
        coupled = part.attributes.get("vswitch_id") is not None
        if coupled != (part.attributes.get("subnet_type") == "vswitch"):
            raise PlanError(
                f"{place}: `subnet_type: vswitch` and `vswitch_id` go together", hint="write both, or neither"
            )


def _overlap(one: Recorded, other: Desired) -> bool:
    ranges = [ipaddress.ip_network(str(part.attributes["ip_range"])) for part in (one, other)]
    return ranges[0].overlaps(ranges[1])


def _within(inner: IPv4Network | IPv6Network, outer: IPv4Network | IPv6Network) -> bool:
    return inner[0] in outer and inner[-1] in outer


def _subnet(values: Attributes) -> Tree:
    body = {"type": "subnet_type", "ip_range": "ip_range", "network_zone": "network_zone"}
    body["vswitch_id"] = "vswitch_id"
    return {field: plain(values[name]) for field, name in body.items() if values.get(name) is not None}


def _route(values: Attributes) -> Tree:
    return {name: plain(values[name]) for name in ("destination", "gateway")}


def _add_subnet(address: Address, values: Attributes) -> Call:
    words = f"{address.name}: add subnet {values['ip_range']}"
    return act(address, "add_subnet", words, _subnet(values))


def _delete_subnet(address: Address, values: Attributes) -> Call:
    body = {"ip_range": plain(values["ip_range"])}
    return act(address, "delete_subnet", f"{address.name}: delete subnet {values['ip_range']}", body)


def _add_route(address: Address, values: Attributes) -> Call:
    words = f"{address.name}: add route to {values['destination']} by {values['gateway']}"
    return act(address, "add_route", words, _route(values))


def _delete_route(address: Address, values: Attributes) -> Call:
    words = f"{address.name}: delete route to {values['destination']} by {values['gateway']}"
    return act(address, "delete_route", words, _route(values))


RULES = Rules(_create, _update, _delete)
