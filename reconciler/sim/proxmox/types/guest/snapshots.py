"""Snapshots of guests: list, create, read, describe, roll back, delete."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reconciler.sim.proxmox.failure import failed
from reconciler.sim.proxmox.kinds import Kind
from reconciler.sim.proxmox.params import BOOLEAN, TEXT
from reconciler.sim.proxmox.routing import SNAPSHOT_NAME, Call, operation
from reconciler.sim.proxmox.types.guest import drives
from reconciler.sim.proxmox.types.guest.power import start_guest
from reconciler.sim.proxmox.world import Guest, Snapshot

AUDIT = ("/vms/{vmid}", "VM.Audit")
SNAPSHOT = ("/vms/{vmid}", "VM.Snapshot")
ROLLBACK = ("/vms/{vmid}", "VM.Snapshot", "VM.Snapshot.Rollback")
READ = (*ROLLBACK, "VM.Audit")


def _list(call: Call, kind: Kind) -> list[dict[str, Any]]:
    """Oldest first, and the present state as `current`."""
    guest = call.guest(kind)
    rows: list[dict[str, Any]] = []
    for name, shot in guest.snapshots.items():
        row: dict[str, Any] = {"name": name, "description": shot.description, "snaptime": shot.snaptime}
        if shot.parent is not None:
            row["parent"] = shot.parent
        if kind.keeps_memory:
            row["vmstate"] = int(shot.vmstate)
        rows.append(row)
    current: dict[str, Any] = {
        "name": "current",
        "description": "You are here!",
        "digest": guest.digest,
        "running": int(guest.running),
    }
    if "parent" in guest.config:
        current["parent"] = guest.config["parent"]
    return [*rows, current]


def _create(call: Call, kind: Kind, task: str) -> str:
    guest = call.guest(kind)
    name = str(call.params["snapname"])
    if name in ("current", "pending"):
        raise failed(f"unable to use snapshot name '{name}' (reserved name)")

    def create() -> None:
        call.check_lock(guest)
        if name in guest.snapshots:
            raise failed(f"snapshot name '{name}' already used")
        parent = guest.config.get("parent")
        config = {key: value for key, value in guest.config.items() if key != "parent" and not _outlasts(key)}
        guest.snapshots[name] = Snapshot(
            config,
            str(call.params.get("description", "")),
            int(call.world.clock()),
            str(parent) if parent is not None else None,
            vmstate=bool(call.params.get("vmstate")) and guest.running,
        )
        guest.config["parent"] = name
        call.world.save(guest)

    return call.task(task, guest, create)


def _outlasts(key: str) -> bool:
    """What is no part of a snapshot, and stays as it is when one is rolled back."""
    return key == "description" or key.startswith("unused")


def _existing(call: Call, guest: Guest) -> Snapshot:
    name = str(call.params["snapname"])
    if name not in guest.snapshots:
        raise failed(f"snapshot '{name}' does not exist")
    return guest.snapshots[name]


def _delete(call: Call, kind: Kind, task: str) -> str:
    guest = call.guest(kind)
    name = str(call.params["snapname"])

    def delete() -> None:
        call.check_lock(guest)
        parent = _existing(call, guest).parent
        del guest.snapshots[name]
        for child, shot in guest.snapshots.items():
            if shot.parent == name:
                guest.snapshots[child] = replace(shot, parent=parent)
        if guest.config.get("parent") == name:
            del guest.config["parent"]
            if parent is not None:
                guest.config["parent"] = parent
        call.world.save(guest)

    return call.task(task, guest, delete)


def _roll_back(call: Call, kind: Kind, task: str) -> str:
    guest = call.guest(kind)
    name = str(call.params["snapname"])
    _existing(call, guest)

    def roll_back() -> None:
        call.check_lock(guest)
        shot = _existing(call, guest)
        then = guest.config
        guest.config = {**{key: value for key, value in then.items() if _outlasts(key)}, **shot.config}
        guest.config["parent"] = name
        guest.pending.clear()
        guest.deletes.clear()
        drives.set_aside_what_is_left(call.world, guest, then)
        guest.running = guest.paused = False
        if shot.vmstate or call.params.get("start"):
            start_guest(call.world, guest)
        call.world.save(guest)

    return call.task(task, guest, roll_back)


def _read(call: Call, kind: Kind) -> dict[str, Any]:
    shot = _existing(call, call.guest(kind))
    answer: dict[str, Any] = {**shot.section, "snaptime": shot.snaptime}
    if shot.parent is not None:
        answer["parent"] = shot.parent
    return answer


def _describe(call: Call, kind: Kind) -> None:
    guest = call.guest(kind)
    call.check_lock(guest)
    shot = _existing(call, guest)
    if "description" in call.params:
        name = str(call.params["snapname"])
        guest.snapshots[name] = replace(shot, description=str(call.params["description"]))
    call.world.save(guest)


def declare(kind: Kind, tasks: str) -> None:
    """The same calls for every kind, but not each has memory to keep. `tasks`: how their types begin."""
    base = f"/nodes/{{node}}/{kind.name}/{{vmid}}/snapshot"
    one = base + "/{snapname}"
    memory = {"vmstate": BOOLEAN} if kind.keeps_memory else {}

    def bound(handler: Callable[[Call, Kind], Any]) -> Callable[[Call], Any]:
        return lambda call: handler(call, kind)

    def task(handler: Callable[[Call, Kind, str], str], name: str) -> Callable[[Call], Any]:
        return lambda call: handler(call, kind, f"{tasks}{name}")

    operation("GET", base, needs=AUDIT)(bound(_list))
    operation("POST", base, {"snapname": SNAPSHOT_NAME, "description": TEXT, **memory}, needs=SNAPSHOT)(
        task(_create, "snapshot")
    )
    operation("DELETE", one, {"force": BOOLEAN}, needs=SNAPSHOT)(task(_delete, "delsnapshot"))
    operation("POST", one + "/rollback", {"start": BOOLEAN}, needs=ROLLBACK)(task(_roll_back, "rollback"))
    operation("GET", one + "/config", needs=READ)(bound(_read))
    operation("PUT", one + "/config", {"description": TEXT}, needs=SNAPSHOT)(bound(_describe))
