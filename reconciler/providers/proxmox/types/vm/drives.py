"""A machine's drives: disks, and CD drives with an image, with none or with cloud-init's. Pure."""

from __future__ import annotations

from typing import ClassVar

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.values import Attributes, Value
from reconciler.providers.proxmox.types.guest import propstring
from reconciler.providers.proxmox.types.guest.disks import VOLUME, Disk
from reconciler.providers.proxmox.types.guest.fields import Field, Options
from reconciler.providers.proxmox.types.guest.parts import Part, Texts

F = Field

_DATA_BUSES = ("ide", "sata", "scsi", "virtio")
_BUSES_WITH = {
    **dict.fromkeys(("iothread", "ro"), ("scsi", "virtio")),
    **dict.fromkeys(("queues", "product", "vendor", "scsiblock"), ("scsi",)),
    **dict.fromkeys(("ssd", "wwn"), ("ide", "sata", "scsi")),
    **dict.fromkeys(("efitype", "pre-enrolled-keys", "ms-cert"), ("efidisk",)),
    "model": ("ide",),
    "version": ("tpmstate",),
}
"""The buses that have a disk's option; the others are those of `_DATA_BUSES`."""


_EXTENSIONS = ("qcow2", "raw", "vmdk")


def _is_cd(text: str) -> bool:
    """Whether a drive's text is that of a CD drive, the cloud-init drive among them."""
    parts = propstring.parse(text, "file")
    return parts.get("media") == "cdrom" or _is_cloudinit(parts.get("file", ""))


def _is_cloudinit(volume: str) -> bool:
    name = volume.partition(":")[2].rpartition("/")[2].partition(".")[0]
    return name == "cloudinit" or name.endswith("-cloudinit")


class _VmDisk(Disk):
    __slots__ = ()
    sized: ClassVar[frozenset[str]] = frozenset({"efidisk0", "tpmstate0"})

    def holds(self, option: str, text: str) -> bool:
        return super().holds(option, text) and not _is_cd(text)

    def beside(self, option: str, options: Texts, parts: dict[str, str]) -> dict[str, Value]:
        values = super().beside(option, options, parts)
        extension = str(values["volume_id"]).partition(":")[2].rpartition(".")[2]
        form = parts.get("format") or (extension if extension in _EXTENSIONS else "raw")
        return {**values, "disk_format": form}

    def write(self, where: Address, slot: str, attributes: Attributes, volume: Texts) -> Options:
        """The server refuses a whole configuration for an option that a disk's bus has not."""
        bus, parts = slot.rstrip("0123456789"), self.written(attributes)
        for field in self.fields:
            having = _BUSES_WITH.get(field.key or "", _DATA_BUSES)
            if field.key in parts and bus not in having:
                raise PlanError(
                    f"{where}: `{field.attribute}` is for disks at {' or '.join(having)}, not at {bus}",
                    hint="remove the line, or give the disk another slot",
                )
        return {slot: propstring.render({**parts, **volume}, self.default_key)}


class _CdDrive(Part):
    """It shares its slots with disks; a drive's medium tells one from the other."""

    __slots__ = ()

    def holds(self, option: str, text: str) -> bool:
        return DISK.slots.fullmatch(option) is not None and _is_cd(text)

    def read(self, option: str, options: Texts) -> dict[str, Value]:
        volume = propstring.parse(options[option], "file").get("file", "none")
        if _is_cloudinit(volume):
            return {"slot": option, "cloudinit_storage": volume.partition(":")[0]}
        return {"slot": option, "cd_image": volume}

    def write(self, where: Address, slot: str, attributes: Attributes, volume: Texts) -> Options:  # noqa: ARG002
        storage = attributes.get("cloudinit_storage")
        what = f"{storage}:cloudinit" if storage else attributes.get("cd_image", "none")
        return {slot: f"{what},media=cdrom"}


_THROTTLES = tuple(
    F(name, "", name)
    for name in (
        *("bps", "bps_rd", "bps_wr", "bps_max_length", "bps_rd_max_length", "bps_wr_max_length"),
        *("iops", "iops_rd", "iops_wr", "iops_max", "iops_rd_max", "iops_wr_max"),
        *("iops_max_length", "iops_rd_max_length", "iops_wr_max_length"),
        *("mbps", "mbps_rd", "mbps_wr", "mbps_max", "mbps_rd_max", "mbps_wr_max"),
    )
)

DISK = _VmDisk.of(
    "disk",
    r"(?:scsi|virtio|sata|ide)\d+|efidisk0|tpmstate0",
    *_THROTTLES,
    F("include_in_backup", "", "backup", default=True),
    F("replicate", "", "replicate", default=True),
    ("aio", "aio"),
    F("cache", "", "cache", default="none"),
    F("discard", "", "discard", default=False, encoding="switch"),
    F("iothread", "", "iothread", default=False),
    F("ssd_emulation", "", "ssd", default=False),
    ("disk_queues", "queues"),
    F("readonly", "", "ro", default=False),
    ("scsi_product", "product"),
    ("scsi_vendor", "vendor"),
    F("scsi_block", "", "scsiblock", default=False),
    F("disk_model", "", "model", encoding="url"),
    F("disk_serial", "", "serial", encoding="url"),
    ("wwn", "wwn"),
    ("read_error_action", "rerror"),
    ("write_error_action", "werror"),
    ("detect_zeroes", "detect_zeroes"),
    F("shared_volume", "", "shared", default=False),
    F("snapshot_mode", "", "snapshot", default=False),
    ("efi_type", "efitype"),
    F("efi_keys_enrolled", "", "pre-enrolled-keys"),
    ("efi_ms_cert", "ms-cert"),
    ("tpm_version", "version"),
    default_key="file",
    more=(*VOLUME, "disk_format", "import_from"),
)
CD_DRIVE = _CdDrive.of("cd_drive", r"(?:ide|sata|scsi)\d+", more=("cd_image", "cloudinit_storage"))
