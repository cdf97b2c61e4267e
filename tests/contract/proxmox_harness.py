"""The Proxmox VE driver before its simulator, and a life for each of its resource types."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from reconciler.model.resource import Desired, Lifecycle
from reconciler.model.values import SecretRef, Value
from reconciler.providers.proxmox import ProxmoxDriver
from reconciler.providers.proxmox.types import GUESTS
from tests.contract import harness
from tests.contract.harness import FreeMeter, Sample, Sent, access, catalog_of, wanted
from tests.contract.proxmox_rig import CT_TEMPLATE, ISO, SECRET, Rig, running, violations

PROVIDER = "proxmox"
CREDENTIAL = f"reconciler@pve!demo={SECRET}"
CATALOG = catalog_of(ProxmoxDriver.catalog)
Parts = Mapping[str, Sequence[Mapping[str, Value]]]

KEY_1 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFirstKeyFirstKeyFirstKeyFirstKeyFirstKe"
KEY_2 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOtherKeyOtherKeyOtherKeyOtherKeyOtherKe"


class ProxmoxHarness:
    provider_type = PROVIDER

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.meter = FreeMeter()
        self.drivers: list[ProxmoxDriver] = []
        self.driver = self.connect()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.rig.server.port}"

    def connect(self, credential: str | None = None) -> ProxmoxDriver:
        """A credential is an API token's secret, or a whole credential where it names its user."""
        given = credential or CREDENTIAL
        full = given if "@" in given else f"reconciler@pve!demo={given}"
        reach = access(PROVIDER, self.url, full, meter=self.meter, ca_file=self.rig.ca)
        self.drivers.append(ProxmoxDriver(reach))
        return self.drivers[-1]

    def samples(self) -> Sequence[Sample]:
        return samples()

    def sent(self) -> list[Sent]:
        return [
            Sent(str(entry["method"]), str(entry["path"]).removeprefix("/api2/json"))
            for entry in self.rig.server.ledger.since()
            if entry["method"] != "GET"
        ]

    def collection(self, resource_type: str) -> str:
        return "/api2/json/pools" if resource_type == "pool" else "/api2/json/cluster/resources"

    def fault(self, kind: str, **options: Any) -> None:
        self.rig.fault(kind, **options)

    def clear_faults(self) -> None:
        self.rig.clear_faults()

    def violations(self) -> list[str]:
        return [text for exchange in self.rig.api.exchanges for text in violations(exchange)]


@contextmanager
def proxmox(**options: Any) -> Iterator[ProxmoxHarness]:
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), **options) as rig:
        made = ProxmoxHarness(rig)
        try:
            yield made
        finally:
            for driver in made.drivers:
                driver.close()


def want(
    address: str, parts: Parts | None = None, tags: Mapping[str, str] | None = None, **values: Value
) -> Desired:
    made = wanted(CATALOG, PROVIDER, address, values, parts=parts, tags=tags)
    return replace(made, lifecycle=Lifecycle(allow_downtime=True))


def changed(desired: Desired, tags: Mapping[str, str] | None = None, **values: Value) -> Desired:
    return harness.changed(CATALOG, desired, tags, **values)


def with_parts(desired: Desired, parts: Parts) -> Desired:
    """The same resource with other parts of the named types."""
    inner = want(str(desired.address), parts)
    kept = tuple(part for part in desired.parts if part.type not in parts)
    return replace(desired, parts=(*kept, *inner.parts), collections=desired.collections | inner.collections)


def without(desired: Desired, *names: str) -> Desired:
    return replace(desired, attributes={k: v for k, v in desired.attributes.items() if k not in names})


def elsewhere(guest: str) -> frozenset[tuple[str, str]]:
    """Attributes of a guest's parts that only the other type of guest has."""
    return frozenset(
        (kind, name)
        for each in GUESTS
        if each.names.type == guest
        for kind, part in each.parts.items()
        for name in CATALOG.attributes(kind, PROVIDER)
        if name not in part.names
    )


def pool(name: str = "prod", **values: Any) -> Desired:
    return want(f"pool/{name}", **values)


def disk(
    slot: str = "scsi0", size: int = 32, storage: str = "local-lvm", **values: Value
) -> dict[str, Value]:
    return {"slot": slot, "size_gb": size, "storage": storage, **values}


