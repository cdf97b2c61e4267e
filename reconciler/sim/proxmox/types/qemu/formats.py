"""The property strings of a machine's drives, network devices and the rest."""

from __future__ import annotations

from reconciler.sim.proxmox.formats import BRIDGE, IPV4, IPV4_CIDR, IPV6, IPV6_CIDR, MAC, SIZE, VLAN
from reconciler.sim.proxmox.params import BOOLEAN, INTEGER, NUMBER, TEXT, Param
from reconciler.sim.proxmox.strings import PropertyFormat

NIC_MODELS = (
    "e1000", "e1000-82540em", "e1000-82544gc", "e1000-82545em", "e1000e", "i82551", "i82557b", "i82559er",
    "ne2k_isa", "ne2k_pci", "pcnet", "rtl8139", "virtio", "vmxnet3",
)  # fmt: skip
_LENGTH = Param("integer", minimum=1)
_DISK_FORMAT = Param(enum=("raw", "qcow", "qed", "qcow2", "vmdk", "cloop"))

_DRIVE: dict[str, Param] = {
    "file": Param(required=True),
    "aio": Param(enum=("native", "threads", "io_uring")),
    "backup": BOOLEAN,
    "cache": Param(enum=("none", "writethrough", "writeback", "unsafe", "directsync")),
    "detect_zeroes": BOOLEAN,
    "discard": Param(enum=("ignore", "on")),
    "format": _DISK_FORMAT,
    "import-from": TEXT,
    "media": Param(enum=("cdrom", "disk")),
    "replicate": BOOLEAN,
    "rerror": Param(enum=("ignore", "report", "stop")),
    "serial": Param(max_length=60),
    "shared": BOOLEAN,
    "size": SIZE,
    "snapshot": BOOLEAN,
    "werror": Param(enum=("enospc", "ignore", "report", "stop")),
    **{f"bps{way}": INTEGER for way in ("", "_rd", "_wr")},
    **{f"bps{way}_max_length": _LENGTH for way in ("", "_rd", "_wr")},
    **{f"iops{way}": INTEGER for way in ("", "_rd", "_wr", "_max", "_rd_max", "_wr_max")},
    **{f"iops{way}_max_length": _LENGTH for way in ("", "_rd", "_wr")},
    **{f"mbps{way}": NUMBER for way in ("", "_rd", "_wr", "_max", "_rd_max", "_wr_max")},
}
_DRIVE_ALIASES = {"volume": "file"} | {
    f"{kind}_{way}_length": f"{kind}_{way}_max_length" for kind in ("bps", "iops") for way in ("rd", "wr")
}
_WWN = {"wwn": Param(pattern=r"0x[0-9a-fA-F]{16}")}
_SSD = {"ssd": BOOLEAN}
_QUEUED = {"iothread": BOOLEAN, "ro": BOOLEAN}
_SCSI = {
    "product": Param(pattern=r"[A-Za-z0-9\-_ ]{,16}"),
    "vendor": Param(pattern=r"[A-Za-z0-9\-_ ]{,8}"),
    "queues": Param("integer", minimum=2),
    "scsiblock": BOOLEAN,
}


def _drive(**extra: Param) -> PropertyFormat:
    return PropertyFormat({**_DRIVE, **extra}, "file", _DRIVE_ALIASES)


DRIVES: dict[str, PropertyFormat] = {
    "ide": _drive(**_WWN, **_SSD, model=Param(max_length=120)),
    "sata": _drive(**_WWN, **_SSD),
    "scsi": _drive(**_WWN, **_SSD, **_QUEUED, **_SCSI),
    "virtio": _drive(**_QUEUED),
    "efidisk": PropertyFormat(
        {
            "file": Param(required=True),
            "efitype": Param(enum=("2m", "4m")),
            "format": _DISK_FORMAT,
            "import-from": TEXT,
            "ms-cert": Param(enum=("2011", "2023", "2023w", "2023k")),
            "pre-enrolled-keys": BOOLEAN,
            "size": SIZE,
        },
        "file",
        {"volume": "file"},
    ),
    "tpmstate": PropertyFormat(
        {
            "file": Param(required=True),
            "format": Param(enum=("raw", "qcow2", "vmdk")),
            "import-from": TEXT,
            "size": SIZE,
            "version": Param(enum=("v1.2", "v2.0")),
        },
        "file",
        {"volume": "file"},
    ),
    "unused": PropertyFormat({"file": Param(required=True)}, "file", {"volume": "file"}),
}

