"""The log of tasks, node by node: who began what of some guests since they were last seen. Reads only.

A task is in the list of the node that ran it, whichever that was, and each node's is asked once. What a task
did not do is in no list: most options of a configuration are changed without one. The list of the whole
cluster is not asked, because it holds no more than 25 tasks a node and does not say what it left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from reconciler.errors import ProviderError
from reconciler.model.task_log import Happening, LoggedTask, TaskLog
from reconciler.providers.proxmox.client import ProxmoxClient
from reconciler.providers.proxmox.permissions import may
from reconciler.providers.proxmox.types import TYPES
from reconciler.providers.task_log import TaskLogRequest

_MOST = 1000  # tasks of a node that are read; there are about as many before the server forgets them
_LONGEST = 3600  # seconds that a task may have taken: the list is cut by when they began
_SLACK = 2  # seconds: the log has whole ones
_CAUSES: Mapping[str, Mapping[str, frozenset[Happening]]] = {
    name: offered.tasks for name, offered in TYPES.items() if offered.tasks
}


def task_log(client: ProxmoxClient, request: TaskLogRequest) -> TaskLog:
    """Of every node, and all of it only where a node answers and the login may see others' tasks there.

    Where it may not, that node is not asked: only our own tasks would be shown.
    """
    before = client.requests
    targets = {external_id: kind for kind, external_id in request.targets if kind in _CAUSES}
    if not targets:
        return TaskLog()
    found, missing = list[LoggedTask](), list[str]()
    granted = client.granted if client.granted is not None else client.get("/access/permissions")
    nodes = _nodes(client)
    since = client.now() - request.seconds - _SLACK  # only an answer tells its clock
    for node, is_online in sorted(nodes.items()):
        if not is_online:
            missing.append(f"node {node} is offline")
        elif not may(f"/nodes/{node}", "Sys.Audit", granted):
            missing.append(f"Sys.Audit is missing on /nodes/{node}")
        else:
            try:
                rows = _rows(client, node, since, targets)
            except ProviderError as error:
                missing.append(error.message)
                continue
            if len(rows) >= _MOST:
                missing.append(f"node {node} has more than {_MOST} tasks of that time")
            found += [_task(client.user, row, targets) for row in rows if _fits(row, targets, since)]
    return TaskLog(tuple(found), tuple(missing), client.requests - before)


def _nodes(client: ProxmoxClient) -> Mapping[str, bool]:
    """Whether each node is online; as the look had it, if this client did look."""
    if client.nodes is not None:
        return client.nodes
    rows = client.get("/cluster/resources", {"type": "node"})
    return {str(row["node"]): row.get("status") == "online" for row in rows}


def _rows(client: ProxmoxClient, node: str, since: float, targets: Mapping[str, str]) -> list[Any]:
    params: dict[str, Any] = {"source": "all", "since": int(since) - _LONGEST, "limit": _MOST}
    if len(targets) == 1:
        params["vmid"] = next(iter(targets))
    rows: list[Any] = client.get(f"/nodes/{node}/tasks", params)
    return rows


def _fits(row: Mapping[str, Any], targets: Mapping[str, str], since: float) -> bool:
    external_id = str(row.get("id", ""))
    able = external_id in targets and row["type"] in _CAUSES[targets[external_id]]
    return able and (not row.get("endtime") or int(row["endtime"]) >= since)


def _task(user: str, row: Mapping[str, Any], targets: Mapping[str, str]) -> LoggedTask:
    """A task whose user and token a list tells apart once it has ended, and in one text while it runs."""
    external_id, kind = str(row["id"]), str(row["type"])
    resource_type = targets[external_id]
    who = str(row["user"]) + (f"!{row['tokenid']}" if row.get("tokenid") else "")
    status = str(row.get("status", ""))
    return LoggedTask(
        type=resource_type,
        external_id=external_id,
        task=str(row["upid"]),
        kind=kind,
        user=who,
        began_at=datetime.fromtimestamp(int(row["starttime"]), UTC),
        ended_at=datetime.fromtimestamp(int(row["endtime"]), UTC) if row.get("endtime") else None,
        succeeded=bool(row.get("endtime")) and (status == "OK" or status.startswith("WARNINGS")),
        ours=who == user,
        causes=_CAUSES[resource_type][kind],
    )
