"""Networks, their subnets and routes. One change at a time: a second one meets `conflict`."""

from __future__ import annotations

from reconciler.sim.hetzner import action_lists
from reconciler.sim.hetzner.actions import Effect
from reconciler.sim.hetzner.call import (
    Answer,
    Call,
    Routes,
    change_protection,
    listed,
    public,
    require_unprotected,
    update,
)
from reconciler.sim.hetzner.collection import Collection
from reconciler.sim.hetzner.problems import invalid
from reconciler.sim.hetzner.project import Json, Kind, Project
from reconciler.sim.hetzner.types.network import attachments, subnets
from reconciler.sim.hetzner.validation import (
    Problems,
    address4,
    flag,
    labels,
    many,
    network4,
    private_network,
    record,
    text,
    whole,
)

ZONES = ("eu-central", "us-east", "us-west", "ap-southeast")


def _destination(path: str, value: object) -> Problems:
    if value != "0.0.0.0/0":
        yield from private_network(32)(path, value)


_SUBNET = record(
    {"type": text(choices=("cloud", "server", "vswitch")), "network_zone": text(choices=ZONES)},
    ip_range=private_network(30),
    vswitch_id=whole(low=1),
    gateway=text(),  # read only, but every client written in Go sends it, empty
)
_ROUTE = record({"destination": _destination, "gateway": address4})
_CREATE = record(
    {"name": text(low=1, high=128), "ip_range": private_network(24)},
    labels=labels,
    subnets=many(_SUBNET),
    routes=many(_ROUTE),
    expose_routes_to_vswitch=flag,
)
_UPDATE = record(name=text(low=1, high=128), labels=labels, expose_routes_to_vswitch=flag)
_PROTECTION = record(delete=flag)


def render(project: Project, row: Json) -> Json:
    """With `servers`: the ids of the members, without those that are still attaching."""
    servers = project["servers"].rows
    inside = [
        number for number in row["_members"] if servers[number]["_nets"][row["id"]]["status"] != "attaching"
    ]
    return {**public(row), "servers": inside, "load_balancers": []}


def _answer(call: Call, row: Json, status: int = 200) -> Answer:
    return Answer(status, {"network": render(call.project, row)})


def _changeable(call: Call) -> Json:
    row = call.row("networks")
    call.project.require_free([("network", row["id"])])
    return row


def _changing(call: Call, row: Json, command: str, effect: Effect) -> Answer:
    resource = ("network", row["id"])
    return call.one_action(call.start(command, [resource], effect, locks=[resource]))


def index(call: Call) -> Answer:
    """Networks, all or by name or label; sorted by id, name or creation."""
    return listed(call, "networks", lambda row: render(call.project, row))


def show(call: Call) -> Answer:
    """One network; what an action adds is in it when the action is done."""
    return _answer(call, call.row("networks"))


def create(call: Call) -> Answer:
    """There at once, without an action; one subnet or route that does not fit refuses the whole.

    That is `invalid_input`. A subnet without a range takes the first free /24.
    """
    body = call.read(_CREATE)
    call.project["networks"].claim(body["name"])
    row: Json = {
        "id": 0,
        "name": body["name"],
        "ip_range": body["ip_range"],
        "subnets": [],
        "routes": [],
        "protection": {"delete": False},
        "labels": body.get("labels", {}),
        "created": call.time,
        "expose_routes_to_vswitch": body.get("expose_routes_to_vswitch", False),
        "_members": {},
        "_ips": {},
        "_hints": {},
    }
    for wanted in body.get("subnets", []):
        row["subnets"].append(subnets.new_subnet(row, wanted))
    for route in body.get("routes", []):
        subnets.check_route(row, route)
        row["routes"].append(route)
    row["id"] = call.project.numbers.id()
    return _answer(call, call.project["networks"].add(row), 201)


def change(call: Call) -> Answer:
    """Name, labels, `expose_routes_to_vswitch`; `conflict` (409) while another change runs."""
    _changeable(call)
    return _answer(call, update(call, "networks", call.read(_UPDATE)))


