"""The property strings of a container's mount points, network devices and the rest."""

from __future__ import annotations

from reconciler.sim.proxmox.formats import BRIDGE, IPV4, IPV4_CIDR, IPV6, IPV6_CIDR, MAC, SIZE, VLAN
from reconciler.sim.proxmox.params import BOOLEAN, INTEGER, NUMBER, TEXT, Param
from reconciler.sim.proxmox.strings import PropertyFormat

NIC = PropertyFormat(
    {
        "name": Param(required=True, pattern=r"[-_.\w\d]+"),
        "bridge": BRIDGE,
        "firewall": BOOLEAN,
        "gw": Param(pattern=IPV4),
        "gw6": Param(pattern=IPV6),
        "host-managed": BOOLEAN,
        "hwaddr": MAC,
        "ip": Param(pattern=rf"{IPV4_CIDR}|dhcp|manual"),
        "ip6": Param(pattern=rf"{IPV6_CIDR}|auto|dhcp|manual"),
        "link_down": BOOLEAN,
        "mtu": Param("integer", minimum=64, maximum=65535),
        "rate": NUMBER,
        "tag": VLAN,
        "trunks": Param(pattern=r"\d+(;\d+)*"),
        "type": Param(enum=("veth",)),
    }
)

_MOUNT_OPTION = "(discard|lazytime|noatime|nodev|noexec|nosuid)"
_ROOTFS: dict[str, Param] = {
    "volume": Param(required=True),
    "acl": BOOLEAN,
    "idmap": Param(pattern=r"passthrough|[ug]:\d+:\d+:[1-9]\d*(;[ug]:\d+:\d+:[1-9]\d*)*"),
    "mountoptions": Param(pattern=rf"{_MOUNT_OPTION}(;{_MOUNT_OPTION})*"),
    "quota": BOOLEAN,
    "replicate": BOOLEAN,
    "ro": BOOLEAN,
    "shared": BOOLEAN,
    "size": SIZE,
}
MOUNTS: dict[str, PropertyFormat] = {
    "rootfs": PropertyFormat(_ROOTFS, "volume"),
    "mp": PropertyFormat(
        {**_ROOTFS, "mp": Param(required=True), "backup": BOOLEAN, "keepattrs": BOOLEAN}, "volume"
    ),
    "unused": PropertyFormat({"volume": Param(required=True)}, "volume"),
}

DEVICE = PropertyFormat(
    {
        "path": TEXT,
        "deny-write": BOOLEAN,
        "gid": INTEGER,
        "mode": Param(pattern=r"0[0-7]{3}"),
        "uid": INTEGER,
    },
    "path",
)
FEATURES = PropertyFormat(
    {
        "force_rw_sys": BOOLEAN,
        "fuse": BOOLEAN,
        "keyctl": BOOLEAN,
        "mknod": BOOLEAN,
        "mount": TEXT,
        "nesting": BOOLEAN,
    }
)
