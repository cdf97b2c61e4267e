"""Creating a server: everything is checked before anything is made, so a refusal leaves nothing behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reconciler.sim.hetzner.actions import Action
from reconciler.sim.hetzner.call import Answer, Call, Routes, lookup
from reconciler.sim.hetzner.problems import ApiError, invalid
from reconciler.sim.hetzner.project import Json, Project
from reconciler.sim.hetzner.types import image as images
from reconciler.sim.hetzner.types import placement_group as placement_groups
from reconciler.sim.hetzner.types import primary_ip as primary_ips
from reconciler.sim.hetzner.types import volume as volumes
from reconciler.sim.hetzner.types.firewall import handlers as firewalls
from reconciler.sim.hetzner.types.network import attachments
from reconciler.sim.hetzner.types.server import record as servers
from reconciler.sim.hetzner.validation import (
    Problems,
    flag,
    hostname,
    labels,
    many,
    nullable,
    record,
    reference,
    whole,
)

USER_DATA_BYTES = 32 * 1024
VERSIONS = ("ipv4", "ipv6")


def user_data(path: str, value: Any) -> Problems:
    """A string of at most 32 KiB in UTF-8, for creation and rebuild."""
    if not isinstance(value, str):
        yield path, "must be a string"
    elif len(value.encode()) > USER_DATA_BYTES:
        yield path, "is larger than 32 KiB"


_CREATE = record(
    {"name": hostname, "server_type": reference, "image": reference},
    location=reference,
    start_after_create=flag,
    placement_group=whole(low=1),
    ssh_keys=many(reference),
    volumes=many(whole(low=1)),
    networks=many(whole(low=1)),
    firewalls=many(record({"firewall": whole(low=1)})),
    user_data=user_data,
    labels=labels,
    automount=flag,
    public_net=record(
        enable_ipv4=flag, enable_ipv6=flag, ipv4=nullable(whole(low=1)), ipv6=nullable(whole(low=1))
    ),
)


@dataclass(slots=True)
class _Wish:
    """What a request asks for, looked up and found possible. `addresses`: None where one is to be made."""

    body: Json
    server_type: Json
    location: str
    image: Json
    ssh_keys: list[Json]
    volumes: list[Json]
    networks: list[Json]
    firewalls: list[Json]
    group: Json | None
    addresses: dict[str, Json | None]


def create(call: Call) -> Answer:
    """`initializing` until its action is done; `next_actions` attach what it gets and start it.

    Beside `invalid_input`: sold out is `resource_unavailable`, a full group `placement_error`, a primary IP
    that does not fit one of the `primary_ip_…` codes; for firewalls, volumes and networks it is what their
    own commands say, also of one that is given twice. A creation that fails leaves a server that is off.
    """
    wish = _wish(call, call.read(_CREATE))
    row = _record(call, wish)
    try:
        for network in wish.networks:
            attachments.attach(call, row, network)
    except ApiError:
        for number in list(row["_nets"]):
            attachments.detach(call.project, row, number)
        raise
    call.project["servers"].add(row)
    _bind(call, wish, row)
    action, later = _start(call, wish, row)
    payload = {
        "server": servers.render(call.project, row),
        "action": call.show(action),
        "next_actions": [call.show(one) for one in later],
        "root_password": None if wish.ssh_keys else call.project.numbers.password(),
    }
    return Answer(201, payload)


def _wish(call: Call, body: Json) -> _Wish:
    project = call.project
    project["servers"].claim(body["name"])
    server_type = lookup(call, "server_types", body["server_type"])
    location = _location(call, body, server_type)
    wish = _Wish(
        body=body,
        server_type=server_type,
        location=location,
        image=images.find(call, body["image"], server_type["architecture"]),
        ssh_keys=[lookup(call, "ssh_keys", item) for item in body.get("ssh_keys", [])],
        volumes=[lookup(call, "volumes", item) for item in body.get("volumes", [])],
        networks=[lookup(call, "networks", item) for item in body.get("networks", [])],
        firewalls=[lookup(call, "firewalls", item["firewall"]) for item in body.get("firewalls", [])],
        group=lookup(call, "placement_groups", body["placement_group"])
        if "placement_group" in body
        else None,
        addresses=_addresses(call, body.get("public_net", {}), location),
    )
    _check(project, wish)
    return wish


def _location(call: Call, body: Json, server_type: Json) -> str:
    """Where the server goes; without a wish, to the first place that has the type."""
    offers = {offer["name"]: offer for offer in server_type["locations"] if not call.withdrawn(offer)}
    if "location" in body:
        name = lookup(call, "locations", body["location"])["name"]
        if name not in offers:
            raise invalid("location", f"server type {server_type['name']} is not sold in {name}")
        if not offers[name]["available"]:
            raise ApiError("resource_unavailable", f"{server_type['name']} is not available in {name}")
        return str(name)
    for name, offer in offers.items():
        if offer["available"]:
            return str(name)
    raise ApiError("resource_unavailable", f"{server_type['name']} is not available anywhere")


def _addresses(call: Call, wanted: Json, location: str) -> dict[str, Json | None]:
    """By version: the Primary IP to use, or None for a new one; a version that is off is left out."""
    found: dict[str, Json | None] = {}
    for version in VERSIONS:
        if not wanted.get(f"enable_{version}", True):
            if wanted.get(version) is not None:
                raise invalid(f"public_net.{version}", f"enable_{version} is false")
            continue
        number = wanted.get(version)
        if number is None:
            found[version] = None
            continue
        address = lookup(call, "primary_ips", number)
        call.project.require_free([("primary_ip", number)])
        if address["type"] != version:
            raise ApiError("primary_ip_version_mismatch", "the Primary IP has the wrong IP version")
        if address["assignee_id"] is not None:
            raise ApiError("primary_ip_assigned", "the Primary IP is already assigned to a server")
        if address["location"] != location:
            raise ApiError("primary_ip_datacenter_mismatch", "the Primary IP is in a different location")
        found[version] = address
    return found


def _check(project: Project, wish: _Wish) -> None:
    body = wish.body
    if not wish.addresses and not wish.networks and body.get("start_after_create", True):
        raise invalid("public_net", "a server needs a public or a private network")
    if wish.firewalls and not wish.addresses:
        raise ApiError("private_net_only_server", "the server would have no public interface")
    applied = [firewall["id"] for firewall in wish.firewalls]
    if len(set(applied)) != len(applied):
        raise ApiError("firewall_already_applied", "a firewall was given more than once")
    firewalls.require_room(project, body.get("labels", {}), applied)
    if body.get("automount") and not wish.volumes:
        raise invalid("automount", "needs volumes")
    if len(wish.volumes) > volumes.MAX_VOLUMES_PER_SERVER:
        raise ApiError("resource_limit_exceeded", "too many volumes for one server")
    if wish.group:
        placement_groups.require_room(wish.group)
    if len({volume["id"] for volume in wish.volumes}) != len(wish.volumes):
        raise ApiError("volume_already_attached", "a volume was given more than once")
    for volume in wish.volumes:
        project.require_free([("volume", volume["id"])])
        volumes.require_attachable(volume, wish.location)
    project.require_free(("network", network["id"]) for network in wish.networks)


def _record(call: Call, wish: _Wish) -> Json:
    return {
        "id": call.project.numbers.id(),
        "name": wish.body["name"],
        "status": "initializing",
        "created": call.time,
        "labels": wish.body.get("labels", {}),
        "protection": {"delete": False, "rebuild": False},
        "rescue_enabled": False,
        "backup_window": None,
        "outgoing_traffic": 0,
        "ingoing_traffic": 0,
        "primary_disk_size": wish.server_type["disk"],
        "_location": wish.location,
        "_server_type": wish.server_type["id"],
        "_image": wish.image["id"],
        "_iso": None,
        "_placement_group": None,
        "_ipv4": None,
        "_ipv6": None,
        "_nets": {},
        "_volumes": {},
        "_floating_ips": {},
        "_firewalls": {},
        "_ssh_keys": [key["id"] for key in wish.ssh_keys],
        "_user_data": wish.body.get("user_data"),
        "_acpi": True,  # whether the guest reacts to a graceful shutdown
        "_epoch": 0,  # counts power changes, so that a late one cannot undo a newer one
        "_rescue_until": 0.0,
        "_booted": None,
    }


def _bind(call: Call, wish: _Wish, row: Json) -> None:
    """What belongs to the server from the first moment: addresses, placement group, firewalls."""
    project = call.project
    for version, chosen in wish.addresses.items():
        address = chosen
        if address is None:
            address = primary_ips.new(project, call.time, version, wish.location)
            address["auto_delete"] = True
        primary_ips.put_on(row, address)
    if wish.group:
        wish.group["_servers"][row["id"]] = None
        row["_placement_group"] = wish.group["id"]
    for firewall in wish.firewalls:
        firewall["_targets"].append(("server", row["id"]))
        row["_firewalls"][firewall["id"]] = "applied"


def _start(call: Call, wish: _Wish, row: Json) -> tuple[Action, list[Action]]:
    me = ("server", row["id"])

    starts = wish.body.get("start_after_create", True)

    def off() -> None:
        row["status"] = "off"

    def created() -> None:
        row["status"] = "starting" if starts else "off"

    first = call.start("create_server", [me], created, undo=off, locks=[me])
    later = [_start_attach(call, row, network, first) for network in wish.networks]
    later += [volumes.start_attach(call, volume, row, after=[first]) for volume in wish.volumes]
    if starts:

        def running() -> None:
            row.update(status="running", _booted="disk")

        later.append(call.start("start_server", [me], running, undo=off, locks=[me], after=[first, *later]))
    return first, later


def _start_attach(call: Call, row: Json, network: Json, first: Action) -> Action:
    number = network["id"]
    return call.start(
        "attach_to_network",
        [("server", row["id"]), ("network", number)],
        lambda: attachments.mark(row, number, "ok"),
        undo=lambda: attachments.detach(call.project, row, number),
        locks=[("server", row["id"])],
        after=[first],
    )


ROUTES: Routes = {"POST /servers": create}
