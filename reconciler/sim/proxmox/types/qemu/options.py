"""A machine's options."""

from __future__ import annotations

import re

from reconciler.sim.proxmox.formats import STARTUP, of
from reconciler.sim.proxmox.options import (
    CDROM,
    CLOUDINIT,
    CPU,
    DESCRIPTION,
    DISK,
    DNS_NAME,
    FROM_ONE,
    FROM_ZERO,
    HARDWARE,
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
from reconciler.sim.proxmox.types.qemu import formats

KEYBOARDS = (
    "de", "de-ch", "da", "en-gb", "en-us", "es", "fi", "fr", "fr-be", "fr-ca", "fr-ch", "hu", "is", "it",
    "ja", "lt", "mk", "nl", "no", "pl", "pt", "pt-br", "sv", "sl", "tr",
)  # fmt: skip
OS_TYPES = (
    "other", "wxp", "w2k", "w2k3", "w2k8", "wvista", "win7", "win8", "win10", "win11", "l24", "l26",
    "solaris",
)  # fmt: skip
LOCKS = (
    "backup", "clone", "create", "migrate", "rollback", "snapshot", "snapshot-delete", "suspending",
    "suspended",
)  # fmt: skip
BWLIMIT = FROM_ZERO


def _check_url_encoded(text: str) -> str | None:
    if re.fullmatch(r"[-%a-zA-Z0-9_.!~*'()]*", text):
        return None
    return f"invalid urlencoded string: {text}"


MACHINE: dict[str, Option] = {
    **group(
        "live",
        OPTIONS,
        {
            "description": DESCRIPTION,
            "hookscript": TEXT,
            "migrate_downtime": Param("number", minimum=0),
            "migrate_speed": FROM_ZERO,
            "name": DNS_NAME,
            "onboot": BOOLEAN,
            "protection": BOOLEAN,
            "startup": of(STARTUP),
            "tags": TAGS,
            "vmstatestorage": TEXT,
            "hotplug": TEXT,
        },
    ),
    **group(
        "live",
        CLOUDINIT,
        {
            "cicustom": of(formats.CICUSTOM),
            "cipassword": TEXT,
            "citype": Param(enum=("configdrive2", "nocloud", "opennebula")),
            "ciupgrade": BOOLEAN,
            "ciuser": TEXT,
            "ipconfig[n]": many(of(formats.IPCONFIG), 32),
            "nameserver": TEXT,
            "searchdomain": TEXT,
            "sshkeys": Param(check=_check_url_encoded),
        },
    ),
    **group("live", ROOT, {"lock": Param(enum=LOCKS)}),
    **group("restart", ROOT, {"args": TEXT}),
    **group(
        "live",
        CPU,
        {
            "cpulimit": Param("number", minimum=0, maximum=128),
            "cpuunits": Param("integer", minimum=1, maximum=262144),
        },
    ),
    **group("cpu", CPU, {"vcpus": FROM_ONE}),
    **group(
        "restart",
        CPU,
        {
            "affinity": TEXT,
            "cores": FROM_ONE,
            "cpu": of(formats.CPU),
            "numa": BOOLEAN,
            "numa[n]": many(of(formats.NUMA), 8),
            "smp": FROM_ONE,
            "sockets": FROM_ONE,
        },
    ),
    **group("live", MEMORY, {"shares": Param("integer", minimum=0, maximum=50000)}),
    **group("memory", MEMORY, {"memory": of(formats.MEMORY)}),
    **group(
        "restart",
        MEMORY,
        {
            "allow-ksm": BOOLEAN,
            "balloon": FROM_ZERO,
            "hugepages": Param(enum=("any", "2", "1024")),
            "keephugepages": BOOLEAN,
        },
    ),
    **group("network", NETWORK, {"net[n]": many(of(formats.NIC), 32)}),
    **group(
        "disk",
        DISK,
        {
            "scsi[n]": many(of(formats.DRIVES["scsi"]), 31),
            "virtio[n]": many(of(formats.DRIVES["virtio"]), 16),
        },
    ),
    **group(
        "restart",
        DISK,
        {
            "bootdisk": Param(pattern=r"(ide|sata|scsi|virtio)\d+"),
            "efidisk0": of(formats.DRIVES["efidisk"]),
            "ide[n]": many(of(formats.DRIVES["ide"]), 4),
            "sata[n]": many(of(formats.DRIVES["sata"]), 6),
            "tpmstate0": of(formats.DRIVES["tpmstate"]),
        },
    ),
    **group("live", DISK, {"unused[n]": many(of(formats.DRIVES["unused"]), 256)}),
    **group("restart", CDROM, {"cdrom": of(formats.DRIVES["ide"])}),
    **group("usb", HARDWARE, {"tablet": BOOLEAN, "usb[n]": many(of(formats.USB), 14)}),
    **group(
        "restart",
        HARDWARE,
        {
            "acpi": BOOLEAN,
            "amd-sev": TEXT,
            "arch": Param(enum=("x86_64", "aarch64")),
            "audio0": of(formats.AUDIO),
            "bios": Param(enum=("seabios", "ovmf")),
            "hostpci[n]": Param(count=16),
            "intel-tdx": TEXT,
            "ivshmem": of(formats.IVSHMEM),
            "kvm": BOOLEAN,
            "machine": of(formats.MACHINE),
            "parallel[n]": Param(pattern=r"/dev/parport\d+|/dev/usb/lp\d+", count=3),
            "rng0": TEXT,
            "scsihw": Param(
                enum=("lsi", "lsi53c810", "virtio-scsi-pci", "virtio-scsi-single", "megasas", "pvscsi")
            ),
            "serial[n]": Param(pattern=r"(/dev/[^,]+|socket)", count=4),
            "smbios1": Param(max_length=512),
            "vga": of(formats.VGA),
            "watchdog": TEXT,
        },
    ),
    **group(
        "restart",
        OPTIONS,
        {
            "agent": of(formats.AGENT),
            "autostart": BOOLEAN,
            "boot": of(formats.BOOT),
            "freeze": BOOLEAN,
            "keyboard": Param(enum=KEYBOARDS),
            "localtime": BOOLEAN,
            "ostype": Param(enum=OS_TYPES),
            "reboot": BOOLEAN,
            "spice_enhancements": of(formats.SPICE),
            "startdate": Param(pattern=r"(now|\d{4}-\d{1,2}-\d{1,2}(T\d{1,2}:\d{1,2}:\d{1,2})?)"),
            "tdf": BOOLEAN,
            "template": BOOLEAN,
            "virtiofs[n]": many(of(formats.VIRTIOFS), 10),
            "vmgenid": Param(pattern=r"(?:[a-fA-F0-9]{8}(?:-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}|[01])"),
        },
    ),
}