def nic(slot: str = "net0", bridge: str = "vmbr0", **values: Value) -> dict[str, Value]:
    return {"slot": slot, "bridge": bridge, **values}


def vm(name: str = "web-1", parts: Parts | None = None, **values: Any) -> Desired:
    body: dict[str, Any] = {"node": "pve1", "cpu_cores": 2, "memory_mb": 2048, "os_type": "l26"}
    return want(f"vm/{name}", parts or {"disk": [disk()], "nic": [nic()]}, {"env": "test"}, **(body | values))


def container(name: str = "ct-1", parts: Parts | None = None, **values: Any) -> Desired:
    body: dict[str, Any] = {"node": "pve1", "os_template": CT_TEMPLATE, "memory_mb": 512}
    given = parts or {"disk": [disk("rootfs", 8)], "nic": [nic()]}
    return want(f"container/{name}", given, {"env": "test"}, **(body | values))


def samples() -> list[Sample]:
    return [_pool(), _vm(), _container()]


def _pool() -> Sample:
    made = pool(description="Production", storages=("local-lvm",))
    return Sample(made, variants=(changed(made, description="Live\nmachines", storages=("nfs",)),))


GENERAL: dict[str, Any] = {
    "hostname": "web-2.example.com",
    "description": "The first\nof its kind",
    "start_on_boot": True,
    "startup_order": 3,
    "startup_delay": 30,
    "shutdown_timeout": 60,
    "protected": True,
    "cpu_limit": Decimal("1.5"),
    "cpu_units": 200,
    "hookscript": "local:snippets/base.yaml",
    "nameservers": ("192.0.2.53", "2001:db8::53"),
    "search_domain": "example.com",
    "pool": "pool/prod",
}
MACHINE: dict[str, Any] = {
    "cpu_cores": 4,
    "cpu_sockets": 2,
    "vcpus": 6,
    "cpu_type": "x86-64-v2-AES",
    "cpu_flags": ("+aes", "-pcid"),
    "cpu_hidden": True,
    "cpu_hv_vendor_id": "proxmox",
    "cpu_level": 20,
    "cpu_phys_bits": "host",
    "cpu_guest_phys_bits": 40,
    "cpu_reported_model": "kvm64",
    "cpu_affinity": "0-3",
    "numa_enabled": True,
    "kvm_enabled": False,
    "guest_arch": "x86_64",
    "memory_mb": 4096,
    "balloon_mb": 0,
    "memory_shares": 500,
    "hugepages": "2",
    "keep_hugepages": True,
    "allow_ksm": False,
    "bios": "ovmf",
    "machine_type": "q35",
    "machine_viommu": "intel",
    "machine_aw_bits": 48,
    "machine_s3": True,
    "machine_s4": True,
    "os_type": "other",
    "acpi_enabled": False,
    "scsi_controller": "virtio-scsi-single",
    "boot_order": ("net0", "scsi0"),
    "tablet_device": False,
    "hotplug": ("disk", "network", "usb", "cpu"),
    "keyboard_layout": "de",
    "local_time": True,
    "start_date": "2026-01-01T00:00:00",
    "time_drift_fix": True,
    "freeze_at_startup": True,
    "reboot_allowed": False,
    "vm_generation_id": "6f1f7a52-5b0e-4c62-9a1c-0d7a3c0b9a11",
    "vmstate_storage": "local-lvm",
    "migrate_speed": 100,
    "migrate_downtime": Decimal("0.5"),
    "display_type": "virtio",
    "display_memory": 64,
    "display_clipboard": "vnc",
    "spice_folder_sharing": True,
    "spice_video_streaming": "all",
    "audio_device": "ich9-intel-hda",
    "audio_driver": "spice",
    "rng_source": "/dev/urandom",
    "rng_max_bytes": 1024,
    "rng_period": 1000,
    "watchdog_model": "i6300esb",
    "watchdog_action": "reset",
    "smbios_uuid": "11111111-2222-3333-4444-555555555555",
    "smbios_manufacturer": "Acme, Inc.",
    "smbios_product": "Box = 1",
    "smbios_version": "1",
    "smbios_serial": "S-1",
    "smbios_sku": "K-1",
    "smbios_family": "F",
    "ivshmem_name": "shared",
    "ivshmem_size": 32,
    "sev_type": "std",
    "sev_allow_smt": True,
    "sev_kernel_hashes": True,
    "sev_no_debug": True,
    "sev_no_key_sharing": True,
    "tdx_type": "tdx",
    "tdx_attestation": True,
    "tdx_vsock_cid": 2,
    "tdx_vsock_port": 4050,
    "agent_enabled": True,
    "agent_type": "isa",
    "agent_freeze_fs": False,
    "agent_fstrim": True,
    "ci_user": "admin",
    "ci_password": SecretRef("ci", "one"),
    "ci_ssh_keys": (KEY_1, KEY_2),
    "ci_type": "nocloud",
    "ci_upgrade": False,
    "ci_custom_user": "local:snippets/base.yaml",
    "ci_custom_network": "local:snippets/base.yaml",
    "ci_custom_meta": "local:snippets/base.yaml",
    "ci_custom_vendor": "local:snippets/base.yaml",
}
DISK_OPTIONS: dict[str, Any] = {
    **dict.fromkeys(("bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr"), 1000),
    **dict.fromkeys(("iops_max", "iops_rd_max", "iops_wr_max"), 2000),
    **{f"{kind}{side}_max_length": 5 for kind in ("bps", "iops") for side in ("", "_rd", "_wr")},
    **{f"mbps{side}": Decimal("10.5") for side in ("", "_rd", "_wr", "_max", "_rd_max", "_wr_max")},
    "include_in_backup": False,
    "replicate": False,
    "aio": "threads",
    "cache": "writeback",
    "discard": True,
    "iothread": True,
    "ssd_emulation": True,
    "disk_queues": 4,
    "readonly": True,
    "scsi_product": "Disk",
    "scsi_vendor": "Acme",
    "scsi_block": True,
    "disk_serial": "S/1 a",
    "wwn": "0x5000c500a0b0c0d0",
    "read_error_action": "report",
    "write_error_action": "enospc",
    "detect_zeroes": True,
    "shared_volume": True,
    "snapshot_mode": True,
}
NIC_OPTIONS: dict[str, Any] = {
    "vlan_tag": 20,
    "vlan_trunks": ("30", "40-50"),
    "firewall_enabled": True,
    "rate_limit": Decimal("12.5"),
    "link_down": True,
    "mac_address": "BC:24:11:00:00:01",
    "mtu": 1400,
    "ip4_config": "192.0.2.10/24",
    "ip4_gateway": "192.0.2.1",
    "ip6_config": "2001:db8::10/64",
    "ip6_gateway": "2001:db8::1",
}


