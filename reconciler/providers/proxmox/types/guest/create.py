"""Making a guest: from nothing, as a clone, or from a backup. Pure.

The call that makes it carries its id and our mark. A clone cannot be told its options, so a second call
sets them and moves the mark into the tags. Which disks a template has is not known here: a disk in a
clone's manifest is taken to be the template's and only grows, unless it says `from_template: false`.
Where more than a size is asked of such a disk, the clone is not started: the next plan sees the disk,
changes it while the machine is off, and starts it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.errors import PlanError
from reconciler.model.plan import Call, ExternalId, Param, ReservedId
from reconciler.model.resource import Desired, Recorded
from reconciler.model.values import Attributes, ExternalRef, Reference, Scalar, SecretRef, dns_name
from reconciler.providers.proxmox.marks import marked_text, tag_params, tag_word
from reconciler.providers.proxmox.types.guest.build import (
    COPY_TIMEOUT,
    Place,
    Settings,
    params_of,
    reference,
    start,
)
from reconciler.providers.proxmox.types.guest.fields import Options, write_options
from reconciler.providers.proxmox.types.guest.kind import Kind, Pairs
from reconciler.providers.proxmox.types.guest.volumes import resize

_HA, _LIMIT = ("ha-managed", "ha_managed"), ("bwlimit", "copy_limit_kib")
_RESTORE = (("unique", "archive_unique"), _LIMIT, _HA)
_CLONE = (("full", "clone_full"), ("storage", "clone_storage"), ("snapname", "clone_snapshot"), _LIMIT)
_PLAIN_DISK = frozenset({"slot", "size_gb", "from_template"})


def copied_from(desired: Desired) -> tuple[ExternalRef, ...]:
    """The guest that is cloned."""
    source = desired.attributes.get("clone_from")
    return (ExternalRef(desired.type, str(source)),) if source else ()


def lower(
    kind: Kind, desired: Desired, settings: Settings, known: Mapping[Reference, Recorded]
) -> tuple[Call, ...]:
    """Raises PlanError where the manifest and the endpoint's settings leave open what to make or where."""
    for key, value in desired.tags.items():
        tag_word(key, value)
    place = Place(kind.names, _node(desired, settings), ExternalId(desired.address))
    attributes = desired.attributes
    if attributes.get("clone_from"):
        calls = [_clone(kind, desired, place, settings, known), _configure(kind, desired, place, settings)]
        if kind.changing.finished:
            calls += kind.changing.finished(place, desired, [part.type for part in desired.parts])
    elif attributes.get("archive"):
        calls = [_restore(kind, desired, place, settings)]
    else:
        calls = [_create(kind, desired, place, settings)]
    for disk in _to_resize(desired):
        calls.append(resize(place, disk.attributes["slot"], disk.attributes["size_gb"], best_effort=True))
    return (*calls, *_power(desired, place))


def _node(desired: Desired, settings: Settings) -> str:
    attributes = desired.attributes
    node = attributes.get("pinned_node") or attributes.get("node") or settings.get("node")
    if not node:
        raise PlanError(
            f"{desired.address}: no node to make it on",
            hint=f"set `node` there, or for all in the spec of the endpoint {desired.endpoint}: "
            "`settings: {node: NAME}`",
        )
    return str(node)


def _copied(desired: Desired) -> bool:
    return bool(desired.attributes.get("clone_from") or desired.attributes.get("archive"))


def _is_new(desired: Desired, disk: Desired) -> bool:
    return not _copied(desired) or disk.attributes.get("from_template") is False


def _options(kind: Kind, desired: Desired, settings: Settings) -> Options:
    """All options of the guest and of those parts that are made with it."""
    found = write_options(kind.fields, desired.attributes)
    for part in desired.parts:
        if part.type != "disk" or _is_new(desired, part):
            found |= kind.new_part(part.address, part.attributes, settings.get("storage"))
    name = kind.name_option
    found[name] = found.get(name) or dns_name(desired.address.name)
    return {option: value for option, value in found.items() if value is not None}


def _chosen(attributes: Attributes, names: Pairs) -> list[tuple[str, Param]]:
    """Parameters from attributes that are given at creation only, as (parameter, attribute)."""
    found: list[tuple[str, Param]] = []
    for parameter, attribute in names:
        value = attributes.get(attribute)
        if isinstance(value, SecretRef):
            found.append((parameter, value))
        elif isinstance(value, bool):
            found.append((parameter, int(value)))
        elif isinstance(value, (str, int)):
            found.append((parameter, value))
    return found


