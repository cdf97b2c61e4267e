"""Commands that change what a server is: its type, image, networks, placement group, ISO, protection."""

from __future__ import annotations

from reconciler.sim.hetzner import rdns
from reconciler.sim.hetzner.call import Answer, Call, Routes, lookup, require_unprotected
from reconciler.sim.hetzner.problems import ApiError, invalid
from reconciler.sim.hetzner.project import Json
from reconciler.sim.hetzner.types import image as images
from reconciler.sim.hetzner.types import placement_group as placement_groups
from reconciler.sim.hetzner.types.network import attachments
from reconciler.sim.hetzner.types.server import record as servers
from reconciler.sim.hetzner.types.server.create import user_data
from reconciler.sim.hetzner.types.server.power import boot, commanded, ready, switch
from reconciler.sim.hetzner.validation import (
    address4,
    flag,
    labels,
    many,
    network4,
    record,
    reference,
    text,
    whole,
)

_CHANGE_TYPE = record({"upgrade_disk": flag, "server_type": reference})
_REBUILD = record({"image": reference}, user_data=user_data)
_ATTACH = record({"network": whole(low=1)}, ip=address4, alias_ips=many(address4), ip_range=network4)
_DETACH = record({"network": whole(low=1)})
_ALIASES = record({"network": whole(low=1), "alias_ips": many(address4)})
_GROUP = record({"placement_group": whole(low=1)})
_PROTECTION = record(delete=flag, rebuild=flag)
_IMAGE = record(description=text(), type=text(choices=("snapshot", "backup")), labels=labels)


def _stopped(call: Call) -> Json:
    row = ready(call)
    if row["status"] != "off":
        raise ApiError("server_not_stopped", "the action requires a stopped server")
    return row


def change_type(call: Call) -> Answer:
    """The server is started again by the change, whatever the caller thinks of that."""
    row = _stopped(call)
    body = call.read(_CHANGE_TYPE)
    new = lookup(call, "server_types", body["server_type"])
    old = call.project.catalogue.server_types[row["_server_type"]]
    _check_type(call, row, old, new)
    disk = new["disk"] if body["upgrade_disk"] else row["primary_disk_size"]

    def changed() -> None:
        row.update(_server_type=new["id"], primary_disk_size=disk)
        boot(row, call.now)

    return switch(call, row, "change_server_type", "migrating", changed)


def _check_type(call: Call, row: Json, old: Json, new: Json) -> None:
    offers = {offer["name"]: offer for offer in new["locations"] if not call.withdrawn(offer)}
    same = old["storage_type"] == new["storage_type"] and old["architecture"] == new["architecture"]
    if new["id"] == old["id"] or not same or new["disk"] < row["primary_disk_size"]:
        raise ApiError("invalid_server_type", "the server type does not fit for the given server")
    if row["_location"] not in offers:
        raise ApiError("invalid_server_type", "the server type is not sold in the server's location")
    if not offers[row["_location"]]["available"]:
        raise ApiError("resource_unavailable", f"{new['name']} is not available in {row['_location']}")


def rebuild(call: Call) -> Answer:
    """Replaces what is on the disk and leaves the server running, whatever it was doing before.

    `protected` (423) where a rebuild is forbidden. A root password comes with it where there are no SSH keys.
    """
    row = ready(call)
    body = call.read(_REBUILD)
    require_unprotected(row, "rebuild")
    architecture = call.project.catalogue.server_types[row["_server_type"]]["architecture"]
    image = images.find(call, body["image"], architecture)

    def rebuilt() -> None:
        row.update(_image=image["id"], _user_data=body.get("user_data", row["_user_data"]))
        boot(row, call.now)

    answer = switch(call, row, "rebuild_server", "rebuilding", rebuilt)
    password = None if row["_ssh_keys"] else call.project.numbers.password()
    return Answer(201, {**(answer.payload or {}), "root_password": password})


