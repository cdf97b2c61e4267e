"""Sending one request, and polling what it started.

A task is `action/<id>`, an action of the API, or what a type watches beside these, by the object's id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from reconciler.errors import ErrorCode, ProviderError
from reconciler.providers.driver import Request, Submission, TaskState, TaskStatus
from reconciler.providers.flat import unflatten
from reconciler.providers.hetzner.client import HetznerClient
from reconciler.providers.hetzner.errors import malformed
from reconciler.providers.hetzner.reading import Json
from reconciler.providers.hetzner.resource_type import ResourceType
from reconciler.providers.hetzner.reverse_dns import VERSIONS, first_address, own_address
from reconciler.providers.hetzner.types import TYPES

_OWN_ADDRESSES = {own_address(version): version for version in VERSIONS}
_ACTION = "action/"
_ACTIONS_A_PAGE = 50
_BY_NOUN = {each.wire.noun: each for each in TYPES.values()}
_READS = {operation: look for each in TYPES.values() for operation, look in each.reads.items()}
_WATCHED = {each.watch.task: each.watch for each in TYPES.values() if each.watch is not None}


def submit(client: HetznerClient, request: Request) -> Submission:
    """Send it, once. Raises ProviderError."""
    if look := _READS.get(request.operation):
        look(client, request)
        return Submission()
    noun, _, verb = request.operation.partition(".")
    kind = _BY_NOUN[noun]
    body = _on_the_wire(unflatten(request.params), kind.wire.numbers)
    if body.get("ip") in _OWN_ADDRESSES:
        body["ip"] = _own_address(client, kind, request.path_params["id"], _OWN_ADDRESSES[body["ip"]])
    answer = client.write(request.method, request.path, body)
    try:
        external_id = str(answer[noun]["id"]) if verb == "create" else None
        tasks = tuple(f"{_ACTION}{action['id']}" for action in _actions(answer) if _open(action))
    except (KeyError, TypeError):
        name = client.named(request.method, request.path)
        raise malformed(name, request.method, f"the answer has no `{noun}` or actions as expected") from None
    if kind.watch is not None and kind.watch.operation == request.operation:
        tasks += (f"{kind.watch.task}/{request.path_params['id']}",)
    return Submission(external_id, tasks)


def poll(client: HetznerClient, tasks: Sequence[str]) -> dict[str, TaskStatus]:
    """All actions in one request for every 50; what a type watches, one request each."""
    result: dict[str, TaskStatus] = {}
    actions = [task for task in tasks if task.startswith(_ACTION)]
    for start in range(0, len(actions), _ACTIONS_A_PAGE):
        result.update(_poll_actions(client, actions[start : start + _ACTIONS_A_PAGE]))
    for task in tasks:
        word, _, external_id = task.partition("/")
        if word in _WATCHED:
            result[task] = _WATCHED[word].poll(client, external_id)
        elif task not in result:
            result[task] = TaskStatus(TaskState.UNKNOWN, f"`{task}` is no task of this provider")
    return result


def _poll_actions(client: HetznerClient, tasks: Sequence[str]) -> Iterator[tuple[str, TaskStatus]]:
    ids = [task.removeprefix(_ACTION) for task in tasks]
    answer = client.get("/actions", {"id": ids, "per_page": _ACTIONS_A_PAGE})
    try:
        found = {f"{_ACTION}{action['id']}": _status(action) for action in answer["actions"]}
    except (KeyError, TypeError):
        raise malformed(
            client.named("GET", "/actions"), "GET", "the answer is not a list of actions"
        ) from None
    unknown = TaskStatus(TaskState.UNKNOWN, "the provider no longer knows the action")
    return ((task, found.get(task, unknown)) for task in tasks)


def _status(action: Json) -> TaskStatus:
    match action["status"]:
        case "running":
            return TaskStatus(TaskState.RUNNING)
        case "success":
            return TaskStatus(TaskState.DONE)
        case "error":
            error = action.get("error") or {}
            text = f"{action['command']}: {error.get('message', 'failed')} ({error.get('code', 'no code')})"
            return TaskStatus(TaskState.FAILED, text)
        case other:
            return TaskStatus(TaskState.UNKNOWN, f"{action['command']}: unknown status `{other}`")


def _open(action: Json) -> bool:
    """A failed action is kept, so that polling reports its error."""
    return bool(action["status"] != "success")


def _actions(answer: Json) -> Iterator[Json]:
    if answer.get("action") is not None:
        yield answer["action"]
    yield from answer.get("actions") or ()
    yield from answer.get("next_actions") or ()


def _own_address(client: HetznerClient, kind: ResourceType, external_id: str, version: str) -> str:
    """The public address of the object that the request is about, read just before it is sent."""
    path = f"/{kind.wire.collection}/{external_id}"
    try:
        return first_address(kind.own_ip(client.get(path)[kind.wire.noun], version))
    except (KeyError, TypeError):
        message = (
            f"{client.named('GET', path)}: it has no public {version} address, so reverse DNS cannot be set"
        )
        raise ProviderError(message, code=ErrorCode.INVALID) from None


def _on_the_wire(tree: Mapping[str, Any], numbers: Set[str]) -> dict[str, Any]:
    """Ids become numbers. What else looks like one (a port, a snapshot's id as `image`) stays as it is."""
    return {key: _wire(key, value, numbers) for key, value in tree.items()}


def _wire(key: str, value: Any, numbers: Set[str]) -> Any:
    if isinstance(value, dict):
        return value if key == "labels" else _on_the_wire(value, numbers)
    if isinstance(value, list):
        return [_wire(key, item, numbers) for item in value]
    if key in numbers and isinstance(value, str) and value.isdecimal():
        return int(value)
    return value
