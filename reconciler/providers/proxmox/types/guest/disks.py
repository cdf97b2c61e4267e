"""Disks: what part of a disk's text names its volume, and how a new volume is asked for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.values import Attributes, Scalar, Value
from reconciler.providers.proxmox.types.guest import propstring
from reconciler.providers.proxmox.types.guest.fields import Options
from reconciler.providers.proxmox.types.guest.parts import Part, Texts

VOLUME = ("size_gb", "size_mib", "storage", "volume_id", "attach_volume", "from_template")
"""The attributes that no field of a disk holds."""
_MIB_IN_GIB = 1024


class Disk(Part):
    """A disk of either kind of guest."""

    __slots__ = ()
    sized: ClassVar[frozenset[str]] = frozenset()
    """Slots whose disk's size the server decides."""

    def beside(self, option: str, options: Texts, parts: dict[str, str]) -> dict[str, Value]:  # noqa: ARG002
        """The volume's attributes."""
        volume = parts.pop("volume", "") or parts.pop("file", "")
        values: dict[str, Value] = {"volume_id": volume}
        storage, separator, _ = volume.partition(":")
        if separator and not volume.startswith("/"):
            values["storage"] = storage
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

    def made(self, where: Address, attributes: Attributes, storage: Scalar | None) -> Options:
        """The disk's option, asking for its volume: a new one, or one that there is.

        `storage` is where a new one goes if the disk says nothing. Raises PlanError if neither does.
        """
        slot = self.slot_of(where, attributes)
        return self.options(where, attributes, _new(where, attributes, storage, sized=slot in self.sized))


def _new(where: Address, attributes: Attributes, storage: Scalar | None, *, sized: bool) -> dict[str, str]:
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
    elif size or sized:
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