def attach_to_network(call: Call) -> Answer:
    """Reserves the address at once; it is shown when the action is done.

    The API's codes: `server_already_attached`, `networks_overlap`, `ip_not_available`, `no_subnet_available`.
    While the network is being changed it is `conflict` (409).
    """
    row = ready(call)
    body = call.read(_ATTACH)
    network = lookup(call, "networks", body["network"])
    resources = [("server", row["id"]), ("network", network["id"])]
    call.project.require_free(resources)
    attachments.attach(
        call,
        row,
        network,
        ip=body.get("ip"),
        ip_range=body.get("ip_range"),
        alias_ips=body.get("alias_ips"),
    )
    action = call.start(
        "attach_to_network",
        resources,
        lambda: attachments.mark(row, network["id"], "ok"),
        undo=lambda: attachments.detach(call.project, row, network["id"]),
        locks=resources,
    )
    return call.one_action(action)


def detach_from_network(call: Call) -> Answer:
    """The address is free when the action is done; not attached is `invalid_input`."""
    row = ready(call)
    number = call.read(_DETACH)["network"]
    resources = [("server", row["id"]), ("network", number)]
    attachments.attached(row, number)
    call.project.require_free(resources)
    attachments.mark(row, number, "detaching")
    action = call.start(
        "detach_from_network",
        resources,
        lambda: attachments.detach(call.project, row, number),
        undo=lambda: attachments.mark(row, number, "ok"),
        locks=resources,
    )
    return call.one_action(action)


def change_alias_ips(call: Call) -> Answer:
    """Replaces them all; a taken one is `ip_not_available`, one in no subnet `invalid_input`."""
    row = ready(call)
    body = call.read(_ALIASES)
    network = lookup(call, "networks", body["network"])
    attachment = attachments.attached(row, network["id"])
    resources = [("server", row["id"]), ("network", network["id"])]
    call.project.require_free(resources)
    changed, undone = attachments.change_aliases(network, row["id"], attachment, body["alias_ips"])
    action = call.start("change_alias_ips", resources, changed, undo=undone, locks=resources)
    return call.one_action(action)


def add_to_placement_group(call: Call) -> Answer:
    """The server has to be off (`server_not_stopped`), in no group (`already_in_placement_group`).

    A full group is `placement_error`, one that another server is joining `conflict` (409).
    """
    row = _stopped(call)
    group = lookup(call, "placement_groups", call.read(_GROUP)["placement_group"])
    if row["_placement_group"] is not None:
        raise ApiError("already_in_placement_group", "the server is already part of a placement group")
    placement_groups.require_room(group)

    def added() -> None:
        group["_servers"][row["id"]] = None
        row["_placement_group"] = group["id"]

    locks = [("server", row["id"]), ("placement_group", group["id"])]
    call.project.require_free(locks)
    return call.one_action(call.start("add_to_placement_group", locks[:1], added, locks=locks))


def remove_from_placement_group(call: Call) -> Answer:
    """Running or off, as the API allows; a server in no group is `invalid_input`."""
    call.read(record())
    row = ready(call)
    if row["_placement_group"] is None:
        raise invalid("placement_group", "the server is in no placement group")
    left = lambda: placement_groups.leave(call.project, row)  # noqa: E731 - one expression
    return call.one_action(commanded(call, row, "remove_from_placement_group", left))


def change_dns_ptr(call: Call) -> Answer:
    """The names of the server's own addresses are those of its Primary IPs."""
    row = ready(call)
    body = call.read(rdns.CHANGE)
    version = "ipv6" if ":" in body["ip"] else "ipv4"
    address = call.project["primary_ips"].rows.get(row[f"_{version}"])
    if address is None:
        raise invalid("ip", f"the server has no {version} address")
    names = rdns.changed(address, body)
    return call.one_action(commanded(call, row, "change_dns_ptr", lambda: address.update(_names=names)))


def change_protection(call: Call) -> Answer:
    """Deletion and rebuild have to come out equal (`invalid_input`); done at once."""
    row = ready(call)
    wanted = row["protection"] | call.read(_PROTECTION)
    if wanted["delete"] != wanted["rebuild"]:
        raise invalid("rebuild", "delete and rebuild must have the same value")
    return call.one_action(commanded(call, row, "change_protection", lambda: row.update(protection=wanted)))


