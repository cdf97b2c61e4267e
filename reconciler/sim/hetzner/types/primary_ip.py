"""Primary IPs: one of each version on a server, changed only while the server is off."""

from __future__ import annotations

from reconciler.sim.hetzner import action_lists, rdns
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
from reconciler.sim.hetzner.problems import ApiError, invalid
from reconciler.sim.hetzner.project import Json, Kind, Project
from reconciler.sim.hetzner.validation import flag, labels, nullable, record, reference, text, whole

_TYPE = text(choices=("ipv4", "ipv6"))
_CREATE = record(
    {"name": text(low=1), "type": _TYPE},
    labels=labels,
    location=reference,
    assignee_type=text(choices=("server", "unassigned")),
    assignee_id=nullable(whole(low=1)),
    auto_delete=flag,
)
_UPDATE = record(name=text(low=1), labels=labels, auto_delete=flag)
_ASSIGN = record({"assignee_type": text(choices=("server",)), "assignee_id": whole(low=1)})


def render(project: Project, row: Json) -> Json:
    """Without an assignee its type is `unassigned`, as the API answers since September 2026."""
    assigned = row["assignee_id"] is not None
    return {
        **public(row),
        "assignee_type": "server" if assigned else "unassigned",
        "location": project.catalogue.find("locations", row["location"]),
        "dns_ptr": rdns.shown(row["_names"]),
    }


def new(project: Project, time: str, kind: str, location: str, name: str | None = None) -> Json:
    """A new address, in no one's hands, added to the project."""
    number = project.numbers.id()
    ip = project.numbers.address(kind)
    return project["primary_ips"].add(
        {
            "id": number,
            "name": name or f"primary_ip-{number}",
            "labels": {},
            "created": time,
            "blocked": False,
            "location": location,
            "ip": ip,
            "protection": {"delete": False},
            "type": kind,
            "auto_delete": False,
            "assignee_id": None,
            "_names": rdns.initial(kind, ip),
        }
    )


def index(call: Call) -> Answer:
    """Primary IPs, all or by name, label or `ip`; sorted by id or creation, not by name."""
    sorts = ("id", "created")
    return listed(call, "primary_ips", lambda row: render(call.project, row), equal=("ip",), sorts=sorts)


def _answer(call: Call, row: Json) -> Answer:
    return Answer(200, {"primary_ip": render(call.project, row)})


def show(call: Call) -> Answer:
    """One primary IP; its assignee is there, or gone, when the action that changes it is done."""
    return _answer(call, call.row("primary_ips"))


def create(call: Call) -> Answer:
    """At `location`, or where the server of `assignee_id` is; an action then assigns it to that.

    Both or neither is `invalid_input`. The server has to be off (`server_not_stopped`), without an address of
    that version (`server_has_ipv4`, `server_has_ipv6`).
    """
    body = call.read(_CREATE)
    project = call.project
    project["primary_ips"].claim(body["name"])
    server = None
    if body.get("assignee_id") is not None:
        server = _ready_server(call, body["assignee_id"], body["type"])
    if (server is None) == ("location" not in body):
        raise invalid("location", "either location or assignee_id must be given")
    location = server["_location"] if server else lookup(call, "locations", body["location"])["name"]
    row = new(project, call.time, body["type"], location, body["name"])
    row["labels"] = body.get("labels", {})
    row["auto_delete"] = body.get("auto_delete", False)
    action = _start_assign(call, row, server) if server else None
    payload = {"primary_ip": render(project, row), "action": action and call.show(action)}
    return Answer(201, payload)


def change(call: Call) -> Answer:
    """Name, labels and `auto_delete`; while an action runs on it, it is `conflict` (409).

    `auto_delete` and protection against deletion exclude each other (`invalid_input`).
    """
    row = call.row("primary_ips")
    call.project.require_free([("primary_ip", row["id"])])
    changes = call.read(_UPDATE)
    if changes.get("auto_delete") and row["protection"]["delete"]:
        raise invalid("auto_delete", "must be false while delete protection is on")
    return _answer(call, update(call, "primary_ips", changes))


