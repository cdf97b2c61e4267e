"""Calls on tasks: lists, of the cluster and of a node, and the status and log of one."""

from __future__ import annotations

from typing import Any

from reconciler.sim.proxmox.failure import bad_parameters
from reconciler.sim.proxmox.params import BOOLEAN, INTEGER, TEXT, Param
from reconciler.sim.proxmox.routing import OPTIONAL_VMID, Call, operation
from reconciler.sim.proxmox.strings import split_list
from reconciler.sim.proxmox.tasks import Task

START = Param("integer", minimum=0)


@operation("GET", "/cluster/tasks")
def cluster_tasks(call: Call) -> list[dict[str, Any]]:
    """Newest first, out of the last 500 of all nodes.

    Others' tasks are left out where the caller has no Sys.Audit on the node.
    """
    return [_task_row(task) for task in reversed(call.world.tasks.all()[-500:]) if _may_see(call, task)]


def _may_see(call: Call, task: Task) -> bool:
    return task.user == call.caller.name or call.caller.may(f"/nodes/{task.node}", "Sys.Audit")


def _task_row(task: Task) -> dict[str, Any]:
    row: dict[str, Any] = {
        "upid": task.upid,
        "node": task.node,
        "pid": task.pid,
        "pstart": task.pstart,
        "starttime": task.starttime,
        "type": task.type,
        "id": task.id,
        "user": task.user,
    }
    if not task.running:
        row |= {"endtime": task.endtime, "status": task.exitstatus}
    return row


@operation(
    "GET",
    "/nodes/{node}/tasks",
    {
        "errors": BOOLEAN,
        "limit": START,
        "since": INTEGER,
        "source": Param(enum=("archive", "active", "all")),
        "start": START,
        "statusfilter": TEXT,
        "typefilter": TEXT,
        "until": INTEGER,
        "userfilter": TEXT,
        "vmid": OPTIONAL_VMID,
    },
)
def node_tasks(call: Call) -> list[dict[str, Any]]:
    """Newest first; by default only those that have ended."""
    given = call.params
    source = given.get("source", "archive")
    tasks = [
        task
        for task in reversed(call.world.tasks.all())
        if task.node == call.node
        and _may_see(call, task)
        and (source == "all" or task.running == (source == "active"))
        and _selected(task, given)
    ]
    start = given.get("start", 0)
    return [_task_row(task) for task in tasks[start : start + given.get("limit", 50)]]


def _selected(task: Task, given: dict[str, Any]) -> bool:
    outcome = _outcome(task)
    return not (
        ("vmid" in given and task.id != str(given["vmid"]))
        or ("typefilter" in given and given["typefilter"] not in task.type)
        or ("userfilter" in given and given["userfilter"].lower() not in task.user.lower())
        or ("since" in given and task.starttime < given["since"])
        or ("until" in given and task.starttime > given["until"])
        or (given.get("errors") and outcome not in ("error", "warning"))
        or ("statusfilter" in given and outcome not in split_list(given["statusfilter"]))
    )


def _outcome(task: Task) -> str:
    if task.exitstatus in (None, "OK"):
        return "ok" if task.exitstatus else "unknown"
    return "warning" if str(task.exitstatus).startswith("WARNINGS") else "error"


@operation("GET", "/nodes/{node}/tasks/{upid}/status")
def task_status(call: Call) -> dict[str, Any]:
    """`status` is `running` or `stopped`; `exitstatus` is `OK`, `WARNINGS: n` or the error.

    A UPID that is unknown on this node is 400 `no such task`; others' tasks are 403 without Sys.Audit.
    """
    task = _task(call)
    row = _task_row(task)
    row.pop("endtime", None)
    row["status"] = "running" if task.running else "stopped"
    return row | ({} if task.running else {"exitstatus": task.exitstatus})


@operation("GET", "/nodes/{node}/tasks/{upid}/log", {"download": BOOLEAN, "limit": START, "start": START})
def task_log(call: Call) -> list[dict[str, Any]]:
    """Numbered lines: 50 where no `limit` is given, all of them where it is 0.

    A task that has written nothing has the line `no content`. Refusals as in `task_status`.
    """
    lines = _task(call).log or ["no content"]
    start, limit = call.params.get("start", 0), call.params.get("limit", 50)
    numbered = [{"n": number, "t": text} for number, text in enumerate(lines, start=1)]
    return numbered[start : start + limit] if limit else numbered[start:]


def _task(call: Call) -> Task:
    upid = str(call.params["upid"])
    if upid.count(":") != 8 or not upid.startswith("UPID:"):
        raise bad_parameters({"upid": "unable to parse worker upid"})
    task = call.world.tasks.get(upid)
    if task is None or task.node != call.node:
        raise bad_parameters({"upid": "no such task"})
    if not _may_see(call, task):
        call.require(f"/nodes/{call.node}", "Sys.Audit")
    return task
