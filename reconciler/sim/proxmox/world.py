"""The simulated cluster: its nodes, guests, pools, volumes and tasks, and how it looked before.

This is the ground truth. It knows no HTTP; whoever changes a guest says so with `save`, which keeps what it
was, so that a read may be answered from the past.
"""

from __future__ import annotations

import hashlib
import json
import random
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.sim.proxmox.failure import failed, forbidden, missing
from reconciler.sim.proxmox.kinds import Kind, Value
from reconciler.sim.proxmox.tasks import Tasks
from reconciler.sim.proxmox.volumes import GIB, Volumes, default_storages

JOURNAL = 20_000  # entries kept for reads from the past


@dataclass(frozen=True, slots=True)
class Node:
    """A node; `memory` in bytes."""

    name: str
    number: int
    address: str
    cpus: int = 32
    memory: int = 128 * GIB


@dataclass(slots=True)
class Pool:
    """A pool's comment and members: guests by id, storages by name. A guest is in one at most."""

    comment: str = ""
    vms: set[int] = field(default_factory=set)
    storages: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A guest's configuration at `snaptime`, seconds since the epoch; volumes are not kept.

    Frozen, because a guest and its past have the same ones: a change makes another.
    `parent`: the snapshot before it. `vmstate`: whether memory was kept, so that a rollback starts the guest.
    """

    config: dict[str, Value]
    description: str
    snaptime: int
    parent: str | None
    vmstate: bool = False

    @property
    def section(self) -> dict[str, Value]:
        """As the configuration file has it: the description of its section is the snapshot's own."""
        return self.config | ({"description": self.description} if self.description else {})


@dataclass(slots=True)
class Guest:
    """A guest of one kind or another.

    `deletes`: options whose removal is pending: 1, or 2 where their volume is to be destroyed as well.
    `image`: the cloud-init values that the drive was last made from.
    """

    vmid: int
    kind: Kind
    node: str
    config: dict[str, Value] = field(default_factory=dict)
    pending: dict[str, Value] = field(default_factory=dict)
    deletes: dict[str, int] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    image: dict[str, Value] = field(default_factory=dict)
    running: bool = False
    paused: bool = False
    started: float = 0.0
    ignores_shutdown: bool = False
    saved: Guest | None = None
    row: dict[str, Any] | None = None  # what lists show of it, kept until it is saved again

    @property
    def word(self) -> str:
        """What the server's texts call it: `VM` or `CT`."""
        return self.kind.word

    @property
    def template(self) -> bool:
        """Whether it was made a template, which never starts."""
        return bool(self.config.get("template"))

    @property
    def name(self) -> str:
        """What lists show; there is always one."""
        return str(self.config.get(self.kind.name_key, self.kind.unnamed.format(self.vmid)))

    @property
    def digest(self) -> str:
        """Changes with every change of the configuration, pending ones and snapshots included."""
        snapshots = {name: (shot.config, shot.description) for name, shot in self.snapshots.items()}
        text = json.dumps([self.vmid, self.config, self.pending, self.deletes, snapshots], sort_keys=True)
        return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    def effective(self) -> dict[str, Value]:
        """The configuration as it will be once what is pending has been applied."""
        return {
            name: value for name, value in {**self.config, **self.pending}.items() if name not in self.deletes
        }

    def copy(self) -> Guest:
        """The guest with maps of its own, to be kept as its past or to undo a refused change."""
        return replace(
            self,
            config=dict(self.config),
            pending=dict(self.pending),
            deletes=dict(self.deletes),
            snapshots=dict(self.snapshots),
            image=dict(self.image),
            saved=None,
            row=None,
        )


