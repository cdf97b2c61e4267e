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
    return {**public(row), "servers": list(row["_servers"])}


def require_room(row: Json) -> None:
    if len(row["_servers"]) >= MAX_SERVERS:
        raise ApiError("placement_error", f"the placement group has {MAX_SERVERS} servers already")


def leave(project: Project, server: Json) -> None:
    """Take a server out of its group, if it is in one."""
    group = project["placement_groups"].rows.get(server["_placement_group"])
    if group is not None:
        group["_servers"].pop(server["id"], None)
    server["_placement_group"] = None


def take_off(project: Project, row: Json) -> None:
    for number in list(row["_servers"]):
        leave(project, project["servers"].get(number))


def _free(call: Call) -> Json:
    row = call.row("placement_groups")
    call.project.require_free([("placement_group", row["id"])])
    return row


def index(call: Call) -> Answer:
    return listed(call, "placement_groups", lambda row: render(call.project, row), equal=("type",))


def show(call: Call) -> Answer:
    return Answer(200, {"placement_group": render(call.project, call.row("placement_groups"))})


def create(call: Call) -> Answer:
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
    _free(call)
    row = update(call, "placement_groups", call.read(_UPDATE))
    return Answer(200, {"placement_group": render(call.project, row)})


def delete(call: Call) -> Answer:
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
