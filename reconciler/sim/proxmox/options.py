"""The options of a guest's configuration: what each may hold, which privilege changes it, and what a running
guest makes of a change.

`change` says when a change of a running guest takes effect: `live` at once, `restart` at the next start;
`network`, `disk`, `usb`, `cpu`, `memory` at once where the virtual machine's `hotplug` setting names that
feature. The finer rules (a NIC's bridge is live, its model is not) are in `pending`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from reconciler.sim.proxmox import formats
from reconciler.sim.proxmox.params import BOOLEAN, TEXT, Param
from reconciler.sim.proxmox.strings import check_dns_name, check_tags

DISK, CDROM, CPU = "VM.Config.Disk", "VM.Config.CDROM", "VM.Config.CPU"
MEMORY, NETWORK, HARDWARE = "VM.Config.Memory", "VM.Config.Network", "VM.Config.HWType"
OPTIONS, CLOUDINIT = "VM.Config.Options", "VM.Config.Cloudinit"
ROOT = "root"  # only root@pam with a password may set these

KEYBOARDS = (
    "de", "de-ch", "da", "en-gb", "en-us", "es", "fi", "fr", "fr-be", "fr-ca", "fr-ch", "hu", "is", "it",
    "ja", "lt", "mk", "nl", "no", "pl", "pt", "pt-br", "sv", "sl", "tr",
)  # fmt: skip
OS_TYPES = (
    "other", "wxp", "w2k", "w2k3", "w2k8", "wvista", "win7", "win8", "win10", "win11", "l24", "l26",
    "solaris",
)  # fmt: skip
CT_OS_TYPES = (
    "debian", "devuan", "ubuntu", "centos", "fedora", "opensuse", "archlinux", "alpine", "gentoo", "nixos",
    "unmanaged",
)  # fmt: skip
VM_LOCKS = (
    "backup", "clone", "create", "migrate", "rollback", "snapshot", "snapshot-delete", "suspending",
    "suspended",
)  # fmt: skip
CT_LOCKS = (
    "backup", "create", "destroyed", "disk", "fstrim", "migrate", "mounted", "rollback", "snapshot",
    "snapshot-delete",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Option:
    param: Param
    change: str
    privilege: str


def _group(change: str, privilege: str, options: dict[str, Param]) -> dict[str, Option]:
    return {name: Option(param, change, privilege) for name, param in options.items()}


def _many(param: Param, count: int) -> Param:
    return replace(param, count=count)


def _check_url_encoded(text: str) -> str | None:
    if re.fullmatch(r"[-%a-zA-Z0-9_.!~*'()]*", text):
        return None
    return f"invalid urlencoded string: {text}"


_DNS_NAME = Param(check=check_dns_name)
_DESCRIPTION = Param(max_length=8192)
_TAGS = Param(check=check_tags)
_STARTUP = formats.of(formats.STARTUP)
_FROM_ZERO = Param("integer", minimum=0)
_FROM_ONE = Param("integer", minimum=1)

VM_OPTIONS: dict[str, Option] = {
    **_group(
        "live",
        OPTIONS,
        {
            "description": _DESCRIPTION,
            "hookscript": TEXT,
            "migrate_downtime": Param("number", minimum=0),
            "migrate_speed": _FROM_ZERO,
            "name": _DNS_NAME,
            "onboot": BOOLEAN,
            "protection": BOOLEAN,
            "startup": _STARTUP,
            "tags": _TAGS,
            "vmstatestorage": TEXT,
            "hotplug": TEXT,
        },
    ),
    **_group(
        "live",
        CLOUDINIT,
        {
            "cicustom": formats.of(formats.CICUSTOM),
            "cipassword": TEXT,
            "citype": Param(enum=("configdrive2", "nocloud", "opennebula")),
            "ciupgrade": BOOLEAN,
            "ciuser": TEXT,
            "ipconfig[n]": _many(formats.of(formats.IPCONFIG), 32),
            "nameserver": TEXT,
            "searchdomain": TEXT,
            "sshkeys": Param(check=_check_url_encoded),
        },
    ),
    **_group("live", ROOT, {"lock": Param(enum=VM_LOCKS)}),
    **_group("restart", ROOT, {"args": TEXT}),
    **_group(
        "live",
        CPU,
        {
            "cpulimit": Param("number", minimum=0, maximum=128),
            "cpuunits": Param("integer", minimum=1, maximum=262144),
        },
    ),
    **_group("cpu", CPU, {"vcpus": _FROM_ONE}),
    **_group(
        "restart",
        CPU,
        {
            "affinity": TEXT,
            "cores": _FROM_ONE,
            "cpu": formats.of(formats.CPU),
            "numa": BOOLEAN,
            "numa[n]": _many(formats.of(formats.NUMA), 8),
            "smp": _FROM_ONE,
            "sockets": _FROM_ONE,
        },
    ),
    **_group("live", MEMORY, {"shares": Param("integer", minimum=0, maximum=50000)}),
    **_group("memory", MEMORY, {"memory": formats.of(formats.MEMORY)}),
    **_group(
        "restart",
        MEMORY,
        {
            "allow-ksm": BOOLEAN,
            "balloon": _FROM_ZERO,
            "hugepages": Param(enum=("any", "2", "1024")),
            "keephugepages": BOOLEAN,
        },
    ),
    **_group("network", NETWORK, {"net[n]": _many(formats.of(formats.VM_NIC), 32)}),
    **_group(
        "disk",
        DISK,
        {
            "scsi[n]": _many(formats.of(formats.DRIVES["scsi"]), 31),
            "virtio[n]": _many(formats.of(formats.DRIVES["virtio"]), 16),
        },
    ),
    **_group(
        "restart",
        DISK,
        {
            "bootdisk": Param(pattern=r"(ide|sata|scsi|virtio)\d+"),
            "efidisk0": formats.of(formats.DRIVES["efidisk"]),
            "ide[n]": _many(formats.of(formats.DRIVES["ide"]), 4),
            "sata[n]": _many(formats.of(formats.DRIVES["sata"]), 6),
            "tpmstate0": formats.of(formats.DRIVES["tpmstate"]),
        },
    ),
    **_group("live", DISK, {"unused[n]": _many(formats.of(formats.DRIVES["unused"]), 256)}),
    **_group("restart", CDROM, {"cdrom": formats.of(formats.DRIVES["ide"])}),
    **_group("usb", HARDWARE, {"tablet": BOOLEAN, "usb[n]": _many(formats.of(formats.USB), 14)}),
    **_group(
        "restart",
        HARDWARE,
        {
            "acpi": BOOLEAN,
            "amd-sev": TEXT,
            "arch": Param(enum=("x86_64", "aarch64")),
            "audio0": formats.of(formats.AUDIO),
            "bios": Param(enum=("seabios", "ovmf")),
            "hostpci[n]": Param(count=16),
            "intel-tdx": TEXT,
            "ivshmem": formats.of(formats.IVSHMEM),
            "kvm": BOOLEAN,
            "machine": formats.of(formats.MACHINE),
            "parallel[n]": Param(pattern=r"/dev/parport\d+|/dev/usb/lp\d+", count=3),
            "rng0": TEXT,
            "scsihw": Param(
                enum=("lsi", "lsi53c810", "virtio-scsi-pci", "virtio-scsi-single", "megasas", "pvscsi")
            ),
            "serial[n]": Param(pattern=r"(/dev/[^,]+|socket)", count=4),
            "smbios1": Param(max_length=512),
            "vga": formats.of(formats.VGA),
            "watchdog": TEXT,
        },
    ),
    **_group(
        "restart",
        OPTIONS,
        {
            "agent": formats.of(formats.AGENT),
            "autostart": BOOLEAN,
            "boot": formats.of(formats.BOOT),
            "freeze": BOOLEAN,
            "keyboard": Param(enum=KEYBOARDS),
            "localtime": BOOLEAN,
            "ostype": Param(enum=OS_TYPES),
            "reboot": BOOLEAN,
            "spice_enhancements": formats.of(formats.SPICE),
            "startdate": Param(pattern=r"(now|\d{4}-\d{1,2}-\d{1,2}(T\d{1,2}:\d{1,2}:\d{1,2})?)"),
            "tdf": BOOLEAN,
            "template": BOOLEAN,
            "virtiofs[n]": _many(formats.of(formats.VIRTIOFS), 10),
            "vmgenid": Param(pattern=r"(?:[a-fA-F0-9]{8}(?:-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}|[01])"),
        },
    ),
}

CT_OPTIONS: dict[str, Option] = {
    **_group(
        "live",
        OPTIONS,
        {
            "description": _DESCRIPTION,
            "hookscript": TEXT,
            "onboot": BOOLEAN,
            "protection": BOOLEAN,
            "startup": _STARTUP,
            "tags": _TAGS,
            "lock": Param(enum=CT_LOCKS),
        },
    ),
    **_group(
        "live",
        CPU,
        {
            "cores": Param("integer", minimum=1, maximum=8192),
            "cpulimit": Param("number", minimum=0, maximum=8192),
            "cpuunits": Param("integer", minimum=0, maximum=500000),
        },
    ),
    **_group("live", MEMORY, {"memory": Param("integer", minimum=16), "swap": _FROM_ZERO}),
    **_group(
        "live",
        NETWORK,
        {
            "hostname": Param(max_length=255, check=check_dns_name),
            "net[n]": _many(formats.of(formats.CT_NIC), 32),
        },
    ),
    **_group("restart", NETWORK, {"nameserver": TEXT, "searchdomain": TEXT}),
    **_group(
        "restart",
        DISK,
        {
            "mp[n]": _many(formats.of(formats.MOUNTS["mp"]), 256),
            "rootfs": formats.of(formats.MOUNTS["rootfs"]),
        },
    ),
    **_group("live", DISK, {"unused[n]": _many(formats.of(formats.MOUNTS["unused"]), 256)}),
    **_group("restart", ROOT, {"dev[n]": _many(formats.of(formats.DEVICE), 256)}),
    **_group(
        "restart",
        OPTIONS,
        {
            "arch": Param(enum=("amd64", "i386", "arm64", "armhf", "riscv32", "riscv64")),
            "cmode": Param(enum=("shell", "console", "tty")),
            "console": BOOLEAN,
            "debug": BOOLEAN,
            "entrypoint": Param(pattern=r"[^\x00-\x08\x0a-\x1F\x7F]+"),
            "env": TEXT,
            "features": formats.of(formats.FEATURES),
            "ostype": Param(enum=CT_OS_TYPES),
            "template": BOOLEAN,
            "timezone": TEXT,
            "tty": Param("integer", minimum=0, maximum=6),
            "unprivileged": BOOLEAN,
        },
    ),
}

BWLIMIT = _FROM_ZERO
CT_BWLIMIT = Param("number", minimum=0)


def params(options: dict[str, Option], *, without: Iterable[str] = ()) -> dict[str, Param]:
    """The parameter table of a call that takes these options."""
    left_out = set(without)
    return {name: option.param for name, option in options.items() if name not in left_out}


def option_of(kind: str, name: str) -> Option | None:
    """The option behind a config key such as `net3`; None where there is none of this name."""
    options = VM_OPTIONS if kind == "qemu" else CT_OPTIONS
    if name in options:
        return options[name]
    stem = re.fullmatch(r"([a-z-]+)(\d+)", name)
    option = options.get(f"{stem[1]}[n]") if stem else None
    return option if option and stem and int(stem[2]) < option.param.count else None
