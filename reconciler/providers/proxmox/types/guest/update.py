"""Changing a guest. Pure.

A guest that is to go off, or is off, goes off first. One that runs and must be restarted gets its new
configuration before: what the server refuses is then refused while it still runs, and what waits is taken
on by the one restart. Only after that its disks move and grow, since an option that waits for a restart
would undo the growth. Disks that do not move while the guest runs are changed between stop and start.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.errors import PlanError
from reconciler.model.diff import PartAction, PartChange, Reason
from reconciler.model.plan import Call, Impact, Param
from reconciler.model.resource import Recorded
from reconciler.providers.proxmox.marks import FAULT, tag_params, tag_word
from reconciler.providers.proxmox.types.guest import fields, moved, taken_back, volumes
from reconciler.providers.proxmox.types.guest.build import (
    COPY_TIMEOUT,
    Change,
    Params,
    Place,
    merged,
    params_of,
    place_of,
    reference,
    shutdown,
    start,
)
from reconciler.providers.proxmox.types.guest.disks import kept_volume
from reconciler.providers.proxmox.types.guest.fields import Options
from reconciler.providers.proxmox.types.guest.kind import Kind

_APART = frozenset({"power_state", "pool", "pinned_node", "description", FAULT})
_CREATE, _UPDATE, _DELETE = PartAction.CREATE, PartAction.UPDATE, PartAction.DELETE


def lower(kind: Kind, change: Change) -> tuple[Call, ...]:
    """Raises PlanError for a change that cannot be made."""
    place = place_of(kind.names, change.recorded)
    back, change = taken_back.split(kind, change)
    written = [part.address.type for part in change.diff.parts if part.action is not _DELETE]
    detached = moved.detach(change, place, _lock(change.recorded))
    config = [
        *detached,
        *_configuration(kind, change, place, back, locked=not detached),
        *(kind.changing.finished(place, change.desired, written) if kind.changing.finished else ()),
    ]
    moves = [*volumes.moves(kind, change, place), *volumes.destroyed(kind, change, place)]
    sizes = volumes.sizes(change, place)
    going_down = change.running and change.target_state == "stopped"
    cycle = (change.running and kind.changing.needs_stop(change)) or moved.needs_stop(kind, change)
    migration, home = _migration(change, place, online=change.running and not (going_down or cycle))
    if not change.running:
        calls = [*config, *moves, *sizes, *migration, *_power_on(change, home)]
    elif going_down:
        calls = [_shutdown(change, place, Impact.STOP), *config, *moves, *sizes, *migration]
    elif cycle and (moves or detached) and kind.changing.detaches:
        calls = [_shutdown(change, place, Impact.REBOOT), *config, *moves, *sizes, *migration]
        calls += _power_on(change, home)
    elif cycle:
        calls = [*config, _shutdown(change, place, Impact.REBOOT), *migration, *_power_on(change, home)]
        calls += [*volumes.moves(kind, change, home), *volumes.sizes(change, home)]
    else:
        calls = [*config, *_pause(change, place), *moves, *sizes, *migration]
    return (*calls, *_pool(change, place))


def adopt(kind: Kind, recorded: Recorded) -> tuple[Call, ...]:
    """The call that writes our mark on an existing guest, whose other tags stay."""
    place = place_of(kind.names, recorded)
    params = (*_lock(recorded), *params_of(_cleared(recorded)), *tag_params(recorded.tags))
    return (place.config(params, "write our mark into the tags"),)


def once_changed(recorded: Recorded) -> Recorded:
    """The guest as it is after a first change of a step, which has made another digest."""
    attributes = {name: value for name, value in recorded.attributes.items() if name != "config_digest"}
    return replace(recorded, attributes=attributes)


def _cleared(recorded: Recorded) -> Options:
    """The description without a line that would be taken for the mark, where it has one."""
    if FAULT not in recorded.attributes:
        return {}
    text = recorded.attributes.get("description")
    return {"description": str(text) if text else None}


def _lock(recorded: Recorded) -> Params:
    """The optimistic lock: the change is refused if the configuration is no longer what was recorded.

    A property string is sent whole, so without it somebody's change since the last look would be undone.
    It can guard only the first change of a step: each change makes a new digest.
    """
    digest = recorded.attributes.get("config_digest")
    return (("digest", str(digest)),) if digest else ()


def _configuration(kind: Kind, change: Change, place: Place, back: set[str], *, locked: bool) -> list[Call]:
    """One call with every option that is set or unset, removed disks among them.

    Where it can, this very call destroys a removed disk: it is the one that the digest guards, so that a disk
    which somebody put into the slot since the last look is not taken for it.
    """
    with_tags = bool(change.diff.tags or change.diff.change("description") or change.diff.change(FAULT))
    found, removed, destroyed = _own_options(kind, change), set[str](), set[str]()
    if with_tags:
        found = {**_cleared(change.recorded), **found}
    for part in change.diff.parts:
        if part.action is _CREATE:
            wanted = change.wanted_part(part.address)
            _refuse_empty(change, part)
            found |= kind.new_part(part.address, wanted, change.settings.get("storage"))
        elif part.action is _UPDATE:
            found |= _part_update(kind, change, part)
        else:
            gone = change.recorded_part(part.address)
            held = [name for name, value in gone.items() if value]
            slots = kind.parts[part.address.type].holding(str(gone["slot"]), held)
            removed |= slots
            destroyed |= slots if part.address.type == "disk" else set()
    if again := sorted(destroyed & found.keys()):
        raise PlanError(
            f"{change.recorded.address}: {again[0]} cannot be destroyed and made anew in one step",
            hint="remove the disk, apply, and add the new one",
        )
    params = params_of(found, removed - found.keys())
    if back := back - found.keys() - removed:
        params.append(("revert", ",".join(sorted(back))))
    if destroyed and not kind.changing.detaches:
        params.append(("force", 1))
    # A clone that was cut off has its mark in its description only: a new one must not lose it.
    if with_tags:
        params += _tags(change)
    if not params:
        return []
    lock = _lock(change.recorded) if locked else ()
    return [place.config((*lock, *params), _summary(found, removed, destroyed, back))]


def _refuse_empty(change: Change, part: PartChange) -> None:
    """A disk that somebody detached still lies there: an empty one in its slot would pass for it."""
    lost = part.address.type == "disk" and any(item.reason is Reason.DRIFT for item in part.changes)
    spare = [str(entry) for entry in fields.entries(change.recorded.attributes.get("unused_volumes"))]
    if lost and spare and not change.wanted_part(part.address).get("attach_volume"):
        raise PlanError(
            f"{part.address}: it was detached, and an empty disk would take its place while "
            f"{', '.join(spare)} is unused",
            hint="attach it again at the provider, or name it as the disk's `attach_volume`",
        )


def _summary(found: Options, removed: set[str], destroyed: set[str], back: set[str]) -> str:
    texts = [
        "set " + ", ".join(sorted(name for name, value in found.items() if value is not None)),
        "unset " + ", ".join(sorted(removed - destroyed | {name for name in found if found[name] is None})),
        "destroy " + ", ".join(sorted(destroyed)),
        "take back what waits for " + ", ".join(sorted(back)),
    ]
    return "; ".join(text for text in texts if not text.endswith(" ")) or "set tags"


def _own_options(kind: Kind, change: Change) -> Options:
    names = {item.name for item in change.diff.changes}
    values = merged(change.recorded.attributes, change.diff.changes)
    found = fields.write_options(kind.fields, values, names - _APART)
    if item := change.diff.change("description"):
        found["description"] = str(item.after) if item.after else None
    return found


def _part_update(kind: Kind, change: Change, part: PartChange) -> Options:
    names, spelt = {item.name for item in part.changes}, kind.parts[part.address.type]
    values = change.merged_part(part)
    volume: dict[str, str] = {}
    if part.address.type == "disk":
        if names <= volumes.NAMES:
            return {}
        volume = kept_volume(change.recorded_part(part.address))
    found = spelt.options(part.address, values, volume)
    own = spelt.holding(spelt.slot_of(part.address, values), names)
    return {option: text for option, text in found.items() if option in own}


def _tags(change: Change) -> list[tuple[str, Param]]:
    # A mark in the description is that of a clone that was cut off: its tags are those of its template.
    copied = change.diff.change(FAULT) is not None
    tags = dict(change.desired.tags if copied else change.recorded.tags)
    for item in change.diff.tags:
        if item.after is None:
            tags.pop(item.key, None)
        else:
            tag_word(item.key, item.after)
            tags[item.key] = item.after
    return list(tag_params(tags))


def _pool(change: Change, place: Place) -> list[Call]:
    item = change.diff.change("pool")
    if item is None:
        return []
    goal = item.after if item.after is not None else item.before
    if goal is None:
        return []
    params: Params = (
        ("poolid", reference(goal)),
        ("vms", place.vmid),
        ("delete", 1) if item.after is None else ("allow-move", 1),
    )
    verb = "leave" if item.after is None else "join"
    return [Call("pool.members", "PUT", "/pools", f"{verb} the pool {goal}", params=params)]


def _migration(change: Change, place: Place, *, online: bool) -> tuple[list[Call], Place]:
    item = change.diff.change("pinned_node")
    if item is None or not item.after:
        return [], place
    node = str(item.after)
    params: Params = (("target", node), *((("online", 1),) if online else ()))
    call = place.call("migrate", "POST", "/migrate", f"migrate to {node}", params, timeout=COPY_TIMEOUT)
    return [call], replace(place, node=node)


def _pause(change: Change, place: Place) -> list[Call]:
    """Between running and paused, without a stop."""
    if change.recorded.state == "paused" and change.target_state == "running":
        return [place.call("resume", "POST", "/status/resume", "resume")]
    if change.recorded.state == "running" and change.target_state == "paused":
        return [place.call("suspend", "POST", "/status/suspend", "pause", impact=Impact.STOP)]
    return []


def _power_on(change: Change, place: Place) -> list[Call]:
    """From off to the state it shall end in."""
    if change.target_state == "stopped":
        return []
    suspend = place.call("suspend", "POST", "/status/suspend", "pause")
    on = replace(start(place), restores=True)  # owed, whether it ran before or a cut-off step had stopped it
    return [on, suspend] if change.target_state == "paused" else [on]


def _shutdown(change: Change, place: Place, impact: Impact) -> Call:
    if change.recorded.state == "paused":  # a paused guest cannot hear a request to shut down
        return place.call("stop", "POST", "/status/stop", "stop", impact=impact, timeout=300)
    values = merged(change.recorded.attributes, change.diff.changes)
    return shutdown(place, values, change.settings, impact)