def _vm() -> Sample:
    machine = vm()
    general = changed(machine, {"env": "prod", "a": ""}, **GENERAL)
    tuned = changed(general, protected=False, **MACHINE)
    devices: Parts = {
        "disk": [disk(size=40, **DISK_OPTIONS), disk("ide0", 1, disk_model="Old disk")],
        "nic": [
            nic(bridge="vmbr1", nic_model="e1000", nic_queues=2, **NIC_OPTIONS),
            nic("net1", ip4_config="dhcp", ip6_config="auto"),
        ],
        "cd_drive": [{"slot": "ide2", "cloudinit_storage": "local-lvm"}, {"slot": "sata0", "cd_image": ISO}],
        "pci_device": [{"slot": "hostpci0", "pci_host": ("0000:01:00.0",)}],
        "usb_device": [{"slot": "usb0", "usb_host": "spice"}, {"slot": "usb1", "device_mapping": "one"}],
        "serial_port": [{"slot": "serial0", "host_path": "socket"}],
        "parallel_port": [{"slot": "parallel0", "host_path": "/dev/parport0"}],
        "numa_node": [{"slot": "numa0", "numa_cpus": ("0-3",)}],
        "shared_directory": [{"slot": "virtiofs0", "directory_mapping": "one"}],
    }
    equipped = with_parts(changed(tuned, power_state="running"), devices)
    other: Parts = {
        "disk": [
            disk(size=40, storage="nfs", disk_format="qcow2", **DISK_OPTIONS),
            disk("ide0", 1, disk_model="New disk"),
        ],
        "cd_drive": [{"slot": "ide2", "cloudinit_storage": "nfs"}, {"slot": "sata0", "cd_image": "none"}],
        "pci_device": [
            {
                "slot": "hostpci0",
                "pci_host": ("0000:01:00.0", "0000:01:00.1"),
                "device_mapping": "gpu",
                "pci_device_id": "0x1234",
                "pci_vendor_id": "0x8086",
                "pci_sub_device_id": "0x0001",
                "pci_sub_vendor_id": "0x0002",
                "pci_driver": "vfio",
                "pci_express": True,
                "pci_legacy_igd": True,
                "pci_mdev": "nvidia-1",
                "pci_rom_bar": False,
                "pci_rom_file": "rom.bin",
                "pci_primary_gpu": True,
            }
        ],
        "usb_device": [
            {"slot": "usb0", "usb_host": "1234:5678", "usb3": True},
            {"slot": "usb1", "device_mapping": "two"},
        ],
        "serial_port": [{"slot": "serial0", "host_path": "/dev/ttyS0"}],
        "parallel_port": [{"slot": "parallel0", "host_path": "/dev/parport1"}],
        "numa_node": [
            {
                "slot": "numa0",
                "numa_cpus": ("0-1", "3"),
                "numa_host_nodes": ("0",),
                "numa_memory": Decimal(4096),
                "numa_policy": "bind",
            }
        ],
        "shared_directory": [
            {
                "slot": "virtiofs0",
                "directory_mapping": "two",
                "directory_cache": "always",
                "directory_direct_io": True,
                "directory_acl": True,
                "directory_xattr": True,
            }
        ],
    }
    refitted = with_parts(equipped, other)
    bare: Parts = {"disk": [disk(size=50, storage="nfs", disk_format="qcow2")], "nic": [nic(bridge="vmbr1")]}
    moved = without(
        changed(with_parts(refitted, {**dict.fromkeys(other, ()), **bare}), power_state="stopped"),
        "boot_order",
    )
    away = changed(moved, pinned_node="pve2")
    return Sample(
        machine,
        (pool(),),
        (general, tuned, equipped, refitted, moved, away),
        secrets={"ci": "a-password"},
        elsewhere=elsewhere("vm") | {("vm", "qemu_args")},
    )


