"""A container's options."""

from __future__ import annotations

from reconciler.sim.proxmox.formats import STARTUP, of
from reconciler.sim.proxmox.options import (
    CPU,
    DESCRIPTION,
    DISK,
    FROM_ZERO,
    MEMORY,
    NETWORK,
    OPTIONS,
    ROOT,
    TAGS,
    Option,
    group,
    many,
)
from reconciler.sim.proxmox.params import BOOLEAN, TEXT, Param
from reconciler.sim.proxmox.strings import check_dns_name
from reconciler.sim.proxmox.types.lxc import formats

OS_TYPES = (
    "debian", "devuan", "ubuntu", "centos", "fedora", "opensuse", "archlinux", "alpine", "gentoo", "nixos",
    "unmanaged",
)  # fmt: skip
LOCKS = (
    "backup", "create", "destroyed", "disk", "fstrim", "migrate", "mounted", "rollback", "snapshot",
    "snapshot-delete",
)  # fmt: skip
BWLIMIT = Param("number", minimum=0)

CONTAINER: dict[str, Option] = {
    **group(
        "live",
        OPTIONS,
        {
            "description": DESCRIPTION,
            "hookscript": TEXT,
            "onboot": BOOLEAN,
            "protection": BOOLEAN,
            "startup": of(STARTUP),
            "tags": TAGS,
            "lock": Param(enum=LOCKS),
        },
    ),
    **group(
        "live",
        CPU,
        {
            "cores": Param("integer", minimum=1, maximum=8192),
            "cpulimit": Param("number", minimum=0, maximum=8192),
            "cpuunits": Param("integer", minimum=0, maximum=500000),
        },
    ),
    **group("live", MEMORY, {"memory": Param("integer", minimum=16), "swap": FROM_ZERO}),
    **group(
        "live",
        NETWORK,
        {
            "hostname": Param(max_length=255, check=check_dns_name),
            "net[n]": many(of(formats.NIC), 32),
        },
    ),
    **group("restart", NETWORK, {"nameserver": TEXT, "searchdomain": TEXT}),
    **group(
        "restart",
        DISK,
        {
            "mp[n]": many(of(formats.MOUNTS["mp"]), 256),
            "rootfs": of(formats.MOUNTS["rootfs"]),
        },
    ),
    **group("live", DISK, {"unused[n]": many(of(formats.MOUNTS["unused"]), 256)}),
    **group("restart", ROOT, {"dev[n]": many(of(formats.DEVICE), 256)}),
    **group(
        "restart",
        OPTIONS,
        {
            "arch": Param(enum=("amd64", "i386", "arm64", "armhf", "riscv32", "riscv64")),
            "cmode": Param(enum=("shell", "console", "tty")),
            "console": BOOLEAN,
            "debug": BOOLEAN,
            "entrypoint": Param(pattern=r"[^\x00-\x08\x0a-\x1F\x7F]+"),
            "env": TEXT,
            "features": of(formats.FEATURES),
            "ostype": Param(enum=OS_TYPES),
            "template": BOOLEAN,
            "timezone": TEXT,
            "tty": Param("integer", minimum=0, maximum=6),
            "unprivileged": BOOLEAN,
        },
    ),
}