def enable_backup(call: Call) -> Answer:
    """The window is the provider's to choose, here `22-02` (UTC); done at once."""
    call.read(record())
    row = ready(call)
    window = row["backup_window"] or "22-02"
    return call.one_action(commanded(call, row, "enable_backup", lambda: row.update(backup_window=window)))


def disable_backup(call: Call) -> Answer:
    """Deletes the backups that there are, as the API warns; done at once."""
    call.read(record())
    row = ready(call)

    def disabled() -> None:
        row["backup_window"] = None
        servers.drop_backups(call.project, row)

    return call.one_action(commanded(call, row, "disable_backup", disabled))


def attach_iso(call: Call) -> Answer:
    """By id or name, in the place of one that is there; the server is not restarted."""
    row = ready(call)
    iso = lookup(call, "isos", call.read(record({"iso": reference}))["iso"])
    return call.one_action(commanded(call, row, "attach_iso", lambda: row.update(_iso=iso["id"])))


def detach_iso(call: Call) -> Answer:
    """The server is not restarted; accepted without an ISO too, and then done at once."""
    call.read(record())
    row = ready(call)
    action = commanded(call, row, "detach_iso", lambda: row.update(_iso=None))
    if row["_iso"] is None:
        call.project.timeline.cut_short(action, call.now)
    return call.one_action(action)


def create_image(call: Call) -> Answer:
    """A snapshot, or a backup, which is bound to the server and goes with it; running or off.

    `creating` until the action is done, gone if that fails. Without backups enabled it is `invalid_input`.
    """
    row = ready(call)
    body = call.read(_IMAGE)
    kind = body.get("type", "snapshot")
    if kind == "backup" and row["backup_window"] is None:
        raise invalid("type", "backups are not enabled for the server")
    source = images.of(call.project, row["_image"])
    image = call.project["images"].add(
        {
            "id": call.project.numbers.id(),
            "type": kind,
            "status": "creating",
            "name": None,
            "description": body.get("description", f"{kind} of {row['name']}"),
            "image_size": None,
            "disk_size": row["primary_disk_size"],
            "created": call.time,
            "created_from": {"id": row["id"], "name": row["name"]},
            "bound_to": row["id"] if kind == "backup" else None,
            "os_flavor": source["os_flavor"] if source else "unknown",
            "os_version": source["os_version"] if source else None,
            "rapid_deploy": False,
            "protection": {"delete": False},
            "deprecated": None,
            "deprecation": None,
            "deleted": None,
            "labels": body.get("labels", {}),
            "architecture": call.project.catalogue.server_types[row["_server_type"]]["architecture"],
        }
    )
    me = ("server", row["id"])
    action = call.start(
        "create_image",
        [me, ("image", image["id"])],
        lambda: image.update(status="available", image_size=1.5),
        undo=lambda: call.project["images"].remove(image["id"]),
        locks=[me],
    )
    return Answer(201, {"image": image, "action": call.show(action)})


ROUTES: Routes = {
    "POST /servers/{id}/actions/change_type": change_type,
    "POST /servers/{id}/actions/rebuild": rebuild,
    "POST /servers/{id}/actions/attach_to_network": attach_to_network,
    "POST /servers/{id}/actions/detach_from_network": detach_from_network,
    "POST /servers/{id}/actions/change_alias_ips": change_alias_ips,
    "POST /servers/{id}/actions/add_to_placement_group": add_to_placement_group,
    "POST /servers/{id}/actions/remove_from_placement_group": remove_from_placement_group,
    "POST /servers/{id}/actions/change_dns_ptr": change_dns_ptr,
    "POST /servers/{id}/actions/change_protection": change_protection,
    "POST /servers/{id}/actions/enable_backup": enable_backup,
    "POST /servers/{id}/actions/disable_backup": disable_backup,
    "POST /servers/{id}/actions/attach_iso": attach_iso,
    "POST /servers/{id}/actions/detach_iso": detach_iso,
    "POST /servers/{id}/actions/create_image": create_image,
}
