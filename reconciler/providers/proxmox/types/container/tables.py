"""The fields of containers and of their parts. Defaults are the server's own. Pure."""

from __future__ import annotations

from typing import ClassVar

from reconciler.model.address import Address
from reconciler.model.values import Attributes
from reconciler.providers.proxmox.types.guest import propstring
from reconciler.providers.proxmox.types.guest.disks import VOLUME, Disk
from reconciler.providers.proxmox.types.guest.fields import COMMON, Field, Fields, Options
from reconciler.providers.proxmox.types.guest.nics import IP_CONFIG, SLOTS, Nic
from reconciler.providers.proxmox.types.guest.parts import Part, Texts

F = Field

FIELDS: Fields = (
    *COMMON,
    F("hostname", "hostname"),
    F("cpu_cores", "cores"),
    F("guest_arch", "arch"),
    F("memory_mb", "memory", default=512),
    F("swap_mb", "swap", default=512),
    F("os_type", "ostype"),
    F("unprivileged", "unprivileged", default=False),
    F("feature_nesting", "features", "nesting", default=False),
    F("feature_keyctl", "features", "keyctl", default=False),
    F("feature_fuse", "features", "fuse", default=False),
    F("feature_mknod", "features", "mknod", default=False),
    F("feature_mount", "features", "mount"),
    F("feature_force_rw_sys", "features", "force_rw_sys", default=False),
    F("console_enabled", "console", default=True),
    F("console_mode", "cmode", default="tty"),
    F("tty_count", "tty", default=2),
    F("debug_log", "debug", default=False),
    F("timezone", "timezone"),
    F("entrypoint", "entrypoint"),
    F("environment", "env", separator="\0"),
)


class _Mount(Disk):
    __slots__ = ()

    def write(self, where: Address, slot: str, attributes: Attributes, volume: Texts) -> Options:
        named = {"volume" if key == "file" else key: text for key, text in volume.items()}
        return super().write(where, slot, attributes, named)


class _Nic(Nic):
    __slots__ = ()
    mtu: ClassVar[tuple[int, int]] = (64, 65535)

    def write(self, where: Address, slot: str, attributes: Attributes, volume: Texts) -> Options:  # noqa: ARG002
        self.check_mtu(where, attributes)
        parts = {"name": f"eth{slot.removeprefix('net')}", **self.written(attributes)}
        return {slot: propstring.render(parts)}


DISK = _Mount.of(
    "disk",
    r"rootfs|mp\d+",
    ("mount_path", "mp"),
    ("mount_acl", "acl"),
    ("include_in_backup", "backup"),
    ("mount_idmap", "idmap"),
    F("mount_keep_attributes", "", "keepattrs", default=False),
    ("mount_options", "mountoptions"),
    F("mount_quota", "", "quota", default=False),
    F("replicate", "", "replicate", default=True),
    F("readonly", "", "ro", default=False),
    F("shared_volume", "", "shared", default=False),
    default_key="volume",
    more=VOLUME,  # its format follows from the storage
)
_NIC = _Nic.of(
    "nic",
    SLOTS,
    ("interface_name", "name"),
    ("bridge", "bridge"),
    ("mac_address", "hwaddr"),
    *IP_CONFIG,
    ("vlan_tag", "tag"),
    ("vlan_trunks", "trunks"),
    F("firewall_enabled", "", "firewall", default=False),
    ("rate_limit", "rate"),
    F("link_down", "", "link_down", default=False),
    ("mtu", "mtu"),
    F("host_managed", "", "host-managed", default=False),
)
DEVICE = Part.of(
    "host_device",
    r"dev\d+",
    ("host_path", "path"),
    F("deny_write", "", "deny-write", default=False),
    ("device_uid", "uid"),
    ("device_gid", "gid"),
    ("device_mode", "mode"),
    default_key="path",
)
PARTS = {part.type: part for part in (DISK, _NIC, DEVICE)}
