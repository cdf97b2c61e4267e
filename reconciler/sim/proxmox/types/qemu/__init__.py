"""Virtual machines. Importing it declares their calls."""

from reconciler.sim.proxmox.types.qemu import calls, cloudinit, copying, moving, power  # noqa: F401 - to declare them
from reconciler.sim.proxmox.types.qemu.kind import KIND

__all__ = ["KIND"]
