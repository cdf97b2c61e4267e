"""From a guest's configuration, as Proxmox VE answers it, to what was observed. Pure.

A running machine's configuration can hold two values at once: the one in force and the one that waits for
a stop. Attributes show the one in force; the names of those that wait are in `pending`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.model.resource import Observed
from reconciler.model.values import Cardinality, Entry, ExternalRef, Value, canonical
from reconciler.providers.proxmox import marks
from reconciler.providers.proxmox.types.guest import fields
from reconciler.providers.proxmox.types.guest.fields import OTHER
from reconciler.providers.proxmox.types.guest.kind import Kind
from reconciler.providers.proxmox.types.guest.parts import Texts

_OURS = frozenset({"tags", "description", "digest", "lock", "template", "parent", "meta"})
_PAUSED = frozenset({"paused", "prelaunch", "suspended"})


@dataclass(frozen=True, slots=True)
class Config:
    """A guest's options as texts: those in force, and those that will be after a stop."""

    current: Texts
    future: Texts

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> Config:
        """From the rows of `GET …/pending`: key, value, pending, delete."""
        current = {row["key"]: str(row["value"]) for row in rows if row.get("value") is not None}
        future = dict(current)
        for row in rows:
            if row.get("pending") is not None:
                future[row["key"]] = str(row["pending"])
            elif int(row.get("delete") or 0):
                future.pop(row["key"], None)
        return cls(current, future)


def guest(kind: Kind, listed: Mapping[str, Any], live: Mapping[str, Any], config: Config) -> Observed:
    """One guest of ours. `listed` is its row in the cluster's list, `live` its node's word on its state,
    which has to be known."""
    vmid = str(listed["vmid"])
    now, later = _attributes(kind, config.current), _attributes(kind, config.future)
    state = guest_state(live)
    text, line = marks.split_text(config.current.get("description", ""))
    found = marks.words(config.current.get("tags", ""))
    template = config.current.get("template", "0") == "1" or bool(listed.get("template"))
    values: dict[str, Value] = {
        **now,
        **_placement(listed),
        "vmid": int(vmid),
        "is_template": template,
    }
    values["power_state"] = state
    lock = live.get("lock") or config.current.get("lock")
    if line and not template:
        values[marks.FAULT] = marks.IN_DESCRIPTION
    waiting = _map(
        entry
        for option in config.future.keys() - config.current.keys()
        if (part := kind.part_of(option, config.future[option])) is not None
        for entry in part.entries(option, config.future[option])
    )
    if waiting is not None:  # parts that are to come have no attributes yet, so they are named as a whole
        values["waiting_parts"] = waiting
    _put(values, description=text or None, config_digest=config.current.get("digest"), config_lock=lock)
    return Observed(
        type=kind.names.type,
        external_id=vmid,
        name=str(values.get("hostname", vmid)),
        state=state,
        attributes=values,
        tags=marks.tags_of(found),
        mark=None if template else marks.mark_of(line or found),
        parts=_parts(kind, config),
        pending=frozenset(name for name in now.keys() | later.keys() if now.get(name) != later.get(name))
        - {"unused_volumes"}
        | ({"waiting_parts"} if waiting else frozenset()),
        busy=bool(lock),
        detached=tuple(_detached(config.current)),
    )


def stranger(kind: Kind, listed: Mapping[str, Any]) -> Observed:
    """A guest that is not ours and whose state is known, from its row in the list alone."""
    vmid = str(listed["vmid"])
    values: dict[str, Value] = {**_placement(listed), "vmid": int(vmid)}
    values["is_template"] = bool(listed.get("template"))
    if listed.get("maxmem"):
        values["memory_mb"] = int(listed["maxmem"]) // 2**20
    if listed.get("name"):
        values["hostname"] = str(listed["name"]).lower()
    state = guest_state(listed)
    _put(values, power_state=state, config_lock=listed.get("lock"))
    return Observed(
        type=kind.names.type,
        external_id=vmid,
        name=str(listed.get("name") or vmid),
        state=state,
        attributes=values,
        tags=marks.tags_of(marks.words(str(listed.get("tags") or ""))),
        busy=bool(listed.get("lock")),
    )


UNKNOWN = "unknown"
"""What Proxmox says of a guest whose node is offline, or does not report; it is no state of ours."""


def guest_state(live: Mapping[str, Any]) -> str:
    """running, stopped, paused, or UNKNOWN."""
    status, inner = str(live.get("status", UNKNOWN)), str(live.get("qmpstatus", ""))
    if status in _PAUSED or (status == "running" and inner in _PAUSED):
        return "paused"
    return status if status in ("running", "stopped") else UNKNOWN


def _placement(listed: Mapping[str, Any]) -> dict[str, Value]:
    node = str(listed["node"])
    values: dict[str, Value] = {"node": node, "pinned_node": node}
    if listed.get("pool"):
        values["pool"] = ExternalRef("pool", str(listed["pool"]))
    return values


def _put(values: dict[str, Value], **more: Value | None) -> None:
    values |= {name: value for name, value in more.items() if value is not None}


def _attributes(kind: Kind, options: Texts) -> dict[str, Value]:
    own = {
        option: text
        for option, text in options.items()
        if option not in _OURS
        and not option.startswith("unused")
        and not kind.unread.fullmatch(option)
        and not any(part.slots.fullmatch(option) for part in kind.parts.values())
    }
    values, left = fields.read_options(kind.names.type, kind.fields, own)
    covered = {field.option for field in kind.fields}
    left += [Entry(option, text) for option, text in own.items() if option not in covered]
    unused = [Entry(option, text) for option, text in options.items() if option.startswith("unused")]
    _put(values, **{OTHER: _map(left), "unused_volumes": _map(unused)})
    return values


def _map(entries: Iterable[Entry]) -> Value | None:
    return canonical(tuple(entries), Cardinality.MAP) or None


def _parts(kind: Kind, config: Config) -> tuple[Observed, ...]:
    found: list[Observed] = []
    for option in sorted(config.current):
        part = kind.part_of(option, config.current[option])
        if part is None:
            continue
        now = part.read(option, config.current)
        later = part.read(option, config.future) if option in config.future else {}
        waiting = frozenset(name for name in now.keys() | later.keys() if now.get(name) != later.get(name))
        volume = str(now.get("volume_id", ""))
        found.append(Observed(part.type, volume, option, "available", now, pending=waiting))
    return tuple(found)


def _detached(options: Texts) -> Iterator[Observed]:
    for option, volume in sorted(options.items()):
        if option.startswith("unused"):
            storage = volume.partition(":")[0]
            values: dict[str, Value] = {"slot": option, "volume_id": volume, "storage": storage}
            yield Observed("disk", volume, option, "available", values)
