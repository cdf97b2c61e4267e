"""Networks: subnets and routes go into the creation; later each comes and goes by an action of its own.

The API changes one thing of a network at a time, so the order matters: room first, then routes that go, then
subnets: what comes before what goes, so that machines can move from the one to the other, except where both
want the same addresses; and a route only beside the subnet it leads through.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network

from reconciler.errors import ErrorCode, PlanError, ProviderError
from reconciler.model.address import Address
from reconciler.model.plan import Call
from reconciler.model.resource import Desired, Observed, Recorded
from reconciler.model.values import Attributes, Value
from reconciler.providers.driver import Request
from reconciler.providers.hetzner.calls import (
    Calls,
    Change,
    Tree,
    at,
    changed_parts,
    given,
    plain,
    refuse_protected,
    target_id,
)
from reconciler.providers.hetzner.client import HetznerClient
from reconciler.providers.hetzner.errors import malformed
from reconciler.providers.hetzner.reading import Json, attributes, observed, observed_part
from reconciler.providers.hetzner.resource_type import Beside, ResourceType, Rules
from reconciler.providers.hetzner.wire import Wire

WIRE = Wire("network", "network", "networks", "network")
_SUBNET, _ROUTE = "subnet", "route"
_LOOK = "network.look"


def _read(data: Json, _: Beside) -> Observed:
    values = attributes(
        ip_range=data["ip_range"],
        expose_routes_to_vswitch=data["expose_routes_to_vswitch"],
        protected=data["protection"]["delete"],
        created=data["created"],
    )
    parts = [*map(_read_subnet, data["subnets"]), *map(_read_route, data["routes"])]
    return observed(WIRE, data, values, parts=parts)


def _read_subnet(data: Json) -> Observed:
    values = attributes(
        ip_range=data["ip_range"],
        subnet_type=data["type"],
        network_zone=data["network_zone"],
        vswitch_id=data.get("vswitch_id"),
        gateway=data["gateway"],
    )
    return observed_part(_SUBNET, data["ip_range"], values)


def _read_route(data: Json) -> Observed:
    values = attributes(destination=data["destination"], gateway=data["gateway"])
    return observed_part(_ROUTE, f"{data['destination']} {data['gateway']}", values)


def _create(desired: Desired) -> Calls:
    _check_subnets(desired)
    body = given(desired, ip_range="ip_range", expose_routes_to_vswitch="expose_routes_to_vswitch")
    subnets = [_subnet(part) for part in desired.parts if part.type == _SUBNET]
    routes = [_route(part.attributes) for part in desired.parts if part.type == _ROUTE]
    if subnets:
        body["subnets"] = subnets
    if routes:
        body["routes"] = routes
    return (WIRE.create(desired, body), *WIRE.protect_new(desired))


def _update(change: Change) -> Calls:
    address = change.recorded.address
    if change.diff.parts or change.diff.change("ip_range"):
        _check_subnets(change.desired)
    body = WIRE.naming(change)
    if expose := change.diff.change("expose_routes_to_vswitch"):
        body["expose_routes_to_vswitch"] = plain(expose.after)
    calls = [*WIRE.put(address, body), *_ip_range(change, address)]
    gone, come = changed_parts(change, _ROUTE)
    calls += [_delete_route(address, part.attributes) for part in gone]
    fewer, more = changed_parts(change, _SUBNET)
    in_the_way = [part for part in fewer if any(_overlap(part, other) for other in more)]
    calls += [_delete_subnet(address, part.attributes) for part in in_the_way]
    calls += [_add_subnet(address, part) for part in more]
    calls += [_delete_subnet(address, part.attributes) for part in fewer if part not in in_the_way]
    calls += [_add_route(address, part.attributes) for part in come]
    return (*calls, *WIRE.change_protection(change))


def _delete(recorded: Recorded) -> Calls:
    refuse_protected(recorded)
    return (WIRE.delete(recorded.address),)


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
    return (WIRE.act(address, "change_ip_range", words, {"ip_range": str(after)}),)


def _check_subnets(desired: Desired) -> None:
    """Raises PlanError for subnets that cannot be in this network, or not beside each other."""
    whole = ipaddress.ip_network(str(desired.attributes["ip_range"]))
    taken: list[IPv4Network | IPv6Network] = []
    for part in (part for part in desired.parts if part.type == _SUBNET):
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


def _subnet(part: Desired) -> Tree:
    names = {"type": "subnet_type", "ip_range": "ip_range", "network_zone": "network_zone"}
    return given(part, **names, vswitch_id="vswitch_id")


def _route(values: Attributes) -> Tree:
    return {name: plain(values[name]) for name in ("destination", "gateway")}


def _add_subnet(address: Address, part: Desired) -> Call:
    words = f"{address.name}: add subnet {part.attributes['ip_range']}"
    return WIRE.act(address, "add_subnet", words, _subnet(part))


def _delete_subnet(address: Address, values: Attributes) -> Call:
    body = {"ip_range": plain(values["ip_range"])}
    return WIRE.act(address, "delete_subnet", f"{address.name}: delete subnet {values['ip_range']}", body)


def _add_route(address: Address, values: Attributes) -> Call:
    words = f"{address.name}: add route to {values['destination']} by {values['gateway']}"
    return WIRE.act(address, "add_route", words, _route(values))


def _delete_route(address: Address, values: Attributes) -> Call:
    words = f"{address.name}: delete route to {values['destination']} by {values['gateway']}"
    return WIRE.act(address, "delete_route", words, _route(values))


def ranges(desired: Desired | None, recorded: Recorded | None) -> list[str] | None:
    """The subnets that a network shall have; where its manifest is silent, those it has. None: unknown."""
    silent = desired is None or (_SUBNET not in desired.collections and recorded is not None)
    network = recorded if silent else desired
    if network is None:
        return None
    return sorted(str(part.attributes["ip_range"]) for part in network.parts if part.type == _SUBNET)


def covers(subnets: Iterable[str], ip: str) -> bool:
    """Whether an address lies in one of these ranges."""
    address = ipaddress.ip_address(ip)
    return any(address in ipaddress.ip_network(each) for each in subnets)


def look_for_room(machine: Address, network: Value, ip: str) -> Call:
    """The call that sees, before a machine leaves the network, whether it can come back with that address."""
    return Call(
        operation=_LOOK,
        method="GET",
        path=f"/{WIRE.collection}/{{id}}",
        summary=f"{machine.name}: see whether {network} has a subnet for {ip}",
        path_params=(("id", target_id(network)), ("ip", ip)),
        reads=True,
    )


def _look(client: HetznerClient, request: Request) -> None:
    ip, name = request.path_params["ip"], client.named("GET", request.path)
    try:
        network = client.get(request.path)[WIRE.noun]
        subnets = [each["ip_range"] for each in network["subnets"]]
        room = covers(subnets, ip)
    except (KeyError, TypeError, ValueError):
        raise malformed(name, "GET", "the answer cannot be read") from None
    if not room:
        words = f"{network['name']} has no subnet for {ip}, only {', '.join(subnets) or 'none'}"
        raise ProviderError(
            f"{name}: {words}; nothing was changed", code=ErrorCode.INVALID, hint="apply the network first"
        )


_RULES = Rules(_create, _update, _delete, most_parts={_ROUTE: 50, _SUBNET: 50})
TYPE = ResourceType(WIRE, _read, _RULES, reads={_LOOK: _look})
