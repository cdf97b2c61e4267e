"""Floating IPs: additional addresses that move between servers while those run."""

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

_CREATE = record(
    {"type": text(choices=("ipv4", "ipv6"))},
    server=nullable(whole(low=1)),
    home_location=reference,
    description=nullable(text()),
    name=text(low=1),
    labels=labels,
)
_UPDATE = record(description=nullable(text()), name=text(low=1), labels=labels)
_ASSIGN = record({"server": whole(low=1)})


def render(project: Project, row: Json) -> Json:
    """With the location as a whole object and the reverse DNS as a list."""
    return {
        **public(row),
        "home_location": project.catalogue.find("locations", row["home_location"]),
        "dns_ptr": rdns.shown(row["_names"]),
    }


def _answer(call: Call, row: Json) -> Answer:
    return Answer(200, {"floating_ip": render(call.project, row)})


def index(call: Call) -> Answer:
    """Floating IPs, all or by name or label; sorted by id or creation, not by name."""
    return listed(call, "floating_ips", lambda row: render(call.project, row), sorts=("id", "created"))


def show(call: Call) -> Answer:
    """One floating IP; its `server` is there, or gone, when the action that changes it is done."""
    return _answer(call, call.row("floating_ips"))


def create(call: Call) -> Answer:
    """An address at `home_location`, or else where `server` is; an action then assigns it to that.

    With neither it is `invalid_input`; with a server that an action runs on, `locked` (423).
    """
    body = call.read(_CREATE)
    project = call.project
    project["floating_ips"].claim(body.get("name"))
    server = lookup(call, "servers", body["server"]) if body.get("server") is not None else None
    if server is None and "home_location" not in body:
        raise invalid("home_location", "either home_location or server must be given")
    if server is not None:
        project.require_free([("server", server["id"])])
    home = (
        lookup(call, "locations", body["home_location"])["name"]
        if "home_location" in body or server is None
        else server["_location"]
    )
    number = project.numbers.id()
    ip = project.numbers.address(body["type"])
    row = project["floating_ips"].add(
        {
            "id": number,
            "name": body.get("name", f"floating-ip-{number}"),
            "description": body.get("description"),
            "ip": ip,
            "type": body["type"],
            "server": None,
            "home_location": home,
            "blocked": False,
            "protection": {"delete": False},
            "labels": body.get("labels", {}),
            "created": call.time,
            "_names": rdns.initial(body["type"], ip),
        }
    )
    action = _start_assign(call, row, server) if server else None
    return Answer(201, {"floating_ip": render(project, row), "action": action and call.show(action)})


def change(call: Call) -> Answer:
    """Name, description and labels, also while an action runs on it."""
    return _answer(call, update(call, "floating_ips", call.read(_UPDATE)))


def delete(call: Call) -> Answer:
    """Refused while it is assigned (`must_be_unassigned`), as the API does since May 2026."""
    row = call.row("floating_ips")
    call.project.require_free([("floating_ip", row["id"])])
    require_unprotected(row)
    if row["server"] is not None:
        raise ApiError("must_be_unassigned", "the Floating IP must be unassigned before it can be deleted")
    call.project["floating_ips"].remove(row["id"])
    return Answer(204)


def assign(call: Call) -> Answer:
    """To a server in any location, running or not; the action locks the address alone.

    An assigned one is `floating_ip_assigned`: it is not moved. While an action runs on it, it is `conflict`
    (409), and while one runs on the server, `locked` (423).
    """
    row = call.row("floating_ips")
    server = lookup(call, "servers", call.read(_ASSIGN)["server"])
    call.project.require_free([("floating_ip", row["id"]), ("server", server["id"])])
    if row["server"] is not None:
        raise ApiError("floating_ip_assigned", "the Floating IP is already assigned")
    return call.one_action(_start_assign(call, row, server))


def _start_assign(call: Call, row: Json, server: Json) -> Action:
    me = ("floating_ip", row["id"])
    resources = [("server", server["id"]), me]
    return call.start("assign_floating_ip", resources, lambda: _put_on(server, row), locks=[me])


def _put_on(server: Json, row: Json) -> None:
    row["server"] = server["id"]
    server["_floating_ips"][row["id"]] = None


def take_off(project: Project, row: Json) -> None:
    """Free the address at once, also where its server is gone."""
    server = project["servers"].rows.get(row["server"])
    if server is not None:
        server["_floating_ips"].pop(row["id"], None)
    row["server"] = None


def unassign(call: Call) -> Answer:
    """Whatever the server is doing; an address that is not assigned is `invalid_input`."""
    call.read(record())
    row = call.row("floating_ips")
    me = ("floating_ip", row["id"])
    call.project.require_free([me])
    if row["server"] is None:
        raise invalid("server", "the Floating IP is not assigned")
    resources = [("server", row["server"]), me]
    action = call.start("unassign_floating_ip", resources, lambda: take_off(call.project, row), locks=[me])
    return call.one_action(action)


def protect(call: Call) -> Answer:
    """Against deletion; done at once, and `delete` has to be given."""
    return change_protection(call, "floating_ips", call.read(record({"delete": flag})))


ROUTES: Routes = {
    **action_lists.routes("floating_ips"),
    **rdns.routes("floating_ips"),
    "GET /floating_ips": index,
    "POST /floating_ips": create,
    "GET /floating_ips/{id}": show,
    "PUT /floating_ips/{id}": change,
    "DELETE /floating_ips/{id}": delete,
    "POST /floating_ips/{id}/actions/assign": assign,
    "POST /floating_ips/{id}/actions/unassign": unassign,
    "POST /floating_ips/{id}/actions/change_protection": protect,
}

COLLECTION = Collection(Kind("floating_ips", "floating_ip"), ROUTES, render, take_off)
