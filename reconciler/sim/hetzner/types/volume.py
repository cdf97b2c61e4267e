"""Volumes: they only grow, sit in one location, and hang on at most one server of it.

A volume's `server` is the one place that says where it hangs; a server's `_volumes` is the index to it.
The API's document names no code for an attached volume that is to be deleted or attached again: this
simulator says `resource_in_use` and `volume_already_attached`.
"""

from __future__ import annotations

import re
from typing import Any

from reconciler.sim.hetzner import action_lists
from reconciler.sim.hetzner.actions import Action
from reconciler.sim.hetzner.call import (
    Answer,
    Call,
    Routes,
    change_protection,
    listed,
    lookup,
    public,
    require_unprotected,
    update,
)
from reconciler.sim.hetzner.collection import Collection
from reconciler.sim.hetzner.problems import ApiError, invalid, invalid_fields
from reconciler.sim.hetzner.project import Json, Kind, Project
from reconciler.sim.hetzner.validation import Problems, flag, labels, nullable, record, reference, text, whole

MAX_VOLUMES_PER_SERVER = 16
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")


def _name(path: str, value: Any) -> Problems:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        yield path, "must be 1 to 64 letters, digits, dashes, underscores and dots"


_SIZE = whole(low=10, high=10240)
_CREATE = record(
    {"size": _SIZE, "name": _name},
    labels=labels,
    automount=flag,
    format=nullable(text(choices=("xfs", "ext4"))),
    location=reference,
    server=whole(low=1),
)
_UPDATE = record(name=_name, labels=labels)
_ATTACH = record({"server": whole(low=1)}, automount=flag)


def render(project: Project, row: Json) -> Json:
    """With the location as a whole object; `size` is in GB."""
    return {**public(row), "location": project.catalogue.find("locations", row["location"])}


def _answer(call: Call, row: Json) -> Answer:
    return Answer(200, {"volume": render(call.project, row)})


def index(call: Call) -> Answer:
    """Volumes, all or by name, label or `status`; sorted by id, name or creation."""
    return listed(call, "volumes", lambda row: render(call.project, row), equal=("status",))


def show(call: Call) -> Answer:
    """One volume; its size and server change when the action for it is done."""
    return _answer(call, call.row("volumes"))


def create(call: Call) -> Answer:
    """`creating` until its action is done; with `server`, `next_actions` attach it after that.

    One of `location` and `server` is given, not both, and `automount` only with a server and a format, or it
    is `invalid_input`. A server that an action runs on is `locked` (423), a full one
    `resource_limit_exceeded`.
    """
    body = call.read(_CREATE)
    project = call.project
    project["volumes"].claim(body["name"])
    server = lookup(call, "servers", body["server"]) if "server" in body else None
    if (server is None) == ("location" not in body):
        raise invalid("location", "either location or server must be given")
    if body.get("automount") and server is None:
        raise invalid("automount", "needs a server")
    if body.get("automount") and body.get("format") is None:
        raise invalid_fields([("format", "is needed for automount"), ("automount", "needs a format")])
    if server is not None:
        project.require_free([("server", server["id"])])
        _require_room(server)
    location = server["_location"] if server else lookup(call, "locations", body["location"])["name"]
    number = project.numbers.id()
    row = project["volumes"].add(
        {
            "id": number,
            "created": call.time,
            "name": body["name"],
            "server": None,
            "location": location,
            "size": body["size"],
            "linux_device": f"/dev/disk/by-id/scsi-0HC_Volume_{number}",
            "protection": {"delete": False},
            "labels": body.get("labels", {}),
            "status": "creating",
            "format": body.get("format"),
        }
    )
    me = ("volume", number)
    action = call.start("create_volume", [me], lambda: row.update(status="available"), locks=[me])
    following = [start_attach(call, row, server, after=[action])] if server else []
    payload = {
        "volume": render(project, row),
        "action": call.show(action),
        "next_actions": [call.show(later) for later in following],
    }
    return Answer(201, payload)


def change(call: Call) -> Answer:
    """Name and labels, also while an action runs on it."""
    return _answer(call, update(call, "volumes", call.read(_UPDATE)))


