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
from reconciler.providers.proxmox.convert import API_TYPES
from reconciler.providers.proxmox.lower import options
from reconciler.providers.proxmox.lower.build import (
    COPY_TIMEOUT,
    Place,
    Settings,
    marked_text,
    reference,
    start,
    tag_params,
)
from reconciler.providers.proxmox.marks import tag_word

_PLAIN_DISK = frozenset({"slot", "size_gb", "from_template"})


def lower(desired: Desired, settings: Settings, known: Mapping[Reference, Recorded]) -> tuple[Call, ...]:
    """Raises PlanError where the manifest and the endpoint's settings leave open what to make or where."""
    for key, value in desired.tags.items():
        tag_word(key, value)
    place = Place(desired.type, _node(desired, settings), ExternalId(desired.address))
    attributes = desired.attributes
    if attributes.get("clone_from"):
        calls = [_clone(desired, place, settings, known), _configure(desired, place, settings)]
        calls += options.boot_call(place, desired, [part.type for part in desired.parts])
    elif attributes.get("archive"):
        calls = [_restore(desired, place, settings)]
    else:
        calls = [_create(desired, place, settings)]
    calls += [_resize(place, disk) for disk in _to_resize(desired)]
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


def _options(desired: Desired, settings: Settings) -> options.Options:
    """All options of the guest and of those parts that are made with it."""
    found = options.guest_options(desired.type, desired.attributes)
    found.setdefault("name" if desired.type == "vm" else "hostname", None)
    for part in desired.parts:
        if part.type != "disk" or _is_new(desired, part):
            found |= options.new_part(part.address, desired.type, part.attributes, settings.get("storage"))
    name = "name" if desired.type == "vm" else "hostname"
    found[name] = found[name] or dns_name(desired.address.name)
    return {option: value for option, value in found.items() if value is not None}


def _chosen(attributes: Attributes, names: Iterable[tuple[str, str]]) -> list[tuple[str, Param]]:
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
        path=f"/nodes/{{node}}/{API_TYPES[desired.type]}",
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


def _create(desired: Desired, place: Place, settings: Settings) -> Call:
    found = _options(desired, settings)
    attributes = desired.attributes
    chosen = [("ha-managed", "ha_managed")]
    if desired.type == "container":
        found |= _container_options(desired, found, settings)
        chosen += [("ostemplate", "os_template"), ("password", "root_password")]
        chosen += [("ignore-unpack-errors", "ignore_unpack_errors"), ("bwlimit", "copy_limit_kib")]
    else:
        chosen += [("import-working-storage", "import_working_storage")]
    params = [*options.params_of(found), *_chosen(attributes, chosen)]
    return _made(desired, place, params, f"create on {place.node}")


def _container_options(desired: Desired, found: options.Options, settings: Settings) -> options.Options:
    if not desired.attributes.get("os_template"):
        hint = "set `os_template`, `clone_from` or `archive`"
        raise PlanError(f"{desired.address}: nothing to make the container from", hint=hint)
    if "rootfs" not in found:
        hint = "add a disk with the slot rootfs and a size"
        raise PlanError(f"{desired.address}: the container has no root file system", hint=hint)
    more: options.Options = {"unprivileged": found.get("unprivileged") or "1"}
    if keys := options.whole_texts(desired.attributes.get("ssh_public_keys"), "\n"):
        more["ssh-public-keys"] = keys
    if storage := settings.get("storage"):
        more["storage"] = str(storage)
    return more


def _restore(desired: Desired, place: Place, settings: Settings) -> Call:
    attributes = desired.attributes
    found = _options(desired, settings)
    chosen = [("unique", "archive_unique"), ("bwlimit", "copy_limit_kib"), ("ha-managed", "ha_managed")]
    if desired.type == "vm":
        chosen += [("archive", "archive"), ("live-restore", "live_restore")]
    else:
        chosen += [("ostemplate", "archive")]
        found["restore"] = "1"
    storage = attributes.get("clone_storage") or settings.get("storage")
    if storage:
        found["storage"] = str(storage)
    params = [*options.params_of(found), *_chosen(attributes, chosen)]
    return _made(desired, place, params, f"restore {attributes['archive']} on {place.node}")


def _home(desired: Desired, place: Place, known: Mapping[Reference, Recorded]) -> str:
    """The node of what is cloned: as last seen, else as the manifest says, else the new guest's."""
    source = desired.attributes["clone_from"]
    seen = known.get(ExternalRef(desired.type, str(source)))
    node = seen.attributes.get("node") if seen is not None else None
    return str(node or desired.attributes.get("clone_node") or place.node)


def _clone(desired: Desired, place: Place, settings: Settings, known: Mapping[Reference, Recorded]) -> Call:
    attributes = desired.attributes
    source, home = attributes["clone_from"], _home(desired, place, known)
    found = _options(desired, settings)
    name = "name" if desired.type == "vm" else "hostname"
    chosen = [("full", "clone_full"), ("storage", "clone_storage"), ("snapname", "clone_snapshot")]
    chosen += [("bwlimit", "copy_limit_kib"), *([("format", "clone_format")] if desired.type == "vm" else [])]
    target: list[tuple[str, Param]] = [("target", place.node)] if home != place.node else []
    return Call(
        operation=f"{desired.type}.clone",
        method="POST",
        path=f"/nodes/{{node}}/{API_TYPES[desired.type]}/{{source}}/clone",
        summary=f"clone {source} to {place.node}"
        + (f" from {home}, which the server does for shared storage only" if target else ""),
        path_params=(("node", home), ("source", str(source))),
        params=(
            ("newid", ReservedId()),
            (name, found[name]),
            *marked_text("description", str(attributes.get("description") or "")),
            *_chosen(attributes, chosen),
            *target,
            *_common(desired),
        ),
        creates=True,
        timeout=COPY_TIMEOUT,
    )


def _configure(desired: Desired, place: Place, settings: Settings) -> Call:
    found = _options(desired, settings)
    found.pop("unprivileged", None)  # a clone has its template's, for good
    description = desired.attributes.get("description")
    found["description"] = str(description) if description else None
    params = [*options.params_of(found), *tag_params(desired.tags)]
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


def _resize(place: Place, disk: Desired) -> Call:
    slot, size = str(disk.attributes["slot"]), disk.attributes["size_gb"]
    params: list[tuple[str, Param]] = [("disk", slot), ("size", f"{size}G")]
    # Best effort: a copy may be larger already, which the next plan sees and says.
    return place.call("resize", "PUT", "/resize", f"grow {slot} to {size} GiB", params, best_effort=True)


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