class World:
    """All of the cluster. Not safe for threads: the API takes a lock around each call."""

    def __init__(
        self, nodes: tuple[str, ...], seed: int, clock: Callable[[], float], task_seconds: float
    ) -> None:
        self.clock = clock
        self.random = random.Random(seed)  # noqa: S311 - reproducible on purpose, guards nothing
        self.nodes = {
            name: Node(name, number, f"192.0.2.{number}") for number, name in enumerate(nodes, start=1)
        }
        self.volumes = Volumes(default_storages(), clock)
        self.guests: dict[int, Guest] = {}
        self.pools: dict[str, Pool] = {}
        self.pool_of: dict[int, str] = {}
        self.tasks = Tasks(self.random, clock, task_seconds)
        self.bridges = ("vmbr0", "vmbr1")
        self._journal: deque[tuple[float, int, Guest | None]] = deque(maxlen=JOURNAL)

    def is_there(self, guest: Guest) -> bool:
        """Whether this is still the guest of its id, and not one that was deleted, or another since."""
        return self.guests.get(guest.vmid) is guest

    def save(self, guest: Guest) -> None:
        """To be called after every change of a guest, a new one included.

        A task that outlived its guest fails here, instead of bringing the guest back.
        """
        if guest.saved is not None and not self.is_there(guest):
            raise missing(guest.kind.folder, guest.node, guest.vmid)
        self._journal.append((self.clock(), guest.vmid, guest.saved))
        guest.saved = guest.copy()
        guest.row = None
        self.guests[guest.vmid] = guest

    def remove(self, guest: Guest) -> None:
        """The configuration is gone, and with it the membership in a pool."""
        if not self.is_there(guest):
            raise missing(guest.kind.folder, guest.node, guest.vmid)
        self._journal.append((self.clock(), guest.vmid, guest.saved))
        del self.guests[guest.vmid]
        self.leave_pool(guest.vmid)

    def forget_the_past(self) -> None:
        """What is there now has always been there."""
        self._journal.clear()

    def guests_at(self, moment: float) -> Mapping[int, Guest]:
        """The guests as they were at a moment; only for reading."""
        guests: dict[int, Guest] = dict(self.guests)
        for at, vmid, before in reversed(self._journal):
            if at <= moment:
                break
            if before is None:
                guests.pop(vmid, None)
            else:
                guests[vmid] = before
        return guests

    def pool(self, name: str) -> Pool:
        """A pool by its name; 500 `pool '…' does not exist` where there is none."""
        if name not in self.pools:
            raise failed(f"pool '{name}' does not exist")
        return self.pools[name]

    def require_pool(self, name: str | None) -> None:
        """A pool named in a create or clone call; the real server calls it a matter of permission."""
        if name is not None and name not in self.pools:
            raise forbidden(f"pool '{name}' does not exist")

    def join_pool(self, vmid: int, name: str | None) -> None:
        """Put a guest into a pool, out of another. Nothing where none is named or it is gone."""
        if name is not None and name in self.pools:
            self.leave_pool(vmid)
            self.pools[name].vms.add(vmid)
            self.pool_of[vmid] = name

    def leave_pool(self, vmid: int) -> None:
        """Take a guest out of the pool that it is in, if it is in one."""
        name = self.pool_of.pop(vmid, None)
        if name is not None:
            self.pools[name].vms.discard(vmid)

    def new_mac(self) -> str:
        """In the prefix that Proxmox owns."""
        tail = ":".join(f"{self.random.randrange(256):02X}" for _ in range(3))
        return f"BC:24:11:{tail}"

    def new_uuid(self) -> str:
        """A UUID of version 4, which the seed decides."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def state(self) -> dict[str, Any]:
        """The whole truth as JSON-able values."""
        return {
            "nodes": list(self.nodes),
            "guests": [self._guest_state(guest) for _, guest in sorted(self.guests.items())],
            "volumes": [
                {
                    "volid": volume.volid,
                    "node": volume.node,
                    "vmid": volume.vmid,
                    "content": volume.content,
                    "format": volume.format,
                    "size": volume.size,
                    "parent": volume.parent,
                }
                for volume in self.volumes
            ],
            "pools": {
                name: {"comment": pool.comment, "vms": sorted(pool.vms), "storages": sorted(pool.storages)}
                for name, pool in sorted(self.pools.items())
            },
            "tasks": [
                {
                    "upid": task.upid,
                    "node": task.node,
                    "type": task.type,
                    "id": task.id,
                    "user": task.user,
                    "status": "running" if task.running else "stopped",
                    "exitstatus": task.exitstatus,
                }
                for task in self.tasks.all()
            ],
        }

    def _guest_state(self, guest: Guest) -> dict[str, Any]:
        return {
            "vmid": guest.vmid,
            "type": guest.kind.name,
            "node": guest.node,
            "name": guest.name,
            "status": "running" if guest.running else "stopped",
            "paused": guest.paused,
            "template": guest.template,
            "lock": guest.config.get("lock"),
            "config": guest.effective(),
            "current": dict(guest.config),
            "pending": dict(guest.pending),
            "pending_delete": sorted(guest.deletes),
            "snapshots": sorted(guest.snapshots),
            "pool": self.pool_of.get(guest.vmid),
            "digest": guest.digest,
        }
