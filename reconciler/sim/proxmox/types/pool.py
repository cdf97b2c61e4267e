"""Calls on pools. The parameter form (`/pools?poolid=`) is the present one; the path form is deprecated."""

from __future__ import annotations

import re
from typing import Any

from reconciler.sim.proxmox.failure import failed
from reconciler.sim.proxmox.params import BOOLEAN, TEXT, Param
from reconciler.sim.proxmox.routing import Call, operation
from reconciler.sim.proxmox.strings import split_list
from reconciler.sim.proxmox.types.guest.rows import resource
from reconciler.sim.proxmox.world import Pool

ALLOCATE = ("/pool/{poolid}", "Pool.Allocate")
MEMBER_TYPE = ("qemu", "lxc", "storage")


def _check_name(text: str) -> str | None:
    if re.fullmatch(r"[A-Za-z0-9.\-_]+(/[A-Za-z0-9.\-_]+){0,2}", text):
        return None
    if text.count("/") > 2:
        return f"pool name '{text}' nested too deeply (max levels = 3)"
    return f"pool name '{text}' contains invalid characters"


def _check_vmids(text: str) -> str | None:
    if all(re.fullmatch(r"[1-9][0-9]{2,8}", vmid) for vmid in split_list(text)):
        return None
    return "value does not look like a valid VM ID"


POOL = Param(required=True, check=_check_name)
OPTIONAL_POOL = Param(check=_check_name)
MEMBERS = {
    "allow-move": BOOLEAN,
    "comment": TEXT,
    "delete": BOOLEAN,
    "storage": TEXT,
    "vms": Param(check=_check_vmids),
}


@operation("GET", "/pools", {"poolid": OPTIONAL_POOL, "type": Param(enum=MEMBER_TYPE, requires="poolid")})
def list_pools(call: Call) -> list[dict[str, Any]]:
    """The pools that the caller may audit, by name; with `poolid` that one and its members.

    One that is asked for is 403 without Pool.Audit, 500 `pool '…' does not exist` where there is none.
    """
    wanted = call.params.get("poolid")
    if wanted is not None:
        call.require(f"/pool/{wanted}", "Pool.Audit")
        return [{"poolid": wanted, **_content(call, wanted)}]
    return [
        {"poolid": name, **_comment(pool)}
        for name, pool in sorted(call.world.pools.items())
        if call.caller.may(f"/pool/{name}", "Pool.Audit")
    ]


@operation(
    "GET", "/pools/{poolid}", {"type": Param(enum=MEMBER_TYPE)}, needs=("/pool/{poolid}", "Pool.Audit")
)
def read_pool(call: Call) -> dict[str, Any]:
    """The deprecated read: one pool's comment and members, without its id."""
    return _content(call, str(call.params["poolid"]))


def _comment(pool: Pool) -> dict[str, str]:
    return {"comment": pool.comment} if pool.comment else {}


def _content(call: Call, name: str) -> dict[str, Any]:
    pool = call.world.pool(name)
    wanted = call.params.get("type")
    members = [
        resource(call.world, guest, call.lock_of(guest), node_online=not call.offline(guest.node))
        for guest in (call.world.guests[vmid] for vmid in sorted(pool.vms))
        if wanted in (None, guest.kind.name) and call.sees(guest)
    ]
    if wanted in (None, "storage"):
        members += [
            {"id": f"storage/{node}/{storage}", "type": "storage", "storage": storage, "node": node}
            for storage in sorted(pool.storages)
            for node in call.world.nodes
        ]
    return {**_comment(pool), "members": members}