def _container() -> Sample:
    made = container(root_password=SecretRef("root", "one"), ssh_public_keys=(KEY_1,))
    general = changed(made, {"env": "prod", "a": ""}, **GENERAL)
    tuned = changed(
        general,
        protected=False,
        cpu_cores=2,
        memory_mb=1024,
        swap_mb=256,
        guest_arch="arm64",
        os_type="ubuntu",
        feature_nesting=True,
        feature_keyctl=True,
        feature_fuse=True,
        feature_mknod=True,
        feature_mount=("nfs", "cifs"),
        feature_force_rw_sys=True,
        console_enabled=False,
        console_mode="shell",
        tty_count=3,
        debug_log=True,
        timezone="Europe/Berlin",
        entrypoint="/sbin/other",
        environment=("A=1", "B=2"),
        power_state="running",
    )
    mount = disk("mp0", 4, mount_path="/data")
    devices: Parts = {
        "disk": [disk("rootfs", 10), mount],
        "nic": [
            nic(
                bridge="vmbr1",
                interface_name="lan0",
                host_managed=True,
                **{**NIC_OPTIONS, "vlan_trunks": ("30", "40")},
            )
        ],
    }
    equipped = with_parts(tuned, devices)
    options: dict[str, Any] = {
        "mount_path": "/srv",
        "mount_acl": True,
        "mount_quota": True,
        "mount_options": ("noatime", "nodev"),
        "mount_idmap": "passthrough",
        "mount_keep_attributes": True,
        "include_in_backup": True,
        "replicate": False,
        "readonly": True,
        "shared_volume": True,
    }
    other: Parts = {"disk": [disk("rootfs", 10), disk("mp0", 6, **options)]}
    refitted = with_parts(equipped, other)
    stored: Parts = {
        "disk": [disk("rootfs", 10), disk("mp0", 6, "nfs", **options)],
    }
    bare: Parts = {"disk": [disk("rootfs", 10)]}
    emptied = with_parts(refitted, bare)
    away = changed(emptied, power_state="stopped", pinned_node="pve2")
    return Sample(
        made,
        (pool(),),
        (general, tuned, equipped, refitted, with_parts(refitted, stored), emptied, away),
        secrets={"root": "a-password"},
        elsewhere=elsewhere("container"),
    )
