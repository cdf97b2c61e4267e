"""Firewalls and what they are applied to, directly or by a label selector.

A firewall's `_targets` is the one place that says where it applies; a server's `_firewalls` is the index
of the direct ones, with the state of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.sim.hetzner import action_lists
from reconciler.sim.hetzner.actions import Action
from reconciler.sim.hetzner.call import Answer, Call, Routes, listed, public, update
from reconciler.sim.hetzner.collection import Collection
from reconciler.sim.hetzner.labels import selector
from reconciler.sim.hetzner.problems import ApiError, invalid
from reconciler.sim.hetzner.project import Json, Kind, Project
from reconciler.sim.hetzner.types.firewall import rules as firewall_rules
from reconciler.sim.hetzner.validation import labels, many, nullable, record, text, whole

MAX_PER_SERVER = 5

_TARGET = record(
    {"type": text(choices=("server", "label_selector"))},
    server=nullable(record({"id": whole(low=1)})),
    label_selector=nullable(record({"selector": text(low=1)})),
)
_NAME = text(low=1, high=128)
_CREATE = record({"name": _NAME}, labels=labels, rules=firewall_rules.RULES, apply_to=many(_TARGET))
_UPDATE = record(name=_NAME, labels=labels)


def render(project: Project, row: Json) -> Json:
    """With `applied_to`: each target, and for a selector the servers that it picks now."""
    return {**public(row), "applied_to": [_shown(project, kind, what) for kind, what in row["_targets"]]}


def _shown(project: Project, kind: str, what: int | str) -> Json:
    if isinstance(what, int):
        return {"type": kind, "server": {"id": what}}
    servers = _meant(project, what)
    return {
        "type": kind,
        "label_selector": {"selector": what},
        "applied_to_resources": [{"type": "server", "server": {"id": server["id"]}} for server in servers],
    }


def _meant(project: Project, what: int | str) -> list[Json]:
    """The servers of a target: one by its id, or those that a selector picks now."""
    servers = project["servers"]
    if isinstance(what, int):
        return [servers.get(what)]
    matches = selector(what)
    return [row for row in servers.rows.values() if matches(row["labels"])]


def on_server(project: Project, server: Json) -> dict[int, str]:
    """The firewalls on a server by id, with the state of each: `applied` or `pending`."""
    states: dict[int, str] = dict(server["_firewalls"])
    for number in _selecting(project, server["labels"]):
        states.setdefault(number, "applied")
    return states


def _selecting(project: Project, worn: Mapping[str, str]) -> list[int]:
    table = project["firewalls"]
    return [number for number in table.noted if _selects(table.get(number), worn)]


def _selects(row: Json, worn: Mapping[str, str]) -> bool:
    return any(isinstance(what, str) and selector(what)(worn) for _, what in row["_targets"])


def require_room(project: Project, worn: Mapping[str, str], direct: Iterable[int]) -> None:
    """Refuse more firewalls than a server can have (`resource_limit_exceeded`).

    Those that are applied to the server itself count, and those with a selector for its labels.
    """
    if len({*direct, *_selecting(project, worn)}) > MAX_PER_SERVER:
        raise ApiError("resource_limit_exceeded", f"a server has at most {MAX_PER_SERVER} firewalls")


def index(call: Call) -> Answer:
    """Firewalls, all or by name or label; sorted by id, name or creation."""
    return listed(call, "firewalls", lambda row: render(call.project, row))


def show(call: Call) -> Answer:
    """One firewall; what it is to be applied to is listed at once, before the action is done."""
    return Answer(200, {"firewall": render(call.project, call.row("firewalls"))})


def _changeable(call: Call) -> Json:
    row = call.row("firewalls")
    call.project.require_free([("firewall", row["id"])])
    return row


def create(call: Call) -> Answer:
    """There at once; one action sets the rules, and one for each target applies it.

    Nothing is made where a target is refused: given twice (`server_already_added`), no such server
    (`firewall_resource_not_found`, 422), one without a public address (`private_net_only_server`), one with
    five firewalls (`resource_limit_exceeded`), or a selector that picks such a one.
    """
    body = call.read(_CREATE)
    table = call.project["firewalls"]
    table.claim(body["name"])
    rules = firewall_rules.normal(body.get("rules", []))
    targets = [_target(call, item, "apply_to", missing=422) for item in body.get("apply_to", [])]
    if len(set(targets)) != len(targets):
        raise ApiError("server_already_added", "a server was given more than once")
    row: Json = {
        "id": call.project.numbers.id(),
        "name": body["name"],
        "labels": body.get("labels", {}),
        "created": call.time,
        "rules": rules,
        "_targets": [],
    }
    _require_applicable(call, row, targets)
    table.add(row)
    actions = [call.start("set_firewall_rules", [("firewall", row["id"])], locks=[("firewall", row["id"])])]
    actions += [start_apply(call, row, kind, what) for kind, what in targets]
    payload = {
        "firewall": render(call.project, row),
        "actions": [call.show(action) for action in actions],
    }
    return Answer(201, payload)


def change(call: Call) -> Answer:
    """Name and labels; while an action runs on the firewall it is `conflict` (409)."""
    _changeable(call)
    return Answer(200, {"firewall": render(call.project, update(call, "firewalls", call.read(_UPDATE)))})


def delete(call: Call) -> Answer:
    """Refused (`resource_in_use`) while it has a target, be it a selector that picks no server."""
    row = _changeable(call)
    if row["_targets"]:
        raise ApiError("resource_in_use", "the firewall is still applied to a resource")
    call.project["firewalls"].remove(row["id"])
    return Answer(204)


def set_rules(call: Call) -> Answer:
    """Replaces all rules, at most 50; done when the first of several actions is.

    The others say `apply_firewall`, one for each server that is a target itself.
    """
    row = _changeable(call)
    rules = firewall_rules.normal(call.read(record({"rules": firewall_rules.RULES}))["rules"])
    me = ("firewall", row["id"])
    actions = [call.start("set_firewall_rules", [me], lambda: row.update(rules=rules), locks=[me])]
    for kind, what in row["_targets"]:
        if isinstance(what, int):
            actions.append(call.start("apply_firewall", [me, (kind, what)], locks=[me]))
    return _actions(call, actions)


def _actions(call: Call, actions: list[Action]) -> Answer:
    return Answer(201, {"actions": [call.show(action) for action in actions]})


def _target(call: Call, item: Json, field: str, *, missing: int) -> tuple[str, int | str]:
    """(`server`, id) or (`label_selector`, expression); refuses a server that does not exist."""
    kind: str = item["type"]
    inner = item.get(kind)
    if inner is None:
        raise invalid(field, f"{kind} is required for type {kind}")
    if kind == "label_selector":
        selector(inner["selector"])
        return kind, str(inner["selector"])
    number: int = inner["id"]
    if number not in call.project["servers"].rows:
        raise ApiError("firewall_resource_not_found", f"server with ID '{number}' not found", status=missing)
    return kind, number


def _require_applicable(call: Call, row: Json, targets: list[tuple[str, int | str]]) -> None:
    for place, target in enumerate(targets):
        if target in row["_targets"] or target in targets[:place]:
            raise ApiError("firewall_already_applied", "the firewall is already applied to the resource")
        for server in _meant(call.project, target[1]):
            if isinstance(target[1], int) and server["_ipv4"] is None and server["_ipv6"] is None:
                raise ApiError("private_net_only_server", "the server has no public interface")
            require_room(call.project, server["labels"], [*server["_firewalls"], row["id"]])


def apply_to_resources(call: Call) -> Answer:
    """Adds servers and selectors, an action for each; if one is refused, none is added.

    The codes: `firewall_already_applied`, which a target given twice is too (the API's document has no other
    code for that here), `firewall_resource_not_found` (404), and for what a server lacks those of `create`.
    """
    row = _changeable(call)
    body = call.read(record({"apply_to": many(_TARGET)}))
    targets = [_target(call, item, "apply_to", missing=404) for item in body["apply_to"]]
    _require_applicable(call, row, targets)
    return _actions(call, [start_apply(call, row, kind, what) for kind, what in targets])


def start_apply(call: Call, row: Json, kind: str, what: int | str) -> Action:
    """The target is listed at once; on a server it is `pending` until the action is done."""
    me = ("firewall", row["id"])
    row["_targets"].append((kind, what))
    if isinstance(what, str):
        call.project["firewalls"].noted.add(row["id"])
        return call.start("apply_firewall", [me], undo=lambda: take_off(call.project, row, what), locks=[me])
    server = call.project["servers"].get(what)
    server["_firewalls"][row["id"]] = "pending"
    return call.start(
        "apply_firewall",
        [(kind, what), me],
        lambda: _applied(server, row["id"]),
        undo=lambda: take_off(call.project, row, what),
        locks=[me],
    )


def _applied(server: Json, number: int) -> None:
    if number in server["_firewalls"]:
        server["_firewalls"][number] = "applied"


def take_off(project: Project, row: Json, what: int | str) -> None:
    """Forget one target, wherever it is noted."""
    row["_targets"] = [target for target in row["_targets"] if target[1] != what]
    if isinstance(what, int):
        server = project["servers"].rows.get(what)
        if server is not None:
            server["_firewalls"].pop(row["id"], None)
    elif not any(isinstance(other, str) for _, other in row["_targets"]):
        project["firewalls"].noted.discard(row["id"])


def _take_off_all(project: Project, row: Json) -> None:
    for _, what in list(row["_targets"]):
        take_off(project, row, what)


def remove_from_resources(call: Call) -> Answer:
    """Takes servers and selectors off, an action for each; if one is refused, all stay.

    A server that only a selector picks is `firewall_managed_by_label_selector`; where the firewall is not
    applied, or there is no such server, it is `firewall_resource_not_found` (404).
    """
    row = _changeable(call)
    body = call.read(record({"remove_from": many(_TARGET)}))
    targets = [_target(call, item, "remove_from", missing=404) for item in body["remove_from"]]
    for target in targets:
        if target not in row["_targets"]:
            raise _not_applied(call, row, target[1])
    return _actions(call, [_start_removal(call, row, kind, what) for kind, what in targets])


def _not_applied(call: Call, row: Json, what: int | str) -> ApiError:
    if isinstance(what, int) and _selects(row, call.project["servers"].get(what)["labels"]):
        return ApiError(
            "firewall_managed_by_label_selector",
            "the firewall is applied via a label selector and cannot be removed manually",
        )
    message = "the firewall is not applied to the resource"
    return ApiError("firewall_resource_not_found", message, status=404)


def _start_removal(call: Call, row: Json, kind: str, what: int | str) -> Action:
    me = ("firewall", row["id"])
    resources = [(kind, what), me] if isinstance(what, int) else [me]
    return call.start("remove_firewall", resources, lambda: take_off(call.project, row, what), locks=[me])


ROUTES: Routes = {
    **action_lists.routes("firewalls"),
    "GET /firewalls": index,
    "POST /firewalls": create,
    "GET /firewalls/{id}": show,
    "PUT /firewalls/{id}": change,
    "DELETE /firewalls/{id}": delete,
    "POST /firewalls/{id}/actions/set_rules": set_rules,
    "POST /firewalls/{id}/actions/apply_to_resources": apply_to_resources,
    "POST /firewalls/{id}/actions/remove_from_resources": remove_from_resources,
}

COLLECTION = Collection(Kind("firewalls", "firewall"), ROUTES, render, _take_off_all)
