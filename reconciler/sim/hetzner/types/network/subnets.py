"""The arithmetic of private networks: which ranges fit, and which address comes next."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network

from reconciler.sim.hetzner.problems import ApiError, invalid
from reconciler.sim.hetzner.project import Json

# The gateway of a server's public interface; no route may lead over or to it.
PUBLIC_GATEWAY = IPv4Address("172.31.1.1")


@lru_cache(maxsize=4096)
def network(text: str) -> IPv4Network:
    """A range as an object, from a cache: the same few are asked for all the time."""
    return IPv4Network(text)


def new_subnet(row: Json, wanted: Json) -> Json:
    """The subnet as it is stored; refuses a range that does not fit into the network or is taken."""
    ip_range = wanted.get("ip_range") or _first_free(row)
    subnet = network(ip_range)
    if not subnet.subnet_of(network(row["ip_range"])):
        raise invalid("ip_range", "subnet is not within the network's ip_range")
    if any(subnet.overlaps(network(other["ip_range"])) for other in row["subnets"]):
        raise invalid("ip_range", "subnet overlaps with another subnet")
    if any(_overlaps_route(subnet, route) for route in row["routes"]):
        raise invalid("ip_range", "subnet overlaps with the destination of a route")
    if (wanted["type"] == "vswitch") != ("vswitch_id" in wanted):
        raise invalid("vswitch_id", "must be given for subnets of type vswitch, and only for those")
    return {
        "type": wanted["type"],
        "ip_range": ip_range,
        "network_zone": wanted["network_zone"],
        "gateway": str(network(row["ip_range"])[1]),
        "vswitch_id": wanted.get("vswitch_id"),
    }


def _first_free(row: Json) -> str:
    taken = [network(other["ip_range"]) for other in row["subnets"]]
    for candidate in network(row["ip_range"]).subnets(new_prefix=24):
        if not any(candidate.overlaps(other) for other in taken):
            return str(candidate)
    raise invalid("ip_range", "the network has no free /24 range left")


def check_route(row: Json, route: Json) -> None:
    """Refuse a route that collides with the network's subnets, other routes or its gateways."""
    destination, gateway = network(route["destination"]), IPv4Address(route["gateway"])
    if PUBLIC_GATEWAY in destination and destination.prefixlen > 0:
        raise invalid("destination", f"must not overlap with {PUBLIC_GATEWAY}")
    if destination.prefixlen > 0:
        if any(destination.overlaps(network(subnet["ip_range"])) for subnet in row["subnets"]):
            raise invalid("destination", "overlaps with a subnet")
        if any(_overlaps_route(destination, other) for other in row["routes"]):
            raise invalid("destination", "overlaps with another route")
    elif any(other["destination"] == route["destination"] for other in row["routes"]):
        raise invalid("destination", "overlaps with another route")
    ip_range = network(row["ip_range"])
    if gateway == PUBLIC_GATEWAY or gateway == ip_range[1] or gateway not in ip_range:
        raise invalid("gateway", "must be an address of the network that is no gateway itself")


def _overlaps_route(candidate: IPv4Network, route: Json) -> bool:
    destination = network(route["destination"])
    return destination.prefixlen > 0 and candidate.overlaps(destination)


def allocate(row: Json, zone: str, owner: int, ip: str | None = None, ip_range: str | None = None) -> str:
    """Reserve an address for a server in one of the network's subnets in `zone`; the first free one."""
    subnets = [
        subnet
        for subnet in row["subnets"]
        if subnet["type"] != "vswitch"
        and subnet["network_zone"] == zone
        and ip_range in (None, subnet["ip_range"])
    ]
    if not subnets:
        raise ApiError("no_subnet_available", "no subnet is available for the server within the network")
    if ip is not None:
        if not any(_usable(row, subnet, ip) for subnet in subnets):
            raise ApiError("ip_not_available", f"the IP {ip} is not available")
        row["_ips"][ip] = owner
        return ip
    for subnet in subnets:
        if found := _next_free(row, subnet):
            row["_ips"][found] = owner
            return found
    raise ApiError("no_subnet_available", "no IP is available for the server within the network")


def _usable(row: Json, subnet: Json, ip: str) -> bool:
    span, address = network(subnet["ip_range"]), IPv4Address(ip)
    reserved = (span.network_address, span.broadcast_address, IPv4Address(subnet["gateway"]))
    return address in span and address not in reserved and ip not in row["_ips"]


def _next_free(row: Json, subnet: Json) -> str | None:
    """Starts where the last search ended, so that a subnet of thousands stays quick to fill."""
    span = network(subnet["ip_range"])
    hints: dict[str, int] = row["_hints"]
    gateway = subnet["gateway"]
    for number in range(hints.get(subnet["ip_range"], 1), span.num_addresses - 1):
        ip = str(span[number])
        if ip not in row["_ips"] and ip != gateway:
            hints[subnet["ip_range"]] = number + 1
            return ip
    return None


def release(row: Json, ip: str) -> None:
    """Give an address back; the next search in its subnet starts there, or before it."""
    row["_ips"].pop(ip, None)
    for subnet in row["subnets"]:
        span = network(subnet["ip_range"])
        if IPv4Address(ip) in span:
            number = int(IPv4Address(ip)) - int(span.network_address)
            hints = row["_hints"]
            hints[subnet["ip_range"]] = min(number, hints.get(subnet["ip_range"], number))


def holding(row: Json, ip: str) -> str:
    """The subnet that an address lies in."""
    address = IPv4Address(ip)
    return next((s["ip_range"] for s in row["subnets"] if address in network(s["ip_range"])), "")