def delete(call: Call) -> Answer:
    """Detaches the members by itself, as the API does, and without actions."""
    row = _changeable(call)
    require_unprotected(row)
    take_off(call.project, row)
    call.project["networks"].remove(row["id"])
    return Answer(204)


def take_off(project: Project, row: Json) -> None:
    """Detach all members at once, also those on their way in or out."""
    for server_id in list(row["_members"]):
        attachments.detach(project, project["servers"].get(server_id), row["id"])


def add_subnet(call: Call) -> Answer:
    """Without a range the first free /24 of the network.

    One that is not inside the network, or overlaps another subnet or a route, is `invalid_input`.
    """
    row = _changeable(call)
    subnet = subnets.new_subnet(row, call.read(_SUBNET))
    return _changing(call, row, "add_subnet", lambda: row["subnets"].append(subnet))


def delete_subnet(call: Call) -> Answer:
    """By its range; while a member has an address in it, it is refused (`invalid_input`)."""
    row = _changeable(call)
    ip_range = call.read(record({"ip_range": network4}))["ip_range"]
    if all(subnet["ip_range"] != ip_range for subnet in row["subnets"]):
        raise invalid("ip_range", "the network has no such subnet")
    if any(subnets.holding(row, ip) == ip_range for ip in row["_ips"]):
        raise invalid("ip_range", "resources are attached to the subnet")
    return _changing(
        call,
        row,
        "delete_subnet",
        lambda: row.update(subnets=[s for s in row["subnets"] if s["ip_range"] != ip_range]),
    )


def add_route(call: Call) -> Answer:
    """One over a subnet or another route, or by a gateway not to be had, is `invalid_input`."""
    row = _changeable(call)
    route = call.read(_ROUTE)
    subnets.check_route(row, route)
    return _changing(call, row, "add_route", lambda: row["routes"].append(route))


def delete_route(call: Call) -> Answer:
    """By destination and gateway together; one that is not there is `invalid_input`."""
    row = _changeable(call)
    route = call.read(_ROUTE)
    if route not in row["routes"]:
        raise invalid("destination", "the network has no such route")
    return _changing(call, row, "delete_route", lambda: row["routes"].remove(route))


def change_ip_range(call: Call) -> Answer:
    """Only ever larger, with the same first address; anything else is `invalid_input`.

    Members go on as they are: that they need a reboot to get the route is not simulated.
    """
    row = _changeable(call)
    wanted = call.read(record({"ip_range": private_network(24)}))["ip_range"]
    now, new = subnets.network(row["ip_range"]), subnets.network(wanted)
    if new.network_address != now.network_address or new.prefixlen >= now.prefixlen:
        raise invalid("ip_range", "can only be extended, from the same first address")
    return _changing(call, row, "change_ip_range", lambda: row.update(ip_range=wanted))


def protect(call: Call) -> Answer:
    """Against deletion; done at once, but `conflict` (409) while the network is being changed."""
    _changeable(call)
    return change_protection(call, "networks", call.read(_PROTECTION))


def members(call: Call) -> Answer:
    """Pages of the members: address, subnet, and status, from `attaching` to `detaching`."""
    rows = attachments.members(call.project, call.row("networks"))
    sorts = ("id", "type", "status", "ip")
    return listed(
        call,
        "networks",
        lambda row: row,
        rows=rows,
        equal=("type", "subnet", "status"),
        sorts=sorts,
        key="members",
        labelled=False,
    )


ROUTES: Routes = {
    **action_lists.routes("networks"),
    "GET /networks": index,
    "POST /networks": create,
    "GET /networks/{id}": show,
    "PUT /networks/{id}": change,
    "DELETE /networks/{id}": delete,
    "GET /networks/{id}/members": members,
    "POST /networks/{id}/actions/add_subnet": add_subnet,
    "POST /networks/{id}/actions/delete_subnet": delete_subnet,
    "POST /networks/{id}/actions/add_route": add_route,
    "POST /networks/{id}/actions/delete_route": delete_route,
    "POST /networks/{id}/actions/change_ip_range": change_ip_range,
    "POST /networks/{id}/actions/change_protection": protect,
}

COLLECTION = Collection(Kind("networks", "network"), ROUTES, render, take_off)