NIC = PropertyFormat(
    {
        "model": Param(required=True, enum=NIC_MODELS),
        "macaddr": MAC,
        "bridge": BRIDGE,
        "firewall": BOOLEAN,
        "link_down": BOOLEAN,
        "mtu": Param("integer", minimum=1, maximum=65520),
        "queues": Param("integer", minimum=0, maximum=64),
        "rate": Param("number", minimum=0),
        "tag": VLAN,
        "trunks": Param(pattern=r"\d+(-\d+)?(;\d+(-\d+)?)*"),
    },
    "model",
    key_aliases=("model", "macaddr"),
)

AGENT = PropertyFormat(
    {
        "enabled": Param("boolean", required=True),
        "freeze-fs": BOOLEAN,
        "fstrim_cloned_disks": BOOLEAN,
        "type": Param(enum=("virtio", "isa")),
    },
    "enabled",
    {"freeze-fs-on-backup": "freeze-fs", "guest-fsfreeze": "freeze-fs"},
)
AUDIO = PropertyFormat(
    {
        "device": Param(required=True, enum=("ich9-intel-hda", "intel-hda", "AC97")),
        "driver": Param(enum=("spice", "none")),
    }
)
BOOT = PropertyFormat({"legacy": Param(pattern="[acdn]{1,4}"), "order": TEXT}, "legacy")
CICUSTOM = PropertyFormat({"meta": TEXT, "network": TEXT, "user": TEXT, "vendor": TEXT})
CPU = PropertyFormat(
    {
        "cputype": TEXT,
        "flags": TEXT,
        "guest-phys-bits": INTEGER,
        "hidden": BOOLEAN,
        "hv-vendor-id": TEXT,
        "level": INTEGER,
        "phys-bits": TEXT,
        "reported-model": TEXT,
    },
    "cputype",
)
IPCONFIG = PropertyFormat(
    {
        "gw": Param(pattern=IPV4, requires="ip"),
        "gw6": Param(pattern=IPV6, requires="ip6"),
        "ip": Param(pattern=rf"{IPV4_CIDR}|dhcp"),
        "ip6": Param(pattern=rf"{IPV6_CIDR}|auto|dhcp"),
    }
)
IVSHMEM = PropertyFormat({"size": Param("integer", required=True, minimum=1), "name": TEXT})
MACHINE = PropertyFormat(
    {
        "type": TEXT,
        "aw-bits": NUMBER,
        "enable-s3": BOOLEAN,
        "enable-s4": BOOLEAN,
        "viommu": Param(enum=("intel", "virtio")),
    },
    "type",
)
MEMORY = PropertyFormat({"current": Param("integer", minimum=16)}, "current")
NUMA = PropertyFormat(
    {
        "cpus": Param(required=True),
        "hostnodes": TEXT,
        "memory": NUMBER,
        "policy": Param(enum=("preferred", "bind", "interleave")),
    }
)
SPICE = PropertyFormat({"foldersharing": BOOLEAN, "videostreaming": Param(enum=("off", "all", "filter"))})
USB = PropertyFormat({"host": TEXT, "mapping": TEXT, "usb3": BOOLEAN}, "host")
VGA = PropertyFormat(
    {
        "type": Param(
            enum=(
                "cirrus",
                "qxl",
                "qxl2",
                "qxl3",
                "qxl4",
                "none",
                "serial0",
                "serial1",
                "serial2",
                "serial3",
                "std",
                "virtio",
                "virtio-gl",
                "vmware",
            )
        ),
        "clipboard": Param(enum=("vnc",)),
        "memory": Param("integer", minimum=4, maximum=512),
    },
    "type",
)
VIRTIOFS = PropertyFormat(
    {
        "dirid": Param(required=True),
        "cache": Param(enum=("auto", "always", "metadata", "never")),
        "direct-io": BOOLEAN,
        "expose-acl": BOOLEAN,
        "expose-xattr": BOOLEAN,
    },
    "dirid",
)