def _common(desired: Desired) -> list[tuple[str, Param]]:
    pool = desired.attributes.get("pool")
    return [("pool", reference(pool))] if pool else []


def _made(desired: Desired, place: Place, params: Iterable[tuple[str, Param]], summary: str) -> Call:
    description = desired.attributes.get("description")
    return Call(
        operation=f"{desired.type}.create",
        method="POST",
        path=f"/nodes/{{node}}/{place.names.wire}",
        summary=summary,
        path_params=(("node", place.node),),
        params=(
            ("vmid", ReservedId()),
            *params,
            *((("description", str(description)),) if description else ()),
            *tag_params(desired.tags),
            *_common(desired),
        ),
        creates=True,
        timeout=COPY_TIMEOUT if _copied(desired) else 1800,
    )


def _create(kind: Kind, desired: Desired, place: Place, settings: Settings) -> Call:
    found = _options(kind, desired, settings)
    if kind.making.completed:
        found = kind.making.completed(desired, found, settings)
    params = [*params_of(found), *_chosen(desired.attributes, (_HA, *kind.making.create))]
    return _made(desired, place, params, f"create on {place.node}")


def _restore(kind: Kind, desired: Desired, place: Place, settings: Settings) -> Call:
    attributes = desired.attributes
    found = _options(kind, desired, settings) | kind.making.restored
    storage = attributes.get("clone_storage") or settings.get("storage")
    if storage:
        found["storage"] = str(storage)
    params = [*params_of(found), *_chosen(attributes, (*_RESTORE, *kind.making.restore))]
    return _made(desired, place, params, f"restore {attributes['archive']} on {place.node}")


def _home(desired: Desired, place: Place, known: Mapping[Reference, Recorded]) -> str:
    """The node of what is cloned: as last seen, else as the manifest says, else the new guest's."""
    source = desired.attributes["clone_from"]
    seen = known.get(ExternalRef(desired.type, str(source)))
    node = seen.attributes.get("node") if seen is not None else None
    return str(node or desired.attributes.get("clone_node") or place.node)


def _clone(
    kind: Kind, desired: Desired, place: Place, settings: Settings, known: Mapping[Reference, Recorded]
) -> Call:
    attributes = desired.attributes
    source, home = attributes["clone_from"], _home(desired, place, known)
    target: list[tuple[str, Param]] = [("target", place.node)] if home != place.node else []
    return Call(
        operation=f"{desired.type}.clone",
        method="POST",
        path=f"/nodes/{{node}}/{place.names.wire}/{{source}}/clone",
        summary=f"clone {source} to {place.node}"
        + (f" from {home}, which the server does for shared storage only" if target else ""),
        path_params=(("node", home), ("source", str(source))),
        params=(
            ("newid", ReservedId()),
            (kind.name_option, _options(kind, desired, settings)[kind.name_option]),
            *marked_text("description", str(attributes.get("description") or "")),
            *_chosen(attributes, (*_CLONE, *kind.making.clone)),
            *target,
            *_common(desired),
        ),
        creates=True,
        timeout=COPY_TIMEOUT,
    )


def _configure(kind: Kind, desired: Desired, place: Place, settings: Settings) -> Call:
    every = _options(kind, desired, settings)
    found = {option: value for option, value in every.items() if option not in kind.making.inherited}
    description = desired.attributes.get("description")
    found["description"] = str(description) if description else None
    params = [*params_of(found), *tag_params(desired.tags)]
    return place.config(params, "set options; move the mark into the tags")


def _to_resize(desired: Desired) -> list[Desired]:
    """Disks that come with a size of their own: a template's, a backup's, an image's."""
    return [
        disk
        for disk in desired.parts
        if disk.type == "disk"
        and disk.attributes.get("size_gb")
        and (disk.attributes.get("import_from") or not _is_new(desired, disk))
    ]


def _power(desired: Desired, place: Place) -> list[Call]:
    state: Scalar | None = str(desired.attributes.get("power_state") or "stopped")
    waits = any(
        disk.type == "disk" and not _is_new(desired, disk) and set(disk.attributes) - _PLAIN_DISK
        for disk in desired.parts
    )
    if state == "stopped" or waits:
        return []
    suspend = place.call("suspend", "POST", "/status/suspend", "pause")
    return [start(place), suspend] if state == "paused" else [start(place)]
