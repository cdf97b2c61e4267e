"""Short words for operations: what is made, how they move on, and how they are now."""

from __future__ import annotations

from typing import Any

from reconciler.model.plan import Call, Step
from reconciler.model.resource import Desired
from reconciler.store.work import operations as ops
from reconciler.store.work.operations import Begun, IdRange
from tests.rigs.core import want
from tests.rigs.core_world import ACTOR, CoreWorld, step_for

IDS = IdRange(1000, 1009)
MAKES = (Call("vm.create", "POST", "/vms", "create", creates=True),)
ENDED = ("done", "failed", "ambiguous", "interrupted")


def net(name: str = "a", **more: Any) -> Desired:
    return want(f"network/{name}", ip_range="10.0.0.0/16", **more)


def guest(name: str = "db", **more: Any) -> Desired:
    return want(f"vm/{name}", "proxmox", **more)


def making(desired: Desired) -> Step:
    return step_for(desired, calls=MAKES)


def status(world: CoreWorld, begun: Begun) -> str:
    return str(world.one("SELECT status FROM resource_operations WHERE id = %s", begun.operation))


def finish(world: CoreWorld, begun: Begun, end: str = "done") -> None:
    with world.store.transaction(ACTOR) as tx:
        ops.finish(tx, begun, end)


def took(world: CoreWorld, begun: Begun, external_id: str) -> None:
    """The provider took the call that makes the object."""
    with world.store.transaction(ACTOR) as tx:
        ops.sending(tx, begun, 0)
    with world.store.transaction(ACTOR) as tx:
        ops.accepted(tx, begun, 0, external_id, ["task/1"])
