"""Servers: how one is shown, changed and taken away; creating and commanding one are modules of their own."""

from __future__ import annotations

from reconciler.sim.hetzner import rdns
from reconciler.sim.hetzner.call import Answer, Call, Routes, listed, require_unprotected, update
from reconciler.sim.hetzner.problems import ApiError
from reconciler.sim.hetzner.project import Json, Project
from reconciler.sim.hetzner.types import floating_ip as floating_ips
from reconciler.sim.hetzner.types import image as images
from reconciler.sim.hetzner.types import placement_group as placement_groups
from reconciler.sim.hetzner.types import primary_ip as primary_ips
from reconciler.sim.hetzner.types import volume as volumes
from reconciler.sim.hetzner.types.firewall import handlers as firewalls
from reconciler.sim.hetzner.types.network import attachments
from reconciler.sim.hetzner.validation import hostname, labels, record

_UPDATE = record(name=hostname, labels=labels)


def render(project: Project, row: Json) -> Json:
    """With type, location, image and ISO as whole objects, and `locked` while an action holds it.

    `included_traffic` is in bytes, that of its type in its location.
    """
    catalogue = project.catalogue
    server_type = catalogue.server_types[row["_server_type"]]
    location = catalogue.find("locations", row["_location"])
    group = project["placement_groups"].rows.get(row["_placement_group"])
    return {
        "id": row["id"],
        "name": row["name"],
        "status": row["status"],
        "created": row["created"],
        "public_net": _public_net(project, row),
        "private_net": attachments.shown(row),
        "server_type": server_type,
        "location": location,
        "image": images.of(project, row["_image"]),
        "iso": catalogue.isos.get(row["_iso"]),
        "rescue_enabled": row["rescue_enabled"],
        "locked": project.locked("server", row["id"]),
        "backup_window": row["backup_window"],
        "outgoing_traffic": row["outgoing_traffic"],
        "ingoing_traffic": row["ingoing_traffic"],
        "included_traffic": next(
            (
                price["included_traffic"]
                for price in server_type["prices"]
                if price["location"] == row["_location"]
            ),
            0,
        ),
        "protection": row["protection"],
        "labels": row["labels"],
        "volumes": list(row["_volumes"]),
        "load_balancers": [],
        "primary_disk_size": row["primary_disk_size"],
        "placement_group": placement_groups.render(project, group) if group else None,
    }


def _public_net(project: Project, row: Json) -> Json:
    addresses = project["primary_ips"].rows
    ipv4, ipv6 = addresses.get(row["_ipv4"]), addresses.get(row["_ipv6"])
    return {
        "ipv4": ipv4
        and {
            "id": ipv4["id"],
            "ip": ipv4["ip"],
            "blocked": ipv4["blocked"],
            "dns_ptr": ipv4["_names"][ipv4["ip"]],
        },
        "ipv6": ipv6
        and {
            "id": ipv6["id"],
            "ip": ipv6["ip"],
            "blocked": ipv6["blocked"],
            "dns_ptr": rdns.shown(ipv6["_names"]),
        },
        "floating_ips": list(row["_floating_ips"]),
        "firewalls": [
            {"id": number, "status": status} for number, status in firewalls.on_server(project, row).items()
        ],
    }


def index(call: Call) -> Answer:
    """Servers, all or by name, label or `status`; sorted by id, name or creation."""
    return listed(call, "servers", lambda row: render(call.project, row), equal=("status",))


def show(call: Call) -> Answer:
    """One server, `deleting` too; when that action is done it is `not_found` (404)."""
    return Answer(200, {"server": render(call.project, call.row("servers"))})


def change(call: Call) -> Answer:
    """Name, which is a hostname and unique, and labels, also while an action runs on it."""
    row = update(call, "servers", call.read(_UPDATE))
    return Answer(200, {"server": render(call.project, row)})


def delete(call: Call) -> Answer:
    """The server is `deleting` until the action is done, then it is gone and has let go of everything."""
    row = call.row("servers")
    me = ("server", row["id"])
    if row["status"] == "deleting":
        raise ApiError("locked", "the server is being deleted")
    call.project.require_free([me])
    require_unprotected(row)
    before = row["status"]
    row["status"] = "deleting"
    row["_epoch"] += 1
    action = call.start(
        "delete_server",
        [me],
        lambda: _remove(call.project, row),
        undo=lambda: row.update(status=before),
        locks=[me],
    )
    return Answer(200, {"action": call.show(action)})


def _remove(project: Project, row: Json) -> None:
    take_off(project, row)
    project["servers"].remove(row["id"])
    project.timeline.unlock(("server", row["id"]))


def take_off(project: Project, row: Json) -> None:
    """What the server held is free; addresses with `auto_delete` and backups go with it."""
    for network_id in list(row["_nets"]):
        attachments.detach(project, row, network_id)
    for number in list(row["_volumes"]):
        volumes.take_off(project, project["volumes"].get(number))
    for number in list(row["_floating_ips"]):
        floating_ips.take_off(project, project["floating_ips"].get(number))
    for number in list(row["_firewalls"]):
        firewalls.take_off(project, project["firewalls"].get(number), row["id"])
    placement_groups.leave(project, row)
    for number in (row["_ipv4"], row["_ipv6"]):
        if number is not None:
            address = project["primary_ips"].get(number)
            primary_ips.take_off(project, address)
            if address["auto_delete"]:
                project["primary_ips"].remove(number)
    drop_backups(project, row)


def drop_backups(project: Project, row: Json) -> None:
    """Delete the images that are bound to the server."""
    made = project["images"]
    for number in [image["id"] for image in made.rows.values() if image["bound_to"] == row["id"]]:
        made.remove(number)


ROUTES: Routes = {
    "GET /servers": index,
    "GET /servers/{id}": show,
    "PUT /servers/{id}": change,
    "DELETE /servers/{id}": delete,
}
