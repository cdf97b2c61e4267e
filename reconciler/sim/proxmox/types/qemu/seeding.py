"""The template that a fresh cluster has: a machine with a cloud image."""

from __future__ import annotations

from reconciler.sim.proxmox.types.qemu.kind import KIND
from reconciler.sim.proxmox.volumes import GIB
from reconciler.sim.proxmox.world import Guest, World

TEMPLATE = 9000


def add_template(world: World, node: str) -> None:
    """Template 9000, `debian-12-template`: a 10 GiB disk and a cloud-init drive on `local-lvm`."""
    disk = world.volumes.allocate("local-lvm", node, TEMPLATE, 10 * GIB)
    world.volumes.to_base(disk)
    drive = world.volumes.allocate_cloudinit("local-lvm", node, TEMPLATE)
    world.save(
        Guest(
            TEMPLATE,
            KIND,
            node,
            {
                "agent": "1",
                "boot": "order=scsi0",
                "cores": 2,
                "description": "Debian 12 cloud image",
                "ide2": f"{drive.volid},media=cdrom,size=4M",
                "memory": "2048",
                "meta": f"creation-qemu=10.1.2,ctime={int(world.clock())}",
                "name": "debian-12-template",
                "net0": f"virtio={world.new_mac()},bridge=vmbr0",
                "ostype": "l26",
                "scsi0": f"{disk.volid},size=10G",
                "scsihw": "virtio-scsi-single",
                "serial0": "socket",
                "smbios1": f"uuid={world.new_uuid()}",
                "tags": "template",
                "template": 1,
                "vga": "serial0",
                "vmgenid": world.new_uuid(),
            },
        )
    )
