"""Containers."""

from __future__ import annotations

from reconciler.errors import PlanError
from reconciler.model.resource import Desired
from reconciler.providers.proxmox.types.container import downtime
from reconciler.providers.proxmox.types.container.tables import FIELDS, PARTS
from reconciler.providers.proxmox.types.container.volumes import destroy_volume
from reconciler.providers.proxmox.types.guest.build import Names, Settings
from reconciler.providers.proxmox.types.guest.fields import Options, texts
from reconciler.providers.proxmox.types.guest.kind import Changing, Kind, Making
from reconciler.providers.proxmox.types.guest.lower import guest_type


def _completed(desired: Desired, options: Options, settings: Settings) -> Options:
    """Raises PlanError where there is nothing to make it from, or no place for it."""
    if not desired.attributes.get("os_template"):
        hint = "set `os_template`, `clone_from` or `archive`"
        raise PlanError(f"{desired.address}: nothing to make the container from", hint=hint)
    if "rootfs" not in options:
        hint = "add a disk with the slot rootfs and a size"
        raise PlanError(f"{desired.address}: the container has no root file system", hint=hint)
    made: Options = {**options, "unprivileged": options.get("unprivileged") or "1"}
    if keys := "\n".join(texts(desired.attributes.get("ssh_public_keys"))):
        made["ssh-public-keys"] = keys
    if storage := settings.get("storage"):
        made["storage"] = str(storage)
    return made


KIND = Kind(
    names=Names("container", "lxc", configures="PUT", starts="vzstart"),
    fields=FIELDS,
    parts=PARTS,
    name_option="hostname",
    making=Making(
        create=(
            *(("ostemplate", "os_template"), ("password", "root_password")),
            *(("ignore-unpack-errors", "ignore_unpack_errors"), ("bwlimit", "copy_limit_kib")),
        ),
        restore=(("ostemplate", "archive"),),
        completed=_completed,
        restored={"restore": "1"},
        inherited=frozenset({"unprivileged"}),
    ),
    changing=Changing(
        needs_stop=downtime.needed,
        replugs=downtime.replugs,
        volume="volume",
        detaches=True,
    ),
)
TYPE = guest_type(KIND, {"container.destroy_volume": destroy_volume})
