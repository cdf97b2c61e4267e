"""Sending one request, and asking after tasks. No retries, no decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.errors import ErrorCode, ProviderError
from reconciler.providers.driver import Request, Submission, TaskState, TaskStatus
from reconciler.providers.flat import unflatten
from reconciler.providers.proxmox import marks
from reconciler.providers.proxmox.client import ProxmoxClient, tasks_of
from reconciler.providers.proxmox.types import TYPES

_MANY = 3
"""From so many tasks on a node, one list is asked for instead of each by itself."""
_LOG_LINES = 3
_RUNS = "already running"
"""Asked to start what runs, the server refuses, at once or in the task; what was asked for is so."""
_CREATED = {operation: name for offered in TYPES.values() for operation, name in offered.created.items()}
_STARTS = frozenset(operation for offered in TYPES.values() for operation in offered.starts)
_START_TASKS = frozenset(task for offered in TYPES.values() for task in offered.starts.values())
_SENDS = {operation: send for offered in TYPES.values() for operation, send in offered.sends.items()}


def submit(client: ProxmoxClient, request: Request) -> Submission:
    """Raises ProviderError, `ambiguous` if the request may have taken effect."""
    params = {name: _encode(value) for name, value in unflatten(request.params).items()}
    if send := _SENDS.get(request.operation):
        return send(client, request, params)
    try:
        answer = client.call(request.method, request.path, params)
    except ProviderError as error:
        if request.operation in _STARTS and _RUNS in error.message:
            return Submission()
        raise
    key = _CREATED.get(request.operation)
    return Submission(str(params[key]) if key else None, tasks_of(answer))


def _encode(value: Any) -> Any:
    """A parameter as the form has it: flags as 1 and 0, tags in one word list, a text with our mark below."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, list):
        return ";".join(marks.compact(str(item)) for item in value)
    if isinstance(value, Mapping):
        line = " ".join(marks.compact(str(word)) for word in value.get("mark", ()))
        return "\n".join(filter(None, [str(value.get("text", "")), line]))
    return value


def poll(client: ProxmoxClient, tasks: Sequence[str]) -> Mapping[str, TaskStatus]:
    """The states of tasks. A node that does not answer leaves its tasks as running: nothing is known yet."""
    nodes: dict[str, list[str]] = {}
    found: dict[str, TaskStatus] = {}
    for task in tasks:
        words = task.split(":")
        if len(words) == 9 and words[0] == "UPID":
            nodes.setdefault(words[1], []).append(task)
        else:
            found[task] = TaskStatus(TaskState.UNKNOWN, "not the name of a task")
    last: ProviderError | None = None
    for node, own in nodes.items():
        try:
            found |= _poll_node(client, node, own)
        except ProviderError as error:
            last = error
            found |= {task: _not_known(error) for task in own}
    if last is not None and len(nodes) == 1:
        raise last
    return found


def _not_known(error: ProviderError) -> TaskStatus:
    return TaskStatus(TaskState.RUNNING, f"not known: {error.message}")


def _poll_node(client: ProxmoxClient, node: str, tasks: Sequence[str]) -> dict[str, TaskStatus]:
    ended: dict[str, str] = {}
    running: set[str] = set()
    if len(tasks) >= _MANY:
        ended, running = _listed(client, node, tasks)
    return {
        task: TaskStatus(TaskState.RUNNING)
        if task in running
        else _ended(client, node, task, ended[task])
        if task in ended
        else _poll_one(client, node, task)
        for task in tasks
    }


def _listed(client: ProxmoxClient, node: str, tasks: Sequence[str]) -> tuple[dict[str, str], set[str]]:
    """From a node's list: the results of tasks that have ended, and those that run."""
    since = min(int(task.split(":")[4], 16) for task in tasks)
    params = {"source": "all", "since": since, "limit": 1000}
    rows = client.get(f"/nodes/{node}/tasks", params)
    ended = {row["upid"]: str(row["status"]) for row in rows if row.get("endtime") and row.get("status")}
    return ended, {row["upid"] for row in rows if not row.get("endtime")}


def _poll_one(client: ProxmoxClient, node: str, task: str) -> TaskStatus:
    try:
        row = client.get(f"/nodes/{node}/tasks/{task}/status")
    except ProviderError as error:
        if error.code in (ErrorCode.NOT_FOUND, ErrorCode.INVALID):
            return _denied(client, node, task, error.message)
        raise
    if row.get("status") != "stopped":
        return TaskStatus(TaskState.RUNNING)
    return _ended(client, node, task, str(row.get("exitstatus", "unknown")))


def _denied(client: ProxmoxClient, node: str, task: str, message: str) -> TaskStatus:
    """A task whose status was denied, which is not its end: the node's list has the last word."""
    ended, running = _listed(client, node, [task])
    if task in running:
        return TaskStatus(TaskState.RUNNING)
    if task in ended:
        return _ended(client, node, task, ended[task])
    return TaskStatus(TaskState.UNKNOWN, message)


def _ended(client: ProxmoxClient, node: str, task: str, result: str) -> TaskStatus:
    if result == "OK" or (_RUNS in result and task.split(":")[5] in _START_TASKS):
        return TaskStatus(TaskState.DONE)
    if result.startswith("WARNINGS"):
        return TaskStatus(TaskState.DONE, f"{result}: {_tail(client, node, task)}")
    return TaskStatus(TaskState.FAILED, f"{result}: {_tail(client, node, task)}")


def _tail(client: ProxmoxClient, node: str, task: str) -> str:
    """The last lines of a task's log, which say more than its result."""
    try:
        rows = client.get(f"/nodes/{node}/tasks/{task}/log", {"limit": 500})
    except ProviderError as error:
        return f"(its log cannot be read: {error.message})"
    lines = [str(row.get("t", "")) for row in rows if row.get("t")]
    return " / ".join(lines[-_LOG_LINES:])
