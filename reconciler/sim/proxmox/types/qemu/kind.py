"""What a machine is to the code that all guests share."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from reconciler.sim.proxmox.failure import bad_parameters, failed
from reconciler.sim.proxmox.kinds import Cloning, Kind, Nics, Value, Volumes
from reconciler.sim.proxmox.routing import Call
from reconciler.sim.proxmox.types.guest import drives
from reconciler.sim.proxmox.types.guest.rows import size_in
from reconciler.sim.proxmox.types.qemu import formats
from reconciler.sim.proxmox.types.qemu.hotplug import is_live
from reconciler.sim.proxmox.types.qemu.options import MACHINE
from reconciler.sim.proxmox.world import Guest, World

BASE = "/nodes/{node}/qemu"
ONE = BASE + "/{vmid}"
CLOUDINIT_KEYS = (
    "cicustom", "cipassword", "citype", "ciupgrade", "ciuser", "nameserver", "searchdomain", "sshkeys",
)  # fmt: skip


def image_of(values: dict[str, Value]) -> dict[str, Value]:
    """What a cloud-init drive is made from."""
    return {
        key: value for key, value in values.items() if key in CLOUDINIT_KEYS or key.startswith("ipconfig")
    }


def _started(guest: Guest) -> None:
    """The cloud-init drive is made anew."""
    guest.image = image_of(guest.config)


def _cpus(world: World, guest: Guest) -> int:  # noqa: ARG001 - a kind's signature
    most = int(guest.config.get("cores", 1)) * int(guest.config.get("sockets", 1))
    return min(most, int(guest.config.get("vcpus", most)))


def _disk_size(guest: Guest) -> int:
    """Bytes of the disk it boots from."""
    order = str(guest.config.get("boot", "")).partition("order=")[2].split(";")
    candidates = [*order, "scsi0", "virtio0", "sata0", "ide0"]
    for key in candidates:
        text = str(guest.config.get(key, ""))
        if re.match(r"(scsi|virtio|sata|ide)\d", key) and text and "media=cdrom" not in text:
            return size_in(text)
    return 0


def _check_delete(guest: Guest, key: str, holds_volume: bool) -> None:
    if holds_volume and guest.config.get("protection"):
        what = f"unused disk '{guest.config[key]}'" if key.startswith("unused") else f"drive '{key}'"
        raise failed(f"can't remove {what} - protection mode enabled")


def _check_together(guest: Guest, values: Mapping[str, Value], reverts: Collection[str]) -> None:
    """What ballooning leaves at least cannot be more than there is. Only a change of either is looked at."""
    wanted = {key: guest.config[key] for key in reverts if key in guest.config} | dict(values)
    if not wanted.get("memory") and "balloon" not in wanted:
        return
    memory = wanted.get("memory") or guest.pending.get("memory") or guest.config.get("memory", 512)
    least = wanted.get("balloon", guest.pending.get("balloon") or guest.config.get("balloon", 0))
    if int(least) > int(str(memory).rpartition("=")[2]):
        raise failed("balloon value too large (must be smaller than assigned memory)")


def _check_drive(call: Call, key: str, value: object) -> None:
    values = drives.parse(KIND, key, value)
    found = drives.NEW.fullmatch(values["file"])
    if "import-from" in values and (found is None or float(found[2]) != 0):
        raise bad_parameters(
            {key: "'import-from' requires special syntax - use <storage ID>:0,import-from=<source>"}
        )
    volume = call.world.volumes.find(values["file"], call.node)
    if volume is not None and volume.content == "iso" and values.get("media") != "cdrom":
        raise bad_parameters({key: "explicit 'media=cdrom' is required for iso images"})


def _renewed(world: World, config: dict[str, Value]) -> None:
    config["smbios1"] = f"uuid={world.new_uuid()}"
    if "vmgenid" in config:
        config["vmgenid"] = world.new_uuid()


KIND = Kind(
    name="qemu",
    word="VM",
    template_word="vm",
    name_key="name",
    unnamed="VM {}",
    folder="qemu-server",
    lock_file="lock",
    moved_on="checksum mismatch (file change by other user?)",
    unheard="VM quit/powerdown failed - got timeout",
    options=MACHINE,
    volumes=Volumes(formats.DRIVES, "file", ("images", "vm images"), cloudinit=True),
    nics=Nics(formats.NIC, "macaddr"),
    cloning=Cloning(lock="clone", unnamed="Copy-of-VM-{}", renewed=_renewed),
    cpus=_cpus,
    disk_size=_disk_size,
    is_live=is_live,
    check_delete=_check_delete,
    check_together=_check_together,
    check_drive=_check_drive,
    started=_started,
    keeps_memory=True,
)
