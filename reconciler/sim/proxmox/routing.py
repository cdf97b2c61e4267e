"""How a call finds its operation, and what an operation is given.

Each module of operations declares its calls with `operation`: method, path, parameters and the privilege
that is asked for. The declaration is the whole of the routing and of the parameter check.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.sim.proxmox.access import Access, Caller
from reconciler.sim.proxmox.failure import ApiError, failed, forbidden, missing
from reconciler.sim.proxmox.kinds import Kind
from reconciler.sim.proxmox.params import ROOT_BOOLEAN, Param, Schema, Table
from reconciler.sim.proxmox.strings import check_id
from reconciler.sim.proxmox.world import Guest, World
from reconciler.sim.server import Request

VMID = Param("integer", required=True, minimum=100, maximum=999999999)
OPTIONAL_VMID = Param("integer", minimum=100, maximum=999999999)
SNAPSHOT_NAME = Param(required=True, max_length=40, check=check_id)
_IN_PATH: dict[str, Param] = {
    "node": Param(required=True),
    "vmid": VMID,
    "snapname": SNAPSHOT_NAME,
    "upid": Param(required=True),
    "storage": Param(required=True),
    "volume": Param(required=True),
    "poolid": Param(required=True),
    "userid": Param(required=True, max_length=64, pattern=r"[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+"),
    "tokenid": Param(required=True, pattern=r"[A-Za-z][A-Za-z0-9.\-_]+"),
}


@dataclass(slots=True)
class Call:
    """One verified call: who, what, on which world (of now, or for a stale read of then)."""

    world: World
    guests: Mapping[int, Guest]
    caller: Caller
    params: dict[str, Any]
    request: Request
    access: Access

    @property
    def node(self) -> str:
        """The node in the path. Only calls below `/nodes/{node}` have one."""
        return str(self.params["node"])

    @property
    def vmid(self) -> int:
        """A guest's id, from the path or, where something is made, from the parameters."""
        return int(self.params["vmid"])

    def take(self, *names: str) -> dict[str, Any]:
        """The parameters without these, which are not options of the guest."""
        return {name: value for name, value in self.params.items() if name not in names}

    def guest(self, kind: Kind) -> Guest:
        """The guest of the path; a stale call sees it as it was."""
        guest = self.guests.get(self.vmid)
        if guest is None or guest.node != self.node or guest.kind is not kind:
            raise missing(kind.folder, self.node, self.vmid)
        return guest

    def require(self, path: str, *any_of: str) -> None:
        """Refuse with a 403 where none of the privileges is held on the path, naming both."""
        if not any(self.caller.may(path, privilege) for privilege in any_of):
            raise forbidden(path, "|".join(any_of))

    def sees(self, guest: Guest) -> bool:
        """Whether lists show the guest to this caller: with VM.Audit on it."""
        return self.caller.may(f"/vms/{guest.vmid}", "VM.Audit")

    def offline(self, node: str) -> bool:
        """Whether an `offline_node` fault that hits this request names the node."""
        return any(
            fault.kind == "offline_node" and fault.options.get("node") == node
            for fault in self.request.faults
        )

    def lock_of(self, guest: Guest) -> str | None:
        """The guest's lock: its own, or one that a fault says is stuck."""
        for fault in self.request.faults:
            if fault.kind == "stuck_lock" and fault.options.get("vmid", guest.vmid) == guest.vmid:
                return str(fault.options.get("lock", "backup"))
        lock = guest.config.get("lock")
        return str(lock) if lock is not None else None

    def check_lock(self, guest: Guest, *harmless: str) -> None:
        """Refuse a guest that is locked, unless by a lock that is harmless here, or `skiplock` is given.

        A lock named `file` is that of the configuration file, on which the server waits for a while.
        """
        lock = self.lock_of(guest)
        if lock == "file":
            path = f"/var/lock/{guest.kind.folder}/{guest.kind.lock_file}-{guest.vmid}.conf"
            raise failed(f"can't lock file '{path}' - got timeout")
        if lock is not None and lock not in harmless and not self.params.get("skiplock"):
            raise failed(f"{guest.word} is locked ({lock})")

    def check_digest(self, guest: Guest, *, name: str = "digest", text: str | None = None) -> None:
        """Refuse a digest that is not the present one: a 500 with the text, or in the words of the kind.

        Without a digest, or with an empty one, nothing is compared. `name`: the parameter that holds it.
        """
        digest = self.params.get(name)
        if digest and digest != guest.digest:
            raise failed(text or guest.kind.moved_on)

    def task(
        self,
        kind: str,
        about: Guest | str,
        effect: Callable[[], int | None],
        on_failure: Callable[[], object] | None = None,
        *,
        at_once: bool = False,
    ) -> str:
        """Start a task on the call's node and answer its UPID; acts out the `action_error` fault.

        A task about a guest fails if that guest is gone by then, whoever has its id now.
        """

        def guarded() -> int | None:
            if isinstance(about, Guest) and not self.world.is_there(about):
                raise missing(about.kind.folder, about.node, about.vmid)
            return effect()

        name = about.vmid if isinstance(about, Guest) else about
        task = self.world.tasks.start(self.node, kind, name, self.caller.name, guarded, at_once=at_once)
        task.on_failure = on_failure
        if fault := self.request.fault("action_error"):
            task.forced_exit = str(fault.options.get("exitstatus", "simulated failure"))
            task.applies_anyway = bool(fault.options.get("apply", task.forced_exit.startswith("WARNINGS")))
        return task.upid


Handler = Callable[[Call], Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """A declared call. `needs`: a path template and the privileges of which one is asked for."""

    method: str
    path: str
    table: Table
    schema: Schema
    pattern: re.Pattern[str]
    handler: Handler
    needs: tuple[str, tuple[str, ...]] | None


OPERATIONS: list[Operation] = []


def operation(
    method: str, path: str, table: Table | None = None, *, needs: tuple[str, ...] = ()
) -> Callable[[Handler], Handler]:
    """Declare a handler. `needs`: a path template, then the privileges; the path's parameters are added."""
    in_path = {name: _IN_PATH[name] for name in re.findall(r"{(\w+)}", path)}
    full = {**in_path, **(table or {})}
    pattern = re.sub(r"{(\w+)}", lambda found: _segment(found[1]), path)

    def declare(handler: Handler) -> Handler:
        OPERATIONS.append(
            Operation(
                method,
                path,
                full,
                Schema.of(full),
                re.compile(pattern),
                handler,
                (needs[0], needs[1:]) if needs else None,
            )
        )
        return handler

    return declare


def _segment(name: str) -> str:
    """A volume's name may hold slashes, as in `local:iso/debian.iso`."""
    return f"(?P<{name}>.+)" if name == "volume" else f"(?P<{name}>[^/]+)"


def find(method: str, path: str) -> tuple[Operation, dict[str, str]]:
    """The operation of a path below the API's root, and what the path holds; 501 where there is none."""
    for declared in OPERATIONS:
        if declared.method == method and (found := declared.pattern.fullmatch(path)):
            return declared, found.groupdict()
    raise ApiError(501, f"Method '{method} {path}' not implemented")


MODIFIED = "detected modified configuration - file changed by other user? Try again."
"""What is refused to rest on an older digest by most calls; a machine's own configuration has other words."""
SKIPLOCK: Table = {"skiplock": ROOT_BOOLEAN}