def delete(call: Call) -> Answer:
    """Refused while it is assigned (`must_be_unassigned`), as the API does since May 2026."""
    row = call.row("primary_ips")
    call.project.require_free([("primary_ip", row["id"])])
    require_unprotected(row)
    if row["assignee_id"] is not None:
        raise ApiError("must_be_unassigned", "the Primary IP must be unassigned before it can be deleted")
    call.project["primary_ips"].remove(row["id"])
    return Answer(204)


def _ready_server(call: Call, number: int, kind: str) -> Json:
    """A server that can take an address of this version now."""
    server = lookup(call, "servers", number)
    call.project.require_free([("server", number)])
    _require_off(server)
    if server[f"_{kind}"] is not None:
        raise ApiError(f"server_has_{kind}", f"the server already has an {kind} address")
    return server


def _require_off(server: Json) -> None:
    if server["status"] != "off":
        raise ApiError("server_not_stopped", "the server is running, but needs to be powered off")


def assign(call: Call) -> Answer:
    """To a server that is off (`server_not_stopped`) and in the same location (`invalid_input`).

    An assigned one is `primary_ip_already_assigned`; a server that has one of that version is
    `server_has_ipv4` or `server_has_ipv6`.
    """
    row = call.row("primary_ips")
    body = call.read(_ASSIGN)
    call.project.require_free([("primary_ip", row["id"])])
    if row["assignee_id"] is not None:
        raise ApiError("primary_ip_already_assigned", "the Primary IP is already assigned")
    server = _ready_server(call, body["assignee_id"], row["type"])
    if server["_location"] != row["location"]:
        raise invalid("assignee_id", "the server is in another location than the Primary IP")
    return call.one_action(_start_assign(call, row, server))


def _start_assign(call: Call, row: Json, server: Json) -> Action:
    resources = [("server", server["id"]), ("primary_ip", row["id"])]
    return call.start("assign_primary_ip", resources, lambda: put_on(server, row), locks=resources)


def put_on(server: Json, row: Json) -> None:
    """Note the assignment on both sides; whether it may be is the caller's business."""
    row["assignee_id"] = server["id"]
    server[f"_{row['type']}"] = row["id"]


def take_off(project: Project, row: Json) -> None:
    """Free the address at once, whether its server is off, running or gone."""
    server = project["servers"].rows.get(row["assignee_id"])
    if server is not None:
        server[f"_{row['type']}"] = None
    row["assignee_id"] = None


def unassign(call: Call) -> Answer:
    """The server has to be off (`server_not_stopped`); not assigned at all is `invalid_input`."""
    call.read(record())
    row = call.row("primary_ips")
    call.project.require_free([("primary_ip", row["id"])])
    if row["assignee_id"] is None:
        raise invalid("assignee_id", "the Primary IP is not assigned")
    resources = [("server", row["assignee_id"]), ("primary_ip", row["id"])]
    call.project.require_free(resources)
    _require_off(call.project["servers"].get(row["assignee_id"]))
    action = call.start(
        "unassign_primary_ip", resources, lambda: take_off(call.project, row), locks=resources
    )
    return call.one_action(action)


def protect(call: Call) -> Answer:
    """Against deletion; refused while `auto_delete` is on (`invalid_input`), as the API says."""
    body = call.read(record({"delete": flag}))
    if body["delete"] and call.row("primary_ips")["auto_delete"]:
        raise invalid("delete", "auto_delete must be false before delete protection can be enabled")
    return change_protection(call, "primary_ips", body)


ROUTES: Routes = {
    **action_lists.routes("primary_ips"),
    **rdns.routes("primary_ips"),
    "GET /primary_ips": index,
    "POST /primary_ips": create,
    "GET /primary_ips/{id}": show,
    "PUT /primary_ips/{id}": change,
    "DELETE /primary_ips/{id}": delete,
    "POST /primary_ips/{id}/actions/assign": assign,
    "POST /primary_ips/{id}/actions/unassign": unassign,
    "POST /primary_ips/{id}/actions/change_protection": protect,
}

COLLECTION = Collection(Kind("primary_ips", "primary_ip"), ROUTES, render, take_off)