@operation("POST", "/pools", {"poolid": POOL, "comment": TEXT}, needs=ALLOCATE)
def create_pool(call: Call) -> None:
    """Answers null; 500 `create pool failed: …` for a refused name.

    That is one in use, one whose last part begins with no letter, and one below a pool that is not there. A
    comment loses its outer blanks.
    """
    name = str(call.params["poolid"])
    if not name.rpartition("/")[2][0].isalpha():
        raise failed("create pool failed: pool name must start with a letter")
    if name in call.world.pools:
        raise failed(f"create pool failed: pool '{name}' already exists")
    parent = name.rpartition("/")[0]
    if parent and parent not in call.world.pools:
        raise failed(f"create pool failed: parent '{parent}' of pool '{name}' does not exist")
    call.world.pools[name] = Pool(str(call.params.get("comment", "")).strip())


@operation("PUT", "/pools", {"poolid": POOL, **MEMBERS}, needs=ALLOCATE)
def change_pool(call: Call) -> None:
    """Set the comment, and add members or with `delete` remove them; answers null.

    500 `update pools failed: …`, with nothing changed, for an unknown pool, a guest that is not there or is
    in another pool without `allow-move`, and members that are in already, or to be removed and not in.
    """
    _change(call)


@operation("PUT", "/pools/{poolid}", MEMBERS, needs=ALLOCATE)
def change_pool_by_path(call: Call) -> None:
    """The deprecated form of `change_pool`; a nested pool's path is a 501 here."""
    _change(call)


def _change(call: Call) -> None:
    name = str(call.params["poolid"])
    pool = _existing(call, name, "update pools failed")
    vmids = [int(text) for text in split_list(str(call.params.get("vms", "")))]
    storages = split_list(str(call.params.get("storage", "")))
    removing = bool(call.params.get("delete"))
    for vmid in vmids:
        _check_guest(call, name, vmid, removing=removing)
    for storage in storages:
        if (storage in pool.storages) is not removing:
            state = "not" if removing else "already"
            raise failed(f"update pools failed: Storage '{storage}' is {state} a pool member")
    for vmid in vmids:
        if removing:
            call.world.leave_pool(vmid)
        else:
            call.world.join_pool(vmid, name)
    pool.storages = pool.storages - set(storages) if removing else pool.storages | set(storages)
    if "comment" in call.params:
        pool.comment = str(call.params["comment"]).strip()


def _check_guest(call: Call, pool: str, vmid: int, *, removing: bool) -> None:
    there = call.world.pool_of.get(vmid)
    if removing and there != pool:
        raise failed(f"update pools failed: VM {vmid} is not a pool member")
    if not removing and there == pool:
        raise failed(f"update pools failed: VM {vmid} is already a pool member")
    if not removing and there is not None and not call.params.get("allow-move"):
        raise failed(
            f"update pools failed: VM {vmid} belongs already to pool '{there}' and 'allow-move' is not set"
        )
    if not removing and vmid not in call.world.guests:
        raise failed(f"update pools failed: VM {vmid} does not exist")


@operation("DELETE", "/pools", {"poolid": POOL}, needs=ALLOCATE)
def delete_pool(call: Call) -> None:
    """Answers null; 500 `delete pool failed: …` for an unknown pool or one that is not empty.

    Pools below it count as its content, like guests and storages.
    """
    _delete(call)


@operation("DELETE", "/pools/{poolid}", needs=ALLOCATE)
def delete_pool_by_path(call: Call) -> None:
    """The deprecated form of `delete_pool`; a nested pool's path is a 501 here."""
    _delete(call)


def _delete(call: Call) -> None:
    name = str(call.params["poolid"])
    pool = _existing(call, name, "delete pool failed")
    children = sorted(other for other in call.world.pools if other.startswith(f"{name}/"))
    within = [
        *(f"pool '{other}'" for other in children),
        *(f"VM {vmid}" for vmid in sorted(pool.vms, key=str)),
        *(f"storage '{storage}'" for storage in sorted(pool.storages)),
    ]
    if within:
        raise failed(f"delete pool failed: pool '{name}' is not empty (contains {within[0]})")
    del call.world.pools[name]


def _existing(call: Call, name: str, what: str) -> Pool:
    if name not in call.world.pools:
        raise failed(f"{what}: pool '{name}' does not exist")
    return call.world.pools[name]
