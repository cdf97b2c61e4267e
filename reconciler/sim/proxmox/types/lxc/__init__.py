"""Containers. Importing it declares their calls."""

from reconciler.sim.proxmox.types.lxc import calls, copying, moving, power  # noqa: F401 - to declare them
from reconciler.sim.proxmox.types.lxc.kind import KIND

__all__ = ["KIND"]
