"""Placement groups: servers that shall not share a host.

The API's document says nothing about deleting a group that has servers; this simulator refuses it
(`resource_in_use`), the answer that a client must be able to cope with.
"""

from __future__ import annotations

from reconciler.sim.hetzner.call import Answer, Call, Routes, listed, public, update
from reconciler.sim.hetzner.collection import Collection
from reconciler.sim.hetzner.problems import ApiError
from reconciler.sim.hetzner.project import Json, Kind, Project
from reconciler.sim.hetzner.validation import labels, record, text

MAX_SERVERS = 10

_CREATE = record({"name": text(low=1), "type": text(choices=("spread",))}, labels=labels)
_UPDATE = record(name=text(low=1), labels=labels)


def render(_: Project, row: Json) -> Json:
    """With `servers`: their ids in the order in which they came."""
    return {**public(row), "servers": list(row["_servers"])}


def require_room(row: Json) -> None:
    """Refuse with `placement_error` (422) where the group has `MAX_SERVERS` servers."""
    if len(row["_servers"]) >= MAX_SERVERS:
        raise ApiError("placement_error", f"the placement group has {MAX_SERVERS} servers already")


def leave(project: Project, server: Json) -> None:
    """Take a server out of its group, if it is in one."""
    group = project["placement_groups"].rows.get(server["_placement_group"])
    if group is not None:
        group["_servers"].pop(server["id"], None)
    server["_placement_group"] = None


def take_off(project: Project, row: Json) -> None:
    """Take all servers out at once, whether they are off or not."""
    for number in list(row["_servers"]):
        leave(project, project["servers"].get(number))


def _free(call: Call) -> Json:
    row = call.row("placement_groups")
    call.project.require_free([("placement_group", row["id"])])
    return row


def index(call: Call) -> Answer:
    """Placement groups, all or by name, label or type."""
    return listed(call, "placement_groups", lambda row: render(call.project, row), equal=("type",))


def show(call: Call) -> Answer:
    """One group; a server made in it is there at once, one that joins when its action is done."""
    return Answer(200, {"placement_group": render(call.project, call.row("placement_groups"))})


def create(call: Call) -> Answer:
    """There at once, so `action` is null in the answer."""
    body = call.read(_CREATE)
    call.project["placement_groups"].claim(body["name"])
    row = call.project["placement_groups"].add(
        {
            "id": call.project.numbers.id(),
            "name": body["name"],
            "labels": body.get("labels", {}),
            "type": body["type"],
            "created": call.time,
            "_servers": {},
        }
    )
    return Answer(201, {"placement_group": render(call.project, row), "action": None})


def change(call: Call) -> Answer:
    """Name and labels; `conflict` (409) while a server is joining."""
    _free(call)
    row = update(call, "placement_groups", call.read(_UPDATE))
    return Answer(200, {"placement_group": render(call.project, row)})


def delete(call: Call) -> Answer:
    """Refused while it has servers (`resource_in_use`), and while one is joining (`conflict`)."""
    row = _free(call)
    if row["_servers"]:
        raise ApiError("resource_in_use", "the placement group still has servers")
    call.project["placement_groups"].remove(row["id"])
    return Answer(204)


ROUTES: Routes = {
    "GET /placement_groups": index,
    "POST /placement_groups": create,
    "GET /placement_groups/{id}": show,
    "PUT /placement_groups/{id}": change,
    "DELETE /placement_groups/{id}": delete,
}

COLLECTION = Collection(Kind("placement_groups", "placement_group"), ROUTES, render, take_off)
