"""Volumes: they grow and move between machines in place; a deletion takes them off their machine first."""

from __future__ import annotations

from reconciler.errors import PlanError
from reconciler.model.plan import Action, Call
from reconciler.model.resource import Desired, Observed, Recorded
from reconciler.model.values import Value
from reconciler.providers.driver import LowerRequest
from reconciler.providers.hetzner.calls import (
    Calls,
    Change,
    Tree,
    at,
    given,
    need_place,
    plain,
    refuse_protected,
    target_id,
)
from reconciler.providers.hetzner.reading import Json, attributes, observed
from reconciler.providers.hetzner.resource_type import Beside, ResourceType, Rules
from reconciler.providers.hetzner.wire import Wire

WIRE = Wire("volume", "volume", "volumes", "volume", numbers=frozenset({"server"}))


def _read(data: Json, _: Beside) -> Observed:
    values = attributes(
        size_gb=data["size"],
        location=data["location"]["name"],
        server=data["server"],
        filesystem=data["format"],
        protected=data["protection"]["delete"],
        linux_device=data["linux_device"],
        created=data["created"],
    )
    ready = data["status"] == "available"
    return observed(WIRE, data, values, state="available" if ready else "creating", busy=not ready)


def _before(request: LowerRequest, desired: Desired) -> Calls:
    """Raises PlanError for a mount without a file system, and for a machine in another location."""
    where, values = f"{desired.address}{at(desired)}", desired.attributes
    mounting = request.action is Action.CREATE and values.get("automount") is True
    if mounting and values.get("filesystem") is None:
        raise PlanError(
            f"{where}: `automount` needs a file system to mount",
            hint="write `filesystem: ext4`, or remove `automount`",
        )
    server = values.get("server")
    sides = (request.recorded_of(server), request.wanted_of(server))
    places = (side.attributes.get("location") for side in sides if side is not None)
    other = next((place for place in places if place), None)
    mine = values.get("location")
    if mine is None and request.recorded is not None:
        mine = request.recorded.attributes.get("location")
    if mine is not None and other is not None and mine != other:
        raise PlanError(
            f"{where}: it is in {mine} and {server} is in {other}",
            hint="a volume can only be attached in its location",
        )
    return ()


def _create(desired: Desired) -> Calls:
    """The API takes a location or a machine. Given both, it is made in the location and attached then, so
    that a machine elsewhere is an error and not a volume in the wrong place.
    """
    need_place(desired, near="server")
    values = desired.attributes
    server = values.get("server")
    body = given(desired, size="size_gb", location="location", format="filesystem")
    inside = server is not None and values.get("location") is None
    if inside:
        body |= _attachment(desired, server)
    calls = [WIRE.create(desired, body)]
    if server is not None and not inside:
        calls.append(_attach(desired, server))
    return (*calls, *WIRE.protect_new(desired))


def _update(change: Change) -> Calls:
    address = change.recorded.address
    calls = [*WIRE.put(address, WIRE.naming(change))]
    if server := change.diff.change("server"):
        if server.before is not None:
            calls.append(_detach(change.recorded))
        if server.after is not None:
            calls.append(_attach(change.desired, server.after))
    if size := change.diff.change("size_gb"):
        words = f"{address.name}: grow to {size.after} GB"
        calls.append(WIRE.act(address, "resize", words, {"size": plain(size.after)}))
    return (*calls, *WIRE.change_protection(change))


def _delete(recorded: Recorded) -> Calls:
    refuse_protected(recorded)
    # Best effort, since its machine may have gone before it and taken the attachment along.
    loose = (_detach(recorded, best_effort=True),) if recorded.attributes.get("server") is not None else ()
    return (*loose, WIRE.delete(recorded.address))


def _attach(desired: Desired, server: Value) -> Call:
    words = f"{desired.address.name}: attach to {server}"
    return WIRE.act(desired.address, "attach", words, _attachment(desired, server))


def _attachment(desired: Desired, server: Value | None) -> Tree:
    return {"server": target_id(server), **given(desired, automount="automount")}


def _detach(recorded: Recorded, *, best_effort: bool = False) -> Call:
    words = f"{recorded.address.name}: detach from its machine"
    return WIRE.act(recorded.address, "detach", words, best_effort=best_effort)


TYPE = ResourceType(WIRE, _read, Rules(_create, _update, _delete, _before))
