"""Network devices: the server fills in what a caller left out, and prints the keys in its own order."""

from __future__ import annotations

from reconciler.sim.proxmox import formats
from reconciler.sim.proxmox.world import Guest, World


def is_nic(key: str) -> bool:
    return key.startswith("net") and key[3:].isdigit()


def complete(world: World, guest: Guest, text: object) -> str:
    """The device with its MAC, made up where none was given."""
    if guest.kind == "qemu":
        values = formats.VM_NIC.parse(str(text))
        values["macaddr"] = values["macaddr"].upper() if "macaddr" in values else world.new_mac()
        return formats.VM_NIC.print(values)
    values = formats.CT_NIC.parse(str(text))
    values["hwaddr"] = values["hwaddr"].upper() if "hwaddr" in values else world.new_mac()
    values["type"] = "veth"
    return formats.CT_NIC.print(values)


def with_new_mac(world: World, guest: Guest, text: object) -> str:
    """For a clone, which must not answer to the address of its source."""
    nic = formats.VM_NIC if guest.kind == "qemu" else formats.CT_NIC
    values = nic.parse(str(text))
    values["macaddr" if guest.kind == "qemu" else "hwaddr"] = world.new_mac()
    return nic.print(values)
