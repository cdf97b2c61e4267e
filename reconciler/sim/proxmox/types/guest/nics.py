"""Network devices: the server fills in what a caller left out, and prints the keys in its own order."""

from __future__ import annotations

from reconciler.sim.proxmox.world import Guest, World


def is_nic(key: str) -> bool:
    """Whether a key is that of a network device: `net` and a number, however great."""
    return key.startswith("net") and key[3:].isdigit()


def complete(world: World, guest: Guest, text: object) -> str:
    """The device with its MAC, made up where none was given."""
    nics = guest.kind.nics
    values = nics.format.parse(str(text))
    values[nics.mac] = values[nics.mac].upper() if nics.mac in values else world.new_mac()
    return nics.format.print({**values, **nics.added})


def with_new_mac(world: World, guest: Guest, text: object) -> str:
    """For a clone, which must not answer to the address of its source."""
    nics = guest.kind.nics
    return nics.format.print({**nics.format.parse(str(text)), nics.mac: world.new_mac()})
