"""Containers, with every part that they can have."""

from __future__ import annotations

from typing import Any

from reconciler.model.resource import Desired
from reconciler.model.values import SecretRef
from reconciler.providers.proxmox.types.container import KIND
from reconciler.testing import Parts, Sample
from tests.contract.proxmox_rig import CT_TEMPLATE
from tests.contract.proxmox_samples.guest import GENERAL, KEY_1, NIC_OPTIONS, disk, elsewhere, nic
from tests.contract.proxmox_samples.pool import pool
from tests.contract.proxmox_samples.wanting import changed, want, with_parts


def container(name: str = "ct-1", parts: Parts | None = None, **values: Any) -> Desired:
    body: dict[str, Any] = {"node": "pve1", "os_template": CT_TEMPLATE, "memory_mb": 512}
    given = parts or {"disk": [disk("rootfs", 8)], "nic": [nic()]}
    return want(f"container/{name}", given, {"env": "test"}, **(body | values))


def sample() -> Sample:
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
        elsewhere=elsewhere(KIND),
    )
