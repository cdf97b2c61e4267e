"""Calls on tasks: lists, of the cluster and of a node, and the status and log of one."""

from __future__ import annotations

from typing import Any

from reconciler.sim.proxmox.failure import bad_parameters
from reconciler.sim.proxmox.params import BOOLEAN, INTEGER, TEXT, Param
from reconciler.sim.proxmox.routing import OPTIONAL_VMID, Call, operation
from reconciler.sim.proxmox.strings import split_list
from reconciler.sim.proxmox.tasks import Task

START = Param("integer", minimum=0)
_RECENT = 25  # tasks of a node that the whole cluster knows, those that run among them
_OUTCOMES = ("ok", "warning", "error", "unknown")


@operation("GET", "/cluster/tasks")
def cluster_tasks(call: Call) -> list[dict[str, Any]]:
    """What each node tells the others: all that runs there, and as many that ended as make 25 with these.

    Others' tasks are left out without Sys.Audit on `/`. A user's own come then, those of its tokens with
    them; a token's do not, because who began a task is compared without the token's name.
    """
    rows = []
    for node in call.world.nodes:
        own = [task for task in reversed(call.world.tasks.all()) if task.node == node]
        running = [task for task in own if task.running]
        ended = [task for task in own if not task.running]
        rows += [_task_row(task) for task in (*running, *ended[: max(_RECENT - len(running), 0)])]
    everything = call.caller.may("/", "Sys.Audit")
    return [row for row in rows if everything or row["user"] == call.caller.name]


def _may_see(call: Call, task: Task) -> bool:
    """Its own, those of its tokens if it is a user; others' with Sys.Audit on the node."""
    own = call.caller.name in (task.user, task.user.partition("!")[0])
    return own or call.caller.may(f"/nodes/{task.node}", "Sys.Audit")


def _task_row(task: Task, *, split: bool = True) -> dict[str, Any]:
    """A task as lists have it. `split`: a token's name stands apart from its user."""
    user, bang, token = task.user.partition("!") if split else (task.user, "", "")
    row: dict[str, Any] = {
        "upid": task.upid,
        "node": task.node,
        "pid": task.pid,
        "pstart": task.pstart,
        "starttime": task.starttime,
        "type": task.type,
        "id": task.id,
        "user": user,
    }
    if bang:
        row["tokenid"] = token
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
    """Those that run, then those that have ended, the last to end first; by default only these.

    One that runs has the status RUNNING, and its user and token are one text.
    """
    given = call.params
    source = given.get("source", "archive")
    own = [task for task in call.world.tasks.all() if task.node == call.node and _may_see(call, task)]
    running = [task for task in own if task.running and source != "archive"]
    ended = sorted(
        (task for task in own if not task.running and source != "active"),
        key=lambda task: task.ends_at,
    )
    tasks = [task for task in (*running, *reversed(ended)) if _selected(task, given)]
    start = given.get("start", 0)
    return [
        _task_row(task, split=False) | {"status": "RUNNING"} if task.running else _task_row(task)
        for task in tasks[start : start + given.get("limit", 50)]
    ]


def _selected(task: Task, given: dict[str, Any]) -> bool:
    wanted = [each.lower() for each in split_list(given.get("statusfilter", ""))] or list(_OUTCOMES)
    if given.get("errors"):
        wanted = [each for each in _OUTCOMES if each != "ok"]
    user = task.user if task.running else task.user.partition("!")[0]
    return not (
        ("vmid" in given and task.id != str(given["vmid"]))
        or ("typefilter" in given and given["typefilter"] != task.type)
        or ("userfilter" in given and given["userfilter"].lower() not in user.lower())
        or ("since" in given and task.starttime < given["since"])
        or ("until" in given and task.starttime > given["until"])
        or _outcome(task) not in wanted
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
