"""Changing the ground truth behind the controller's back: what `POST /_sim/change` can do.

    {"op": "create", "type": "networks", "body": {…}}     as another client would; its actions end at once
    {"op": "request", "method": "POST", "path": "/servers/1/actions/poweroff", "body": {…}}     likewise
    {"op": "set", "type": "servers", "name": "web-1", "set": {"labels.env": "dev", "server_type": "cx32"}}
    {"op": "set", "type": "server_types", "name": "cx22", "set": {"locations.fsn1.available": false}}
    {"op": "delete", "type": "servers", "id": 42}         at once, without asking locks or protection
    {"op": "power", "name": "web-1", "to": "off"}
    {"op": "unlock", "type": "servers", "name": "web-1"}

An object is named by `id` or `name`. What cannot be done raises ValueError with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reconciler.sim.hetzner import (
    firewalls,
    floating_ips,
    networks,
    placement_groups,
    primary_ips,
    servers,
    volumes,
)
from reconciler.sim.hetzner.call import Call, public
from reconciler.sim.hetzner.problems import ApiError
from reconciler.sim.hetzner.project import SINGULAR, Json, Project
from reconciler.sim.hetzner.routes import BASE, resolve

RENDER: dict[str, Callable[[Project, Json], Json]] = {
    "servers": servers.render,
    "networks": networks.render,
    "volumes": volumes.render,
    "firewalls": firewalls.render,
    "floating_ips": floating_ips.render,
    "primary_ips": primary_ips.render,
    "placement_groups": lambda _, row: placement_groups.render(row),
}


def render(project: Project, kind: str, row: Json) -> Json:
    return RENDER[kind](project, row) if kind in RENDER else public(row)


def apply(project: Project, what: Json, now: float) -> Any:
    """Do one change and give back what it left; raises ValueError."""
    operations: dict[str, Callable[[Project, Json, float], Any]] = {
        "create": _create,
        "request": _request,
        "set": _set,
        "delete": _delete,
        "power": _power,
        "unlock": _unlock,
    }
    operation = operations.get(what.get("op", ""))
    if operation is None:
        raise ValueError(f"unknown op {what.get('op')!r}; known: {', '.join(sorted(operations))}")
    return operation(project, what, now)


def _row(project: Project, what: Json, kind: str) -> Json:
    reference = what.get("id", what.get("name"))
    row: Json | None = None
    if kind in project.tables:
        row = project[kind].find(reference) if reference is not None else None
    elif kind in SINGULAR:
        row = project.catalogue.find(kind, reference)
    else:
        raise ValueError(f"unknown type {kind!r}; known: {', '.join(sorted(SINGULAR))}")
    if row is None:
        raise ValueError(f"no {SINGULAR[kind]} {reference!r}")
    return row


def _create(project: Project, what: Json, now: float) -> Any:
    return _request(project, {"method": "POST", "path": f"/{what['type']}", "body": what["body"]}, now)


def _request(project: Project, what: Json, now: float) -> Any:
    try:
        handler, ids = resolve(what["method"], BASE + what["path"])
        call = Call(project, now, ids, body=what.get("body"))
        answer = handler(call)
    except ApiError as error:
        raise ValueError(f"{error.code}: {error.message}") from error
    for action in call.started:
        action.ends = min(action.ends, now)
        project.timeline.finish(action)
    return answer.payload


def _set(project: Project, what: Json, _now: float) -> Any:
    kind = what["type"]
    row = _row(project, what, kind)
    for path, value in what["set"].items():
        first, _, rest = path.partition(".")
        if first == "name" and kind in project.tables:
            project[kind].rename(row, value)
        elif kind == "servers" and first in ("server_type", "image"):
            row[f"_{first}"] = _row(project, {"name": value}, f"{first}s")["id"]
        elif kind == "servers" and first == "acpi":
            row["_acpi"] = bool(value)
        elif first == "labels" and rest:
            row["labels"][rest] = value
        else:
            _assign(row, path.split("."), value, kind)
    return render(project, kind, row)


def _assign(row: Json, path: list[str], value: Any, kind: str) -> None:
    """Set a plain field; a list's item is named by its `name`, its id or its position."""
    if path[0] not in row:
        known = ", ".join(key for key in row if key[0] != "_")
        raise ValueError(f"cannot set {path[0]!r} of {kind} (use a request); can be set: {known}")
    target: Any = row
    for part in path[:-1]:
        target = _step(target, part)
    if isinstance(target, dict):
        target[path[-1]] = value
    elif isinstance(target, list) and path[-1].isdecimal() and int(path[-1]) < len(target):
        target[int(path[-1])] = value
    else:
        raise ValueError(f"nothing to set at {'.'.join(path)!r}")


def _step(target: Any, part: str) -> Any:
    if isinstance(target, dict) and part in target:
        return target[part]
    if isinstance(target, list):
        for position, item in enumerate(target):
            names = (str(position), item.get("name"), str(item.get("id"))) if isinstance(item, dict) else ()
            if part in names:
                return item
    raise ValueError(f"no {part!r} to step into")


def _delete(project: Project, what: Json, now: float) -> Any:
    kind = what["type"]
    row = _row(project, what, kind)
    if kind not in project.tables:
        project.catalogue.table(kind).pop(row["id"])
        return {"deleted": row["id"]}
    resource = (SINGULAR[kind], row["id"])
    for number in project.timeline.by_resource.get(resource, []):
        action = project.timeline.actions[number]
        action.ends = min(action.ends, now)
        project.timeline.finish(action)
    project.timeline.unlock(resource)
    if row["id"] in project[kind].rows:
        _remove(project, kind, row)
    return {"deleted": row["id"]}


def _remove(project: Project, kind: str, row: Json) -> None:
    if kind == "servers":
        servers.remove(project, row)
    elif kind == "networks":
        networks.remove(project, row)
    else:
        _let_go(project, kind, row)
        project[kind].remove(row["id"])


def _let_go(project: Project, kind: str, row: Json) -> None:
    if kind == "volumes":
        volumes.take_off(project, row)
    elif kind == "floating_ips":
        floating_ips.take_off(project, row)
    elif kind == "primary_ips":
        primary_ips.take_off(project, row)
    elif kind == "firewalls":
        for _, what in list(row["_targets"]):
            firewalls.take_off(project, row, what)
    elif kind == "placement_groups":
        for number in list(row["_servers"]):
            servers.leave_group(project, project["servers"].get(number))


def _power(project: Project, what: Json, _now: float) -> Any:
    row = _row(project, what, "servers")
    to = what.get("to")
    if to not in ("on", "off"):
        raise ValueError(f"`to` must be 'on' or 'off', not {to!r}")
    row["_epoch"] += 1
    row["status"] = "running" if to == "on" else "off"
    return servers.render(project, row)


def _unlock(project: Project, what: Json, _now: float) -> Any:
    kind = what.get("type", "servers")
    row = _row(project, what, kind)
    project.timeline.unlock((SINGULAR[kind], row["id"]))
    return render(project, kind, row)


def truth(project: Project, now: float) -> Json:
    """Everything in a project, answers' fields and internal ones, and its actions and locks."""
    result: Json = {}
    for kind, table in project.tables.items():
        result[kind] = [
            render(project, kind, row)
            | {"internal": {key[1:]: value for key, value in row.items() if key[0] == "_"}}
            for row in table.rows.values()
        ]
    result["actions"] = [action.render(now) for action in project.timeline.actions.values()]
    result["locks"] = [
        {"type": kind, "id": number, "count": count}
        for (kind, number), count in project.timeline.locks.items()
    ]
    return result
