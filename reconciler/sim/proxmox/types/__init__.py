"""What there is in a cluster, a type in a module or folder of its own. Importing one declares its calls."""

from reconciler.sim.proxmox.types import lxc, pool, qemu, storage  # noqa: F401 - to declare them

KINDS = {kind.name: kind for kind in (qemu.KIND, lxc.KIND)}
"""The kinds of guests, by what they are called in paths; the first is meant where none is said."""
