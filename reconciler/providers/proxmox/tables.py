"""The fields of machines, containers and their parts. Data; `fields` gives it meaning.

Defaults are the server's own, for reading a configuration in which they are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.providers.proxmox.fields import Field, Fields

F = Field

_GUEST: Fields = (
    F("start_on_boot", "onboot", default=False),
    F("startup_order", "startup", "order"),
    F("startup_delay", "startup", "up"),
    F("shutdown_timeout", "startup", "down"),
    F("hookscript", "hookscript"),
    F("protected", "protection", default=False),
    F("cpu_limit", "cpulimit"),
    F("cpu_units", "cpuunits"),
    F("nameservers", "nameserver", separator=" "),
    F("search_domain", "searchdomain"),
)

VM: Fields = (
    *_GUEST,
    F("hostname", "name"),
    F("cpu_cores", "cores", default=1),
    F("cpu_sockets", "sockets", default=1),
    F("vcpus", "vcpus"),
    F("cpu_type", "cpu", "cputype"),
    F("cpu_flags", "cpu", "flags"),
    F("cpu_hidden", "cpu", "hidden", default=False),
    F("cpu_hv_vendor_id", "cpu", "hv-vendor-id"),
    F("cpu_level", "cpu", "level"),
    F("cpu_phys_bits", "cpu", "phys-bits"),
    F("cpu_guest_phys_bits", "cpu", "guest-phys-bits"),
    F("cpu_reported_model", "cpu", "reported-model"),
    F("cpu_affinity", "affinity"),
    F("numa_enabled", "numa", default=False),
    F("kvm_enabled", "kvm", default=True),
    F("guest_arch", "arch"),
    F("memory_mb", "memory", "current", default=512),
    F("balloon_mb", "balloon"),
    F("memory_shares", "shares", default=1000),
    F("hugepages", "hugepages"),
    F("keep_hugepages", "keephugepages", default=False),
    F("allow_ksm", "allow-ksm", default=True),
    F("bios", "bios", default="seabios"),
    F("machine_type", "machine", "type"),
    F("machine_viommu", "machine", "viommu"),
    F("machine_aw_bits", "machine", "aw-bits"),
    F("machine_s3", "machine", "enable-s3"),
    F("machine_s4", "machine", "enable-s4"),
    F("os_type", "ostype", default="other"),
    F("acpi_enabled", "acpi", default=True),
    F("qemu_args", "args"),
    F("scsi_controller", "scsihw", default="lsi"),
    F("boot_order", "boot", "order"),
    F("tablet_device", "tablet", default=True),
    F("hotplug", "hotplug", separator=",", encoding="hotplug", default=("network", "disk", "usb")),
    F("keyboard_layout", "keyboard"),
    F("local_time", "localtime"),
    F("start_date", "startdate", default="now"),
    F("time_drift_fix", "tdf", default=False),
    F("freeze_at_startup", "freeze", default=False),
    F("reboot_allowed", "reboot", default=True),
    F("vm_generation_id", "vmgenid"),
    F("vmstate_storage", "vmstatestorage"),
    F("migrate_speed", "migrate_speed", default=0),
    F("migrate_downtime", "migrate_downtime"),
    F("display_type", "vga", "type", default="std"),
    F("display_memory", "vga", "memory"),
    F("display_clipboard", "vga", "clipboard"),
    F("spice_folder_sharing", "spice_enhancements", "foldersharing", default=False),
    F("spice_video_streaming", "spice_enhancements", "videostreaming", default="off"),
    F("audio_device", "audio0", "device"),
    F("audio_driver", "audio0", "driver"),
    F("rng_source", "rng0", "source"),
    F("rng_max_bytes", "rng0", "max_bytes"),
    F("rng_period", "rng0", "period"),
    F("watchdog_model", "watchdog", "model"),
    F("watchdog_action", "watchdog", "action"),
    F("smbios_uuid", "smbios1", "uuid"),
    F("smbios_manufacturer", "smbios1", "manufacturer", encoding="base64"),
    F("smbios_product", "smbios1", "product", encoding="base64"),
    F("smbios_version", "smbios1", "version", encoding="base64"),
    F("smbios_serial", "smbios1", "serial", encoding="base64"),
    F("smbios_sku", "smbios1", "sku", encoding="base64"),
    F("smbios_family", "smbios1", "family", encoding="base64"),
    F("ivshmem_size", "ivshmem", "size"),
    F("ivshmem_name", "ivshmem", "name"),
    F("sev_type", "amd-sev", "type"),
    F("sev_allow_smt", "amd-sev", "allow-smt"),
    F("sev_kernel_hashes", "amd-sev", "kernel-hashes"),
    F("sev_no_debug", "amd-sev", "no-debug"),
    F("sev_no_key_sharing", "amd-sev", "no-key-sharing"),
    F("tdx_type", "intel-tdx", "type"),
    F("tdx_attestation", "intel-tdx", "attestation"),
    F("tdx_vsock_cid", "intel-tdx", "vsock-cid"),
    F("tdx_vsock_port", "intel-tdx", "vsock-port"),
    F("agent_enabled", "agent", "enabled", default=False),
    F("agent_type", "agent", "type", default="virtio"),
    F("agent_freeze_fs", "agent", "freeze-fs", default=True),
    F("agent_fstrim", "agent", "fstrim_cloned_disks", default=False),
    F("ci_user", "ciuser"),
    F("ci_password", "cipassword"),
    F("ci_ssh_keys", "sshkeys", separator="\n", encoding="url"),
    F("ci_type", "citype"),
    F("ci_upgrade", "ciupgrade", default=True),
    F("ci_custom_user", "cicustom", "user"),
    F("ci_custom_network", "cicustom", "network"),
    F("ci_custom_meta", "cicustom", "meta"),
    F("ci_custom_vendor", "cicustom", "vendor"),
)

CONTAINER: Fields = (
    *_GUEST,
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

GUESTS = {"vm": VM, "container": CONTAINER}
SECRET_OPTIONS = frozenset({"cipassword"})
"""Options that the server answers with asterisks: never read back."""


@dataclass(frozen=True, slots=True)
class PartTable:
    """How one type of part is spelt: `slots` are its option names, `default_key` may stand without key."""

    type: str
    slots: re.Pattern[str]
    fields: Fields
    default_key: str | None = None
    whole: bool = False  # the option is one plain value
    more: frozenset[str] = frozenset()  # attributes that no field holds

    @property
    def names(self) -> frozenset[str]:
        """All attributes that such a part can have."""
        return self.more | {"slot", "other_options"} | {field.attribute for field in self.fields}


def _part(
    kind: str,
    slots: str,
    *fields: tuple[str, str] | F,
    default_key: str | None = None,
    whole: bool = False,
    more: Iterable[str] = (),
) -> PartTable:
    listed = (item if isinstance(item, F) else F(item[0], "", item[1]) for item in fields)
    return PartTable(kind, re.compile(slots), tuple(listed), default_key, whole, frozenset(more))


_VOLUME = ("size_gb", "size_mib", "storage", "disk_format", "volume_id", "attach_volume", "from_template")
_THROTTLES = tuple(
    F(name, "", name)
    for name in (
        *("bps", "bps_rd", "bps_wr", "bps_max_length", "bps_rd_max_length", "bps_wr_max_length"),
        *("iops", "iops_rd", "iops_wr", "iops_max", "iops_rd_max", "iops_wr_max"),
        *("iops_max_length", "iops_rd_max_length", "iops_wr_max_length"),
        *("mbps", "mbps_rd", "mbps_wr", "mbps_max", "mbps_rd_max", "mbps_wr_max"),
    )
)

VM_DISK = _part(
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
    more=(*_VOLUME, "import_from"),
)

DATA_BUSES = ("ide", "sata", "scsi", "virtio")
BUSES_WITH = {
    **dict.fromkeys(("iothread", "ro"), ("scsi", "virtio")),
    **dict.fromkeys(("queues", "product", "vendor", "scsiblock"), ("scsi",)),
    **dict.fromkeys(("ssd", "wwn"), ("ide", "sata", "scsi")),
    **dict.fromkeys(("efitype", "pre-enrolled-keys", "ms-cert"), ("efidisk",)),
    "model": ("ide",),
    "version": ("tpmstate",),
}
"""The buses that have a disk's option; the others are those of `DATA_BUSES`."""

