"""What lists and status calls show of a guest: figures derived from its configuration.

Load figures are made up, but always the same for the same guest, so that answers can be compared.
"""

from __future__ import annotations

import re
from typing import Any

from reconciler.sim.proxmox.strings import parse_size
from reconciler.sim.proxmox.world import Guest, World

MIB = 1 << 20


def memory(guest: Guest) -> int:
    """MiB; the setting may be written as `current=2048`."""
    return int(str(guest.config.get("memory", 512)).rpartition("=")[2])


def size_in(text: str) -> int:
    """Bytes of the `size=32G` in a drive's text; 0 where it says none."""
    found = re.search(r"(?:^|,)size=([^,]+)", text)
    return parse_size(found[1]) if found else 0


def figures(world: World, guest: Guest) -> dict[str, Any]:
    """What every list shows, without what depends on the moment."""
    if guest.row is None:
        row: dict[str, Any] = {
            "vmid": guest.vmid,
            "name": guest.name,
            "status": "running" if guest.running else "stopped",
            "maxmem": memory(guest) * MIB,
            "maxdisk": guest.kind.disk_size(guest),
            "template": int(guest.template),
            "cpus": guest.kind.cpus(world, guest),
            "cpu": 0,
            "mem": 0,
            "disk": 0,
            "uptime": 0,
            "netin": 0,
            "netout": 0,
            "diskread": 0,
            "diskwrite": 0,
        }
        if guest.config.get("tags"):
            row["tags"] = guest.config["tags"]
        guest.row = row
    row = dict(guest.row)
    if guest.running:
        row["uptime"] = max(1, int(world.clock() - guest.started))
        row["cpu"] = 0.01 + guest.vmid % 10 / 100
        row["mem"] = row["maxmem"] // 2
    return row


def resource(world: World, guest: Guest, lock: str | None, *, node_online: bool) -> dict[str, Any]:
    """The guest's row of `GET /cluster/resources`; of an offline node little more than the id is known."""
    row: dict[str, Any] = {
        "id": f"{guest.kind.name}/{guest.vmid}",
        "type": guest.kind.name,
        "node": guest.node,
        "vmid": guest.vmid,
        "status": "unknown",
        "template": int(guest.template),
    }
    if node_online:
        shown = figures(world, guest)
        shown["maxcpu"] = shown.pop("cpus")
        row |= shown
    elif guest.config.get("tags"):
        row["tags"] = guest.config["tags"]
    if lock is not None:
        row["lock"] = lock
    if guest.vmid in world.pool_of:
        row["pool"] = world.pool_of[guest.vmid]
    return row


def listed(world: World, guest: Guest, lock: str | None) -> dict[str, Any]:
    """The guest's row in the list of its node, which leaves out what is at its default."""
    row = figures(world, guest)
    if not row["template"]:
        del row["template"]
    if lock is not None:
        row["lock"] = lock
    return row
