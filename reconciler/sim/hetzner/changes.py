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

from reconciler.sim.hetzner.call import Call, public
from reconciler.sim.hetzner.problems import ApiError
from reconciler.sim.hetzner.project import Json, Project
from reconciler.sim.hetzner.routes import BASE, resolve
from reconciler.sim.hetzner.types import COLLECTIONS

_BY_NAME = {each.kind.name: each for each in COLLECTIONS}
Change = Callable[[Project, Json, float], Any]


def render(project: Project, kind: str, row: Json) -> Json:
    """A record as the API shows it, of the project or of the catalogue."""
    return _BY_NAME[kind].render(project, row) if kind in _BY_NAME else public(row)


def apply(project: Project, what: Json, now: float) -> Any:
    """Do one change and give back what it left; raises ValueError."""
    operations: dict[str, Change] = {
        "create": _create,
        "request": _request,
        "set": _set,
        "delete": _delete,
        "unlock": _unlock,
    }
    for name, collection in _BY_NAME.items():
        operations |= {op: _own(name, does) for op, does in collection.does.items()}
    operation = operations.get(what.get("op", ""))
    if operation is None:
        raise ValueError(f"unknown op {what.get('op')!r}; known: {', '.join(sorted(operations))}")
    return operation(project, what, now)


def _row(project: Project, what: Json, kind: str) -> Json:
    return project.named(kind, what.get("id", what.get("name")))


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
        project.timeline.cut_short(action, now)
    return answer.payload


def _set(project: Project, what: Json, _now: float) -> Any:
    kind = what["type"]
    row = _row(project, what, kind)
    for path, value in what["set"].items():
        first, _, rest = path.partition(".")
        if first == "name" and kind in project.tables:
            project[kind].rename(row, value)
        elif kind in _BY_NAME and first in _BY_NAME[kind].sets:
            _BY_NAME[kind].sets[first](project, row, value)
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
    resource = (project.nouns[kind], row["id"])
    for number in project.timeline.by_resource.get(resource, []):
        project.timeline.cut_short(project.timeline.actions[number], now)
    project.timeline.unlock(resource)
    if row["id"] in project[kind].rows:
        _BY_NAME[kind].take_off(project, row)
        project[kind].remove(row["id"])
    return {"deleted": row["id"]}


def _own(kind: str, does: Callable[[Json, Json], None]) -> Change:
    """What only one kind of resource can do."""

    def operation(project: Project, what: Json, _now: float) -> Any:
        row = _row(project, what, kind)
        does(row, what)
        return render(project, kind, row)

    return operation


def _unlock(project: Project, what: Json, _now: float) -> Any:
    kind = what["type"]
    row = _row(project, what, kind)
    project.timeline.unlock((project.nouns[kind], row["id"]))
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
        {"type": kind, "id": number, "count": len(holders)}
        for (kind, number), holders in project.timeline.locks.items()
    ]
    return result
