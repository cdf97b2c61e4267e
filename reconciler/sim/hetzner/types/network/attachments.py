"""A server's place in private networks: taking an address, giving it back, and the members of a network.

An attachment lives in the server's record (`_nets`, by network id); the network's `_members` is the index
to the servers that have one.
"""

from __future__ import annotations

from reconciler.sim.hetzner.actions import Effect
from reconciler.sim.hetzner.call import Call
from reconciler.sim.hetzner.problems import ApiError, invalid
from reconciler.sim.hetzner.project import Json, Project
from reconciler.sim.hetzner.types.network import subnets


def attach(
    call: Call,
    server: Json,
    network: Json,
    *,
    ip: str | None = None,
    ip_range: str | None = None,
    alias_ips: list[str] | None = None,
) -> Json:
    """Reserve a place, not yet shown: it is `attaching` until its action is done."""
    project = call.project
    if network["id"] in server["_nets"]:
        raise ApiError("server_already_attached", "the server is already attached to the network")
    mine = subnets.network(network["ip_range"])
    for other in server["_nets"]:
        if mine.overlaps(subnets.network(project["networks"].get(other)["ip_range"])):
            raise ApiError("networks_overlap", "the network overlaps with another network of the server")
    place = project.catalogue.find("locations", server["_location"])
    zone = place["network_zone"] if place else ""
    address = subnets.allocate(network, zone, server["id"], ip, ip_range)
    attachment = {
        "ip": address,
        "alias_ips": [],
        "mac_address": project.numbers.mac(),
        "status": "attaching",
    }
    try:
        _reserve(network, server["id"], attachment, alias_ips or [])
    except ApiError:
        subnets.release(network, address)
        raise
    attachment["alias_ips"] = list(alias_ips or [])
    server["_nets"][network["id"]] = attachment
    network["_members"][server["id"]] = None
    return attachment


def _reserve(network: Json, server_id: int, attachment: Json, wanted: list[str]) -> None:
    """Take alias addresses beside those that the server has; all of them are available, or none is taken."""
    for ip in wanted:
        if not subnets.holding(network, ip):
            raise invalid("alias_ips", f"{ip} is in no subnet of the network")
        if ip in network["_ips"] and ip not in attachment["alias_ips"]:
            raise ApiError("ip_not_available", f"the IP {ip} is not available")
    for ip in wanted:
        network["_ips"][ip] = server_id


def change_aliases(
    network: Json, server_id: int, attachment: Json, wanted: list[str]
) -> tuple[Effect, Effect]:
    """Begin to replace the alias addresses; what ends that as wanted, and what ends it as it was before.

    Until then the old and the new ones are taken, and the old ones are shown.
    """
    before = attachment["alias_ips"]
    _reserve(network, server_id, attachment, wanted)
    attachment["status"] = "updating"

    def end(kept: list[str], left: list[str]) -> None:
        for ip in left:
            if ip not in kept:
                subnets.release(network, ip)
        attachment.update(alias_ips=kept, status="ok")

    return lambda: end(wanted, before), lambda: end(before, wanted)


def attached(server: Json, network_id: int) -> Json:
    """The attachment, on its way in or out too; `invalid_input` where the server has none."""
    attachment: Json | None = server["_nets"].get(network_id)
    if attachment is None:
        raise invalid("network", "the server is not attached to the network")
    return attachment


def mark(server: Json, network_id: int, status: str) -> None:
    """Set an attachment's status, if it is still there."""
    if attachment := server["_nets"].get(network_id):
        attachment["status"] = status


def detach(project: Project, server: Json, network_id: int) -> None:
    """Take the server out of the network, if it is in it."""
    attachment = server["_nets"].pop(network_id, None)
    network = project["networks"].rows.get(network_id)
    if attachment is None or network is None:
        return
    network["_members"].pop(server["id"], None)
    for ip in [attachment["ip"], *attachment["alias_ips"]]:
        subnets.release(network, ip)


def shown(server: Json) -> list[Json]:
    """The server's `private_net`."""
    return [
        {
            "network": network_id,
            "ip": attachment["ip"],
            "alias_ips": attachment["alias_ips"],
            "mac_address": attachment["mac_address"],
        }
        for network_id, attachment in server["_nets"].items()
        if attachment["status"] != "attaching"
    ]


def members(project: Project, network: Json) -> list[Json]:
    """The network's members, also those on their way in or out."""
    found = []
    for server_id in network["_members"]:
        attachment = project["servers"].get(server_id)["_nets"][network["id"]]
        found.append(
            {
                "type": "server",
                "id": server_id,
                "ip": attachment["ip"],
                "alias_ips": attachment["alias_ips"],
                "status": attachment["status"],
                "subnet": subnets.holding(network, attachment["ip"]),
            }
        )
    return found
