"""Calls on the cluster and its nodes: version, resources, status, networks, login, permissions."""

from __future__ import annotations

from typing import Any

from reconciler.sim.proxmox.failure import bad_parameters, failed
from reconciler.sim.proxmox.params import BOOLEAN, TEXT, Param
from reconciler.sim.proxmox.routing import OPTIONAL_VMID, Call, operation
from reconciler.sim.proxmox.types.guest.rows import resource
from reconciler.sim.proxmox.volumes import GIB
from reconciler.sim.proxmox.world import Node

ROOT_DISK = 100 * GIB
USER_OR_TOKEN = Param(pattern=r"[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+(![A-Za-z][A-Za-z0-9.\-_]+)?")
UPTIME = 864_000
IFACE_TYPES = (
    "bridge", "bond", "eth", "alias", "vlan", "fabric", "OVSBridge", "OVSBond", "OVSPort", "OVSIntPort",
    "vnet", "any_bridge", "any_local_bridge", "include_sdn",
)  # fmt: skip


@operation("GET", "/version")
def version(call: Call) -> dict[str, Any]:  # noqa: ARG001 - an operation's signature
    """The version played here. No privilege is asked for, as by the real server."""
    return {"version": "9.2.3", "release": "9.2", "repoid": "5a1b2c3d4e5f6071"}


@operation(
    "POST",
    "/access/ticket",
    {
        "new-format": BOOLEAN,
        "otp": TEXT,
        "password": Param(required=True),
        "path": Param(max_length=64, requires="privs"),
        "privs": Param(max_length=64, requires="path"),
        "realm": Param(max_length=32),
        "tfa-challenge": TEXT,
        "username": Param(required=True, max_length=64),
    },
)
def ticket(call: Call) -> dict[str, object]:
    """A ticket, good for two hours, and the CSRF token for writes with it.

    A wrong name or password is 401 `authentication failure`. `realm` counts only where the name has none.
    """
    username = str(call.params["username"])
    if "realm" in call.params and "@" not in username:
        username = f"{username}@{call.params['realm']}"
    return call.access.login(username, str(call.params["password"]))


@operation("GET", "/access/permissions", {"path": TEXT, "userid": USER_OR_TOKEN})
def permissions(call: Call) -> dict[str, Any]:
    """Path → privilege → 1: the caller's own, or those of `userid`, a user or a token.

    Others than the caller's own and its tokens' are 403 without Sys.Audit on `/access`. A name that nobody
    has is no error: it may do nothing.
    """
    asked, own = call.params.get("userid", call.caller.name), call.caller.name
    if own not in (asked, str(asked).partition("!")[0]):
        call.require("/access", "Sys.Audit")
    whose = call.caller if asked == own else call.access.named(str(asked))
    return whose.permissions(call.params.get("path"))


@operation("GET", "/access/users/{userid}")
def user(call: Call) -> dict[str, Any]:
    """It takes a privilege even for the caller itself. The only user here does not expire."""
    call.require("/access/groups", "User.Modify", "Sys.Audit")
    if call.params["userid"] != "root@pam":
        raise failed(f"no such user ('{call.params['userid']}')")
    return {"enable": 1, "expire": 0}


@operation("GET", "/access/users/{userid}/token/{tokenid}")
def token(call: Call) -> dict[str, Any]:
    """A user may see its tokens; a token, not even its own, for it is not the user."""
    if call.caller.name != call.params["userid"]:
        call.require("/access/groups", "User.Modify")
    found = call.access.token(f"{call.params['userid']}!{call.params['tokenid']}")
    if found is None:
        raise failed(f"no such token '{call.params['tokenid']}' for user '{call.params['userid']}'")
    return {"expire": found.expire, "privsep": 1}


@operation("GET", "/cluster/resources", {"type": Param(enum=("vm", "storage", "node", "sdn"))})
def resources(call: Call) -> list[dict[str, Any]]:
    """Guests that the caller may not audit are left out, without a word."""
    wanted = call.params.get("type")
    rows: list[dict[str, Any]] = []
    if wanted in (None, "vm"):
        offline = {node for node in call.world.nodes if call.offline(node)}
        rows += [
            resource(call.world, guest, call.lock_of(guest), node_online=guest.node not in offline)
            for guest in call.guests.values()
            if call.sees(guest)
        ]
    if wanted in (None, "node"):
        rows += [_node_resource(call, node) for node in call.world.nodes.values()]
    if wanted in (None, "storage"):
        rows += _storage_resources(call)
    if wanted in (None, "sdn"):
        rows += [_zone_resource(call, node) for node in call.world.nodes]
    if wanted is None:
        rows += [{"id": f"/pool/{name}", "type": "pool", "pool": name} for name in sorted(call.world.pools)]
    return rows


def _node_resource(call: Call, node: Node) -> dict[str, Any]:
    row: dict[str, Any] = {"id": f"node/{node.name}", "type": "node", "node": node.name, "status": "offline"}
    if not call.offline(node.name):
        row |= {
            "status": "online",
            "level": "",
            "cgroup-mode": 2,
            "cpu": 0.05,
            "maxcpu": node.cpus,
            "mem": node.memory // 4,
            "maxmem": node.memory,
            "disk": ROOT_DISK // 10,
            "maxdisk": ROOT_DISK,
            "uptime": UPTIME,
        }
    return row