MTU = {"vm": (1, 65520), "container": (64, 65535)}
"""Bounds of an interface's MTU, in bytes; a machine's 1 takes over the bridge's."""

CONTAINER_DISK = _part(
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
    more=set(_VOLUME) - {"disk_format"},  # it follows from the storage
)

VM_NIC = _part(
    "nic",
    r"net\d+",
    F("nic_model", "", "model"),
    ("mac_address", "macaddr"),
    ("bridge", "bridge"),
    ("vlan_tag", "tag"),
    ("vlan_trunks", "trunks"),
    F("firewall_enabled", "", "firewall", default=False),
    ("rate_limit", "rate"),
    F("link_down", "", "link_down", default=False),
    ("nic_queues", "queues"),
    ("mtu", "mtu"),
    default_key="model",
    more=("ip4_config", "ip4_gateway", "ip6_config", "ip6_gateway"),
)

IP_CONFIG: Fields = (
    F("ip4_config", "", "ip"),
    F("ip4_gateway", "", "gw"),
    F("ip6_config", "", "ip6"),
    F("ip6_gateway", "", "gw6"),
)
"""A machine's address settings: in the option `ipconfigN` beside `netN`, for cloud-init."""

CONTAINER_NIC = _part(
    "nic",
    r"net\d+",
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

_PCI = _part(
    "pci_device",
    r"hostpci\d+",
    ("pci_host", "host"),
    ("device_mapping", "mapping"),
    ("pci_device_id", "device-id"),
    ("pci_vendor_id", "vendor-id"),
    ("pci_sub_device_id", "sub-device-id"),
    ("pci_sub_vendor_id", "sub-vendor-id"),
    ("pci_driver", "driver"),
    F("pci_express", "", "pcie", default=False),
    F("pci_legacy_igd", "", "legacy-igd", default=False),
    ("pci_mdev", "mdev"),
    F("pci_rom_bar", "", "rombar", default=True),
    ("pci_rom_file", "romfile"),
    F("pci_primary_gpu", "", "x-vga", default=False),
    default_key="host",
)
_USB = _part(
    "usb_device",
    r"usb\d+",
    ("usb_host", "host"),
    ("device_mapping", "mapping"),
    F("usb3", "", "usb3", default=False),
    default_key="host",
)
_SERIAL = _part("serial_port", r"serial\d+", F("host_path", ""), whole=True)
_PARALLEL = _part("parallel_port", r"parallel\d+", F("host_path", ""), whole=True)
_NUMA = _part(
    "numa_node",
    r"numa\d+",
    ("numa_cpus", "cpus"),
    ("numa_host_nodes", "hostnodes"),
    ("numa_memory", "memory"),
    ("numa_policy", "policy"),
)
_SHARED = _part(
    "shared_directory",
    r"virtiofs\d+",
    ("directory_mapping", "dirid"),
    F("directory_cache", "", "cache", default="auto"),
    F("directory_direct_io", "", "direct-io", default=False),
    F("directory_acl", "", "expose-acl", default=False),
    F("directory_xattr", "", "expose-xattr", default=False),
    default_key="dirid",
)
_DEVICE = _part(
    "host_device",
    r"dev\d+",
    ("host_path", "path"),
    F("deny_write", "", "deny-write", default=False),
    ("device_uid", "uid"),
    ("device_gid", "gid"),
    ("device_mode", "mode"),
    default_key="path",
)
CD_DRIVE = _part("cd_drive", r"(?:ide|sata|scsi)\d+", more=("cd_image", "cloudinit_storage"))

PARTS = {
    "vm": {
        table.type: table
        for table in (VM_DISK, CD_DRIVE, VM_NIC, _PCI, _USB, _SERIAL, _PARALLEL, _NUMA, _SHARED)
    },
    "container": {table.type: table for table in (CONTAINER_DISK, CONTAINER_NIC, _DEVICE)},
}
