"""Machines, with every part that they can have."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from reconciler.model.resource import Desired
from reconciler.model.values import SecretRef
from reconciler.providers.proxmox.types.vm import KIND
from reconciler.testing import Parts, Sample
from tests.contract.proxmox_rig import ISO
from tests.contract.proxmox_samples.guest import GENERAL, KEY_1, KEY_2, NIC_OPTIONS, disk, elsewhere, nic
from tests.contract.proxmox_samples.pool import pool
from tests.contract.proxmox_samples.wanting import changed, want, with_parts, without


def vm(name: str = "web-1", parts: Parts | None = None, **values: Any) -> Desired:
    body: dict[str, Any] = {"node": "pve1", "cpu_cores": 2, "memory_mb": 2048, "os_type": "l26"}
    return want(f"vm/{name}", parts or {"disk": [disk()], "nic": [nic()]}, {"env": "test"}, **(body | values))


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


def sample() -> Sample:
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
        elsewhere=elsewhere(KIND) | {("vm", "qemu_args")},
    )