def _storage_resources(call: Call) -> list[dict[str, Any]]:
    rows = []
    for node in call.world.nodes:
        for storage in call.world.volumes.storages.values():
            if not call.caller.may(f"/storage/{storage.name}", "Datastore.Audit"):
                continue
            online = not call.offline(node)
            row = {
                "id": f"storage/{node}/{storage.name}",
                "type": "storage",
                "storage": storage.name,
                "node": node,
                "status": "available" if online else "unknown",
                "shared": int(storage.shared),
                "content": ",".join(sorted(storage.content)),
                "plugintype": storage.type,
            }
            if online:
                row |= {"disk": call.world.volumes.used(storage.name, node), "maxdisk": storage.total}
            rows.append(row)
    return rows


def _zone_resource(call: Call, node: str) -> dict[str, Any]:
    return {
        "id": f"sdn/{node}/localnetwork",
        "type": "sdn",
        "sdn": "localnetwork",
        "node": node,
        "status": "unknown" if call.offline(node) else "ok",
    }


@operation("GET", "/cluster/nextid", {"vmid": OPTIONAL_VMID})
def next_id(call: Call) -> int:
    """A proposal; nothing is reserved."""
    asked = call.params.get("vmid")
    if asked is not None:
        if asked in call.world.guests:
            raise bad_parameters({"vmid": f"VM {asked} already exists"})
        return int(asked)
    return next(vmid for vmid in range(100, 10**9) if vmid not in call.world.guests)


@operation("GET", "/cluster/status", needs=("/", "Sys.Audit"))
def cluster_status(call: Call) -> list[dict[str, Any]]:
    """The cluster's row, then one for each node. It stays quorate, whichever nodes are offline.

    403 without Sys.Audit on `/`.
    """
    nodes = list(call.world.nodes.values())
    head = {
        "id": "cluster",
        "type": "cluster",
        "name": "simulated",
        "version": len(nodes),
        "nodes": len(nodes),
        "quorate": 1,
    }
    return [
        head,
        *(
            {
                "id": f"node/{node.name}",
                "type": "node",
                "name": node.name,
                "nodeid": node.number,
                "ip": node.address,
                "local": int(node.number == 1),
                "online": int(not call.offline(node.name)),
                "level": "",
            }
            for node in nodes
        ),
    ]


@operation("GET", "/nodes")
def nodes(call: Call) -> list[dict[str, Any]]:
    """One row for each node, for any caller. An offline one has no load, memory or disk."""
    rows = []
    for node in call.world.nodes.values():
        row = _node_resource(call, node)
        row.pop("cgroup-mode", None)
        rows.append(row | {"ssl_fingerprint": ":".join(f"{node.number:02X}" for _ in range(32))})
    return rows


@operation("GET", "/nodes/{node}/status", needs=("/nodes/{node}", "Sys.Audit"))
def node_status(call: Call) -> dict[str, Any]:
    """The node's figures in bytes and seconds, the same at every reading.

    403 without Sys.Audit on the node.
    """
    node = call.world.nodes[call.node]
    used, rest = node.memory // 4, node.memory - node.memory // 4
    return {
        "boot-info": {"mode": "efi", "secureboot": 0},
        "cpu": 0.05,
        "cpuinfo": {"cores": node.cpus // 2, "cpus": node.cpus, "model": "Simulated CPU", "sockets": 1},
        "current-kernel": {
            "machine": "x86_64",
            "release": "6.17.4-1-pve",
            "sysname": "Linux",
            "version": "#1 SMP PREEMPT_DYNAMIC",
        },
        "loadavg": ["0.10", "0.12", "0.15"],
        "memory": {"available": rest, "free": rest, "total": node.memory, "used": used},
        "pveversion": "pve-manager/9.2.3/5a1b2c3d4e5f6071",
        "rootfs": {
            "avail": ROOT_DISK - ROOT_DISK // 10,
            "free": ROOT_DISK - ROOT_DISK // 10,
            "total": ROOT_DISK,
            "used": ROOT_DISK // 10,
        },
        "uptime": UPTIME,
    }


@operation("GET", "/nodes/{node}/time", needs=("/nodes/{node}", "Sys.Audit"))
def node_time(call: Call) -> dict[str, Any]:
    """The simulation's clock in seconds since the epoch; every node is in UTC."""
    now = int(call.world.clock())
    return {"localtime": now, "time": now, "timezone": "UTC"}


@operation("GET", "/nodes/{node}/network", {"type": Param(enum=IFACE_TYPES)})
def networks(call: Call) -> list[dict[str, Any]]:
    """The bridges, the same on every node. Of any other kind of interface there is none."""
    wanted = call.params.get("type")
    if wanted not in (None, "bridge", "any_bridge", "any_local_bridge", "include_sdn"):
        return []
    return [
        {
            "iface": bridge,
            "type": "bridge",
            "active": 1,
            "autostart": 1,
            "exists": 1,
            "method": "manual",
            "method6": "manual",
            "families": ["inet"],
            "priority": 3 + number,
            "bridge_ports": f"eno{number + 1}",
            "bridge_vlan_aware": 1,
        }
        for number, bridge in enumerate(call.world.bridges)
    ]
