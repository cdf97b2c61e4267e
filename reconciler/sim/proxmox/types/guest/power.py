"""Power, as every kind of guest has it: what a start, a stop and a shutdown do."""

from __future__ import annotations

from reconciler.sim.proxmox.failure import ApiError, failed
from reconciler.sim.proxmox.params import Param
from reconciler.sim.proxmox.types.guest import pending
from reconciler.sim.proxmox.world import Guest, World

POWER = ("/vms/{vmid}", "VM.PowerMgmt")
TIMEOUT = Param("integer", minimum=0)


def start_guest(world: World, guest: Guest) -> None:
    """What is pending takes effect, and what the kind makes at a start is made."""
    if guest.template:
        raise failed(f"you can't start a {guest.kind.template_word} if it's a template")
    if guest.running:
        raise failed(f"{guest.word} {guest.vmid} already running")
    pending.apply_all(world, guest)
    guest.running, guest.paused, guest.started = True, False, world.clock()
    guest.kind.started(guest)
    world.save(guest)


def start_after_creation(world: World, guest: Guest) -> int:
    """The guest stays even if it will not start; the number of warnings."""
    try:
        start_guest(world, guest)
    except ApiError:
        return 1
    return 0


def stop_guest(world: World, guest: Guest) -> None:
    """Power off, whatever the guest thinks of it. All that was pending takes effect."""
    guest.running = guest.paused = False
    pending.apply_all(world, guest)
    world.save(guest)


def shut_down(world: World, guest: Guest, *, force: bool) -> None:
    """A guest that does not listen is stopped where `force` says so."""
    if not guest.running:
        return
    if not force:
        require_listening(guest)
    if not force and guest.ignores_shutdown:
        raise failed(guest.kind.unheard)
    stop_guest(world, guest)


def restart(world: World, guest: Guest) -> None:
    """A shutdown and a start, so pending changes take effect.

    Fails, and leaves the guest running, where it is paused or does not listen.
    """
    shut_down(world, guest, force=False)
    start_guest(world, guest)


def require_listening(guest: Guest) -> None:
    """Refuse a shutdown of a paused guest, which would hear of it only when it goes on."""
    if guest.paused:
        raise failed("VM is paused - cannot shutdown")


def require_running(guest: Guest) -> None:
    """Refuse a stopped guest with the 500 `VM 101 not running`, or `CT` of a container."""
    if not guest.running:
        raise failed(f"{guest.word} {guest.vmid} not running")
