"""Volumes: they grow and move between machines in place; a deletion takes them off their machine first."""

from __future__ import annotations

from reconciler.model.plan import Call
from reconciler.model.resource import Desired, Recorded
from reconciler.model.values import Value
from reconciler.providers.hetzner.lower.build import (
    Tree,
    act,
    create,
    delete,
    given,
    naming,
    need_place,
    plain,
    protect,
    put,
    refuse_protected,
    target_id,
)
from reconciler.providers.hetzner.lower.rules import Calls, Change, Rules


def _create(desired: Desired) -> Calls:
    """The API takes a location or a machine. Given both, it is made in the location and attached then, so
    that a machine elsewhere is an error and not a volume in the wrong place.
    """
    need_place(desired)
    values = desired.attributes
    server = values.get("server")
    body = given(desired, size="size_gb", location="location", format="filesystem")
    inside = server is not None and values.get("location") is None
    if inside:
        body |= _attachment(desired, server)
    calls = [create(desired, body)]
    if server is not None and not inside:
        calls.append(_attach(desired, server))
    if values.get("protected") is True:
        calls.append(protect(desired.address, on=True))
    return tuple(calls)


def _update(change: Change) -> Calls:
    address = change.recorded.address
    calls = [*put(address, naming(change))]
    if server := change.diff.change("server"):
        if server.before is not None:
            calls.append(_detach(change.recorded))
        if server.after is not None:
            calls.append(_attach(change.desired, server.after))
    if size := change.diff.change("size_gb"):
        words = f"{address.name}: grow to {size.after} GB"
        calls.append(act(address, "resize", words, {"size": plain(size.after)}))
    if protected := change.diff.change("protected"):
        calls.append(protect(address, on=protected.after is True))
    return tuple(calls)


def _delete(recorded: Recorded) -> Calls:
    refuse_protected(recorded)
    # Best effort, since its machine may have gone before it and taken the attachment along.
    loose = (_detach(recorded, best_effort=True),) if recorded.attributes.get("server") is not None else ()
    return (*loose, delete(recorded.address))


def _attach(desired: Desired, server: Value) -> Call:
    words = f"{desired.address.name}: attach to {server}"
    return act(desired.address, "attach", words, _attachment(desired, server))


def _attachment(desired: Desired, server: Value | None) -> Tree:
    return {"server": target_id(server), **given(desired, automount="automount")}


def _detach(recorded: Recorded, *, best_effort: bool = False) -> Call:
    words = f"{recorded.address.name}: detach from its machine"
    return act(recorded.address, "detach", words, best_effort=best_effort)


RULES = Rules(_create, _update, _delete)