def delete(call: Call) -> Answer:
    """Refused while it is attached (`resource_in_use`), `protected` (423), or busy (`conflict`)."""
    row = call.row("volumes")
    call.project.require_free([("volume", row["id"])])
    require_unprotected(row)
    if row["server"] is not None:
        raise ApiError("resource_in_use", "the volume is attached to a server")
    call.project["volumes"].remove(row["id"])
    return Answer(204)


def attach(call: Call) -> Answer:
    """To a server in the same location (`invalid_input`), running or not; `automount` does nothing.

    It is accepted without a format too, which says only what the volume was made with: the refusal that is
    known is a creation's. An attached one is `volume_already_attached`; a full server is
    `resource_limit_exceeded`.
    """
    row = call.row("volumes")
    server = lookup(call, "servers", call.read(_ATTACH)["server"])
    call.project.require_free([("volume", row["id"]), ("server", server["id"])])
    require_attachable(row, server["_location"])
    _require_room(server)
    return call.one_action(start_attach(call, row, server))


def require_attachable(row: Json, location: str) -> None:
    """Refuse what is attached (`volume_already_attached`) or elsewhere (`invalid_input`)."""
    if row["server"] is not None:
        raise ApiError("volume_already_attached", "the volume is already attached to a server")
    if row["location"] != location:
        raise invalid("server", "the server is in another location than the volume")


def _require_room(server: Json) -> None:
    if len(server["_volumes"]) >= MAX_VOLUMES_PER_SERVER:
        raise ApiError("resource_limit_exceeded", "no more volumes can be attached to the server")


def start_attach(call: Call, row: Json, server: Json, *, after: list[Action] | None = None) -> Action:
    """Lock both; run behind `after`, and fail with the first of those that fails."""
    resources = [("server", server["id"]), ("volume", row["id"])]
    return call.start(
        "attach_volume", resources, lambda: _put_on(server, row), locks=resources, after=after or ()
    )


def _put_on(server: Json, row: Json) -> None:
    row["server"] = server["id"]
    server["_volumes"][row["id"]] = None


def take_off(project: Project, row: Json) -> None:
    """Free the volume at once, also where its server is gone."""
    server = project["servers"].rows.get(row["server"])
    if server is not None:
        server["_volumes"].pop(row["id"], None)
    row["server"] = None


def detach(call: Call) -> Answer:
    """From a running server too; one that is not attached is `invalid_input`."""
    call.read(record())
    row = call.row("volumes")
    if row["server"] is None:
        raise invalid("server", "the volume is not attached to a server")
    resources = [("volume", row["id"]), ("server", row["server"])]
    call.project.require_free(resources)
    action = call.start("detach_volume", resources, lambda: take_off(call.project, row), locks=resources)
    return call.one_action(action)


def resize(call: Call) -> Answer:
    """In GB, only ever larger (`invalid_input`), attached or not."""
    row = call.row("volumes")
    size = call.read(record({"size": _SIZE}))["size"]
    me = ("volume", row["id"])
    call.project.require_free([me])
    if size <= row["size"]:
        raise invalid("size", f"must be larger than {row['size']}")
    return call.one_action(call.start("resize_volume", [me], lambda: row.update(size=size), locks=[me]))


def protect(call: Call) -> Answer:
    """Against deletion; done at once, and a body without `delete` changes nothing."""
    return change_protection(call, "volumes", call.read(record(delete=flag)))


ROUTES: Routes = {
    **action_lists.routes("volumes"),
    "GET /volumes": index,
    "POST /volumes": create,
    "GET /volumes/{id}": show,
    "PUT /volumes/{id}": change,
    "DELETE /volumes/{id}": delete,
    "POST /volumes/{id}/actions/attach": attach,
    "POST /volumes/{id}/actions/detach": detach,
    "POST /volumes/{id}/actions/resize": resize,
    "POST /volumes/{id}/actions/change_protection": protect,
}

COLLECTION = Collection(Kind("volumes", "volume"), ROUTES, render, take_off)
