"""What is there in a fresh cluster: a cloud-init template, installation images, a container template."""

from __future__ import annotations

from reconciler.sim.proxmox.types.qemu.seeding import add_template
from reconciler.sim.proxmox.volumes import GIB
from reconciler.sim.proxmox.world import World

CT_TEMPLATES = (
    "vztmpl/debian-12-standard_12.7-1_amd64.tar.zst",
    "vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst",
)
ISOS = ("iso/debian-12.8.0-amd64-netinst.iso", "iso/virtio-win-0.1.266.iso")
IMAGES = ("import/debian-12-genericcloud-amd64.qcow2",)
SNIPPETS = ("snippets/base.yaml",)


def seed(world: World) -> None:
    """Fill an empty world; what is put there has no past."""
    for node in world.nodes:
        _files(world, "local", node)
    _files(world, "nfs", "")
    add_template(world, next(iter(world.nodes)))
    world.forget_the_past()


def _files(world: World, storage: str, node: str) -> None:
    for name in CT_TEMPLATES:
        world.volumes.add(storage, node, name, "vztmpl", "tzst", 120 << 20)
    for name in ISOS:
        world.volumes.add(storage, node, name, "iso", "iso", 600 << 20)
    for name in IMAGES:
        world.volumes.add(storage, node, name, "import", "qcow2", 3 * GIB)
    for name in SNIPPETS:
        world.volumes.add(storage, node, name, "snippets", "snippet", 512)
