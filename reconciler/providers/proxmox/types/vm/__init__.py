"""Virtual machines."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reconciler.model.plan import Call
from reconciler.model.resource import Desired
from reconciler.providers.proxmox.types.guest.build import Names, Place, params_of
from reconciler.providers.proxmox.types.guest.fields import write_options
from reconciler.providers.proxmox.types.guest.kind import Changing, Kind, Making
from reconciler.providers.proxmox.types.guest.lower import guest_type
from reconciler.providers.proxmox.types.vm import downtime
from reconciler.providers.proxmox.types.vm.drives import CD_DRIVE, DISK
from reconciler.providers.proxmox.types.vm.nics import NIC
from reconciler.providers.proxmox.types.vm.tables import DEVICES, FIELDS


def _finished(place: Place, desired: Desired, types: Sequence[str]) -> list[Call]:
    """The boot order once more, where CD drives are set: the server appends each of them to the order."""
    if CD_DRIVE.type not in types or not desired.attributes.get("boot_order"):
        return []
    found = write_options(FIELDS, desired.attributes, ["boot_order"])
    return [place.config(params_of(found), "set the boot order again, without CD drives")]


KIND = Kind(
    names=Names("vm", "qemu", configures="POST", starts="qmstart"),
    fields=FIELDS,
    parts={part.type: part for part in (DISK, CD_DRIVE, NIC, *DEVICES)},
    name_option="name",
    making=Making(
        create=(("import-working-storage", "import_working_storage"),),
        clone=(("format", "clone_format"),),
        restore=(("archive", "archive"), ("live-restore", "live_restore")),
    ),
    changing=Changing(
        needs_stop=downtime.needed,
        replugs=downtime.replugs,
        volume="disk",
        finished=_finished,
    ),
    unread=re.compile(r"cipassword|ipconfig.*"),  # asterisks; an interface's
    listing={"full": 1},  # without it the list calls a paused machine running
)
TYPE = guest_type(KIND)
