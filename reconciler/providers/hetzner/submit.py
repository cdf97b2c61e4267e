"""Sending one request, and polling what it started.

A task is `action/<id>`, an action of the API, or `off/<server id>`: the API calls a graceful shutdown done
as soon as the machine has been asked, so what is waited for beside it is that the machine is off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reconciler.errors import ErrorCode, ProviderError
from reconciler.providers.driver import Request, Submission, TaskState, TaskStatus
from reconciler.providers.flat import unflatten
from reconciler.providers.hetzner import catalogue
from reconciler.providers.hetzner.client import HetznerClient
from reconciler.providers.hetzner.convert import Json
from reconciler.providers.hetzner.convert_objects import first_address
from reconciler.providers.hetzner.errors import malformed
from reconciler.providers.hetzner.kinds import NOUNS

# Stand in a reverse DNS call for an address that the provider chose when it made the object.
OWN_ADDRESS = {"${public_ipv4}": "ipv4", "${public_ipv6}": "ipv6"}
ACTION, OFF = "action/", "off/"
_ACTIONS_A_PAGE = 50

# Ids are numbers on the wire and texts everywhere in here. Anything else that looks like a number (a port,
# a snapshot's id as `image`) is sent as it was written.
_NUMBERS = frozenset(
    {
        "assignee_id",
        "firewall",
        "id",
        "ipv4",
        "ipv6",
        "network",
        "networks",
        "placement_group",
        "server",
        "ssh_keys",
    }
)


def submit(client: HetznerClient, request: Request) -> Submission:
    """Send it, once. Raises ProviderError."""
    if request.operation in catalogue.LOOKS:
        return catalogue.look(client, request)
    noun, _, verb = request.operation.partition(".")
    body = _on_the_wire(unflatten(request.params))
    if body.get("ip") in OWN_ADDRESS:
        body["ip"] = _own_address(client, request, OWN_ADDRESS[body["ip"]])
    answer = client.write(request.method, request.path, body)
    try:
        external_id = str(answer[noun]["id"]) if verb == "create" else None
        tasks = tuple(f"{ACTION}{action['id']}" for action in _actions(answer) if _open(action))
    except (KeyError, TypeError):
        name = client.named(request.method, request.path)
        raise malformed(name, request.method, f"the answer has no `{noun}` or actions as expected") from None
    if request.operation == "server.shutdown":
        tasks += (f"{OFF}{request.path_params['id']}",)
    return Submission(external_id, tasks)


def poll(client: HetznerClient, tasks: Sequence[str]) -> dict[str, TaskStatus]:
    """All actions in one request for every 50; a machine that is to go off, one request each."""
    result: dict[str, TaskStatus] = {}
    actions = [task for task in tasks if task.startswith(ACTION)]
    for start in range(0, len(actions), _ACTIONS_A_PAGE):
        result.update(_poll_actions(client, actions[start : start + _ACTIONS_A_PAGE]))
    for task in tasks:
        if task.startswith(OFF):
            result[task] = _poll_off(client, task.removeprefix(OFF))
        elif task not in result:
            result[task] = TaskStatus(TaskState.UNKNOWN, f"`{task}` is no task of this provider")
    return result


def _poll_actions(client: HetznerClient, tasks: Sequence[str]) -> Iterator[tuple[str, TaskStatus]]:
    ids = [task.removeprefix(ACTION) for task in tasks]
    answer = client.get("/actions", {"id": ids, "per_page": _ACTIONS_A_PAGE})
    try:
        found = {f"{ACTION}{action['id']}": _status(action) for action in answer["actions"]}
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


def _poll_off(client: HetznerClient, server: str) -> TaskStatus:
    try:
        status = client.get(f"/servers/{server}")["server"]["status"]
    except ProviderError as error:
        if error.code is ErrorCode.NOT_FOUND:
            return TaskStatus(TaskState.UNKNOWN, "the machine is gone")
        # Not seen this time; the other tasks' states are not lost for it, and the call's own bound holds.
        return TaskStatus(TaskState.RUNNING, error.message)
    except (KeyError, TypeError):
        # One odd answer takes no other task's state away.
        return TaskStatus(TaskState.RUNNING, f"{client.named('GET', f'/servers/{server}')}: no server")
    return TaskStatus(TaskState.DONE if status == "off" else TaskState.RUNNING)


def _open(action: Json) -> bool:
    """A failed action is kept, so that polling reports its error."""
    return bool(action["status"] != "success")


def _actions(answer: Json) -> Iterator[Json]:
    if answer.get("action") is not None:
        yield answer["action"]
    yield from answer.get("actions") or ()
    yield from answer.get("next_actions") or ()


def _own_address(client: HetznerClient, request: Request, version: str) -> str:
    """The public address of the object that the request is about, read just before it is sent."""
    kind = NOUNS[request.operation.partition(".")[0]]
    path = f"/{kind.collection}/{request.path_params['id']}"
    try:
        data = client.get(path)[kind.noun]
        ip = data["public_net"][version]["ip"] if kind.noun == "server" else data["ip"]
        return first_address(ip)
    except (KeyError, TypeError):
        message = (
            f"{client.named('GET', path)}: it has no public {version} address, so reverse DNS cannot be set"
        )
        raise ProviderError(message, code=ErrorCode.INVALID) from None


def _on_the_wire(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _wire(key, value) for key, value in tree.items()}


def _wire(key: str, value: Any) -> Any:
    if isinstance(value, dict):
        return value if key == "labels" else _on_the_wire(value)
    if isinstance(value, list):
        return [_wire(key, item) for item in value]
    if key in _NUMBERS and isinstance(value, str) and value.isdecimal():
        return int(value)
    return value
