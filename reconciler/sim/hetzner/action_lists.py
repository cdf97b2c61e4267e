"""Reading actions: one, several by id, and those of a collection or of one resource."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from reconciler.sim.hetzner.actions import Action
from reconciler.sim.hetzner.call import Answer, Call, Handler, Routes, paged
from reconciler.sim.hetzner.problems import ApiError, invalid, not_found
from reconciler.sim.hetzner.project import Json

_SORTS = ("id", "command", "status", "started", "finished")


def one(call: Call) -> Answer:
    """The last number in the path is the action's."""
    action = call.project.timeline.actions.get(call.ids[-1])
    if action is None:
        raise not_found("action", call.ids[-1])
    return Answer(200, {"action": call.show(action)})


def several(call: Call) -> Answer:
    """Those asked for by id; the list of all was removed from the API."""
    wanted = _ids(call)
    if not wanted:
        raise ApiError(
            "deprecated_api_endpoint",
            "listing all actions was removed, ask for actions by id",
            {"announcement": "https://docs.hetzner.cloud/changelog"},
        )
    actions = call.project.timeline.actions
    found = [actions[number] for number in sorted(wanted) if number in actions]
    return Answer(200, {"actions": [call.show(action) for action in found]})


def _of_collection(kind: str) -> Handler:
    def handler(call: Call) -> Answer:
        single = call.project.nouns[kind]
        actions = call.project.timeline.actions.values()
        rows: Iterable[Action] = (
            action for action in actions if any(name == single for name, _ in action.resources)
        )
        if wanted := _ids(call):
            rows = (action for action in rows if action.id in wanted)
        return _page(call, rows)

    return handler


def _of_resource(kind: str, known: Callable[[Call], object]) -> Handler:
    def handler(call: Call) -> Answer:
        timeline = call.project.timeline
        resource = (call.project.nouns[kind], call.ids[0])
        numbers = timeline.by_resource.get(resource, [])
        if not numbers:
            known(call)
        return _page(call, [timeline.actions[number] for number in numbers])

    return handler


def _page(call: Call, actions: Iterable[Action]) -> Answer:
    rows: Sequence[Json] = [call.show(action) for action in actions]
    if wanted := call.query.get("status"):
        rows = [row for row in rows if row["status"] in wanted]
    for text in reversed(call.query.get("sort", [])):
        name, _, direction = text.partition(":")
        if name not in _SORTS or direction not in ("", "asc", "desc"):
            raise invalid("sort", f"cannot sort by {text}")
        rows = sorted(rows, key=lambda row: (row[name] is not None, row[name]), reverse=direction == "desc")
    return paged(call, "actions", rows, lambda row: row)


def _ids(call: Call) -> set[int]:
    texts = call.query.get("id", [])
    if not all(text.isdecimal() for text in texts):
        raise invalid("id", "must be an integer")
    return {int(text) for text in texts}


def routes(kind: str, known: Callable[[Call], object] | None = None) -> Routes:
    """The paths of a collection whose members have actions; `known` refuses a member that does not exist."""
    return {
        f"GET /{kind}/actions": _of_collection(kind),
        f"GET /{kind}/actions/{{id}}": one,
        f"GET /{kind}/{{id}}/actions": _of_resource(kind, known or (lambda call: call.row(kind))),
        f"GET /{kind}/{{id}}/actions/{{id}}": one,
    }


ROUTES: Routes = {"GET /actions": several, "GET /actions/{id}": one}
