"""Volumes in drives: what part of a drive's text names the volume, and how a new one is asked for. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.errors import PlanError
from reconciler.model.values import Scalar, Value
from reconciler.providers.proxmox import propstring

_EXTENSIONS = ("qcow2", "raw", "vmdk")
_MIB_IN_GIB = 1024
FIRMWARE = frozenset({"efidisk0", "tpmstate0"})
"""Drives whose size the server decides."""


def is_cd(text: str) -> bool:
    """Whether a drive's text is that of a CD drive, the cloud-init drive among them."""
    parts = propstring.parse(text, "file")
    return parts.get("media") == "cdrom" or _is_cloudinit(parts.get("file", ""))


def _is_cloudinit(volume: str) -> bool:
    name = volume.partition(":")[2].rpartition("/")[2].partition(".")[0]
    return name == "cloudinit" or name.endswith("-cloudinit")


def read_cd(text: str) -> dict[str, Value]:
    parts = propstring.parse(text, "file")
    volume = parts.get("file", "none")
    if _is_cloudinit(volume):
        return {"cloudinit_storage": volume.partition(":")[0]}
    return {"cd_image": volume}


def write_cd(attributes: Mapping[str, Value]) -> str:
    storage = attributes.get("cloudinit_storage")
    return (
        f"{storage}:cloudinit,media=cdrom" if storage else f"{attributes.get('cd_image', 'none')},media=cdrom"
    )


def take_volume(kind: str, parts: dict[str, str]) -> dict[str, Value]:
    """The volume's attributes; takes what they cover out of `parts`."""
    volume = parts.pop("volume", "") or parts.pop("file", "")
    values: dict[str, Value] = {"volume_id": volume}
    storage, separator, name = volume.partition(":")
    if separator and not volume.startswith("/"):
        values["storage"] = storage
    if kind == "vm":
        extension = name.rpartition(".")[2]
        values["disk_format"] = parts.get("format") or (extension if extension in _EXTENSIONS else "raw")
    size = propstring.mebibytes(parts.get("size", ""))
    if size >= _MIB_IN_GIB:
        values["size_gb"] = size // _MIB_IN_GIB
    if size % _MIB_IN_GIB:  # such as an EFI disk's 4M
        values["size_mib"] = size
    if parts.get("size") == f"{values.get('size_gb')}G":
        del parts["size"]  # any other stays as it is written, among the other options
    if parts.get("media") == "disk":
        del parts["media"]
    return values


def new_volume(
    where: str, slot: str, attributes: Mapping[str, Value], storage: Scalar | None
) -> dict[str, str]:
    """The parts that ask for a disk's volume: a new one, an existing one, or a new one filled from an image.

    `storage` is the endpoint's default. Raises PlanError where it is not said what to make.
    """
    if volume := attributes.get("attach_volume"):
        return {"file": str(volume)}
    on = attributes.get("storage") or storage
    if not on:
        raise PlanError(
            f"{where}: no storage for the new disk",
            hint="set `storage` on the disk, or for all in the endpoint's spec: `settings: {storage: NAME}`",
        )
    parts: dict[str, str] = {}
    image, size = attributes.get("import_from"), attributes.get("size_gb")
    if image:
        parts = {"file": f"{on}:0", "import-from": str(image)}
    elif size or slot in FIRMWARE:
        parts = {"file": f"{on}:{size or 1}"}
    else:
        raise PlanError(f"{where}: no size for the new disk", hint="set `size` or `import_from`")
    if form := attributes.get("disk_format"):
        parts["format"] = str(form)
    return parts


def kept_volume(attributes: Mapping[str, Value]) -> dict[str, str]:
    """The parts that name a recorded disk's volume, so that a change of its options leaves it in place."""
    parts = {"file": str(attributes["volume_id"])}
    if size := attributes.get("size_gb"):
        parts["size"] = f"{size}G"
    return parts
