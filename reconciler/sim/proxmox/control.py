"""Changes behind the controller's back: what another administrator, or chance, does to the cluster.

{"op": "set", "vmid": 101, "set": {"memory": "4096"}}      as in the web interface; "pending": false
                                                          makes it current at once
{"op": "unset", "vmid": 101, "keys": ["description"]}
{"op": "delete", "vmid": 101}                              whatever state it is in
{"op": "power", "vmid": 101, "to": "running" | "stopped"}
{"op": "create", "vmid": 200, "node": "pve1", "type": "qemu", "config": {…}}
{"op": "migrate", "vmid": 101, "to": "pve2"}
{"op": "occupy", "vmid": 101}                              a stranger's guest takes the id
{"op": "ignore_shutdown", "vmid": 101, "value": true}      the guest no longer listens to a shutdown
{"op": "set_pool", "pool": "team", "set": {"comment": "…"}}
{"op": "delete_pool", "pool": "team"}                      whatever is in it

A guest that exists may be told by its "name" instead of its "vmid".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reconciler.sim.proxmox.kinds import Kind, Value
from reconciler.sim.proxmox.params import convert
from reconciler.sim.proxmox.types import KINDS
from reconciler.sim.proxmox.types.guest import drives, pending
from reconciler.sim.proxmox.types.guest.calls import remove
from reconciler.sim.proxmox.types.guest.moving import move_guest
from reconciler.sim.proxmox.types.guest.nics import complete, is_nic
from reconciler.sim.proxmox.types.guest.power import start_guest, stop_guest
from reconciler.sim.proxmox.world import Guest, World


def apply_change(world: World, what: dict[str, Any]) -> dict[str, Any]:
    """Do it; ValueError or ApiError says why it cannot be done."""
    name = what.get("op")
    if name in _POOL_CHANGES:
        return _POOL_CHANGES[name](world, str(what["pool"]), what)
    if name not in _CHANGES:
        known = sorted([*_CHANGES, *_POOL_CHANGES])
        raise ValueError(f"unknown op {name!r}; known: {', '.join(known)}")
    vmid = int(what["vmid"]) if "vmid" in what else _by_name(world, str(what["name"]))
    _CHANGES[name](world, vmid, what)
    guest = world.guests.get(vmid)
    return {"vmid": vmid, "digest": guest.digest if guest else None}


def _by_name(world: World, name: str) -> int:
    """The id of the only guest with a name (a container's hostname)."""
    found = [
        id_
        for id_, guest in world.guests.items()
        if name in (guest.config.get("name"), guest.config.get("hostname"))
    ]
    if len(found) != 1:
        raise ValueError(f"{len(found)} guests are named {name!r}; say which by its vmid")
    return found[0]


def _guest(world: World, vmid: int) -> Guest:
    if vmid not in world.guests:
        raise ValueError(f"there is no guest {vmid}")
    return world.guests[vmid]


def _values(kind: Kind, given: dict[str, Any]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for key, value in given.items():
        option = kind.option(key)
        if option is None:
            raise ValueError(f"unknown option {key!r}")
        try:
            values[key] = convert(option.param, value)
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from None
    return values


def _set(world: World, vmid: int, what: dict[str, Any]) -> None:
    guest = _guest(world, vmid)
    values = _values(guest.kind, what["set"])
    if what.get("pending", True):
        pending.change(world, guest, values)
        return
    guest.config |= _placed(world, guest, values)
    for key in values:
        guest.pending.pop(key, None)
    world.save(guest)


def _unset(world: World, vmid: int, what: dict[str, Any]) -> None:
    guest = _guest(world, vmid)
    keys = [str(key) for key in what["keys"]]
    if what.get("pending", True):
        pending.change(world, guest, {}, keys)
        return
    for key in keys:
        guest.config.pop(key, None)
    world.save(guest)


def _delete(world: World, vmid: int, what: dict[str, Any]) -> None:  # noqa: ARG001 - a change's signature
    remove(world, _guest(world, vmid), unreferenced=True)


def _power(world: World, vmid: int, what: dict[str, Any]) -> None:
    guest = _guest(world, vmid)
    if what["to"] not in ("running", "stopped"):
        raise ValueError(f"power to {what['to']!r}: it is running or stopped")
    if what["to"] == "stopped":
        stop_guest(world, guest)
    elif not guest.running:
        start_guest(world, guest)


def _create(world: World, vmid: int, what: dict[str, Any]) -> None:
    name = what.get("type", next(iter(KINDS)))
    kind = KINDS.get(name)
    node = what.get("node") or next(iter(world.nodes))
    if vmid in world.guests:
        raise ValueError(f"there is a guest {vmid} already")
    if kind is None or node not in world.nodes:
        raise ValueError(f"no guest of type {name!r} can be on node {node!r}")
    guest = Guest(vmid, kind, node)
    guest.config = _placed(world, guest, _values(kind, what.get("config", {})))
    world.save(guest)


def _occupy(world: World, vmid: int, what: dict[str, Any]) -> None:
    _create(world, vmid, {"config": {"name": f"stranger-{vmid}"}, **what, "type": next(iter(KINDS))})


def _migrate(world: World, vmid: int, what: dict[str, Any]) -> None:
    guest = _guest(world, vmid)
    if what["to"] not in world.nodes:
        raise ValueError(f"there is no node {what['to']!r}")
    move_guest(world, guest, what["to"])


def _ignore_shutdown(world: World, vmid: int, what: dict[str, Any]) -> None:
    guest = _guest(world, vmid)
    guest.ignores_shutdown = bool(what.get("value", True))
    world.save(guest)


def _set_pool(world: World, name: str, what: dict[str, Any]) -> dict[str, Any]:
    pool = world.pool(name)
    pool.comment = str(what["set"].get("comment", pool.comment)).strip()
    return {"pool": name}


def _delete_pool(world: World, name: str, what: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - as above
    for vmid in list(world.pool(name).vms):
        world.leave_pool(vmid)
    del world.pools[name]
    return {"pool": name}


def _placed(world: World, guest: Guest, values: dict[str, Value]) -> dict[str, Value]:
    return {key: _place(world, guest, key, value) for key, value in values.items()}


def _place(world: World, guest: Guest, key: str, value: Value) -> Value:
    if drives.format_of(guest.kind, key):
        return drives.place(world, guest, key, value)
    return complete(world, guest, value) if is_nic(key) else guest.kind.normalised(world, key, value)


_CHANGES: dict[str, Callable[[World, int, dict[str, Any]], None]] = {
    "set": _set,
    "unset": _unset,
    "delete": _delete,
    "power": _power,
    "create": _create,
    "occupy": _occupy,
    "migrate": _migrate,
    "ignore_shutdown": _ignore_shutdown,
}

_POOL_CHANGES: dict[str, Callable[[World, str, dict[str, Any]], dict[str, Any]]] = {
    "set_pool": _set_pool,
    "delete_pool": _delete_pool,
}
