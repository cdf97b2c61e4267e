"""Power of containers: start, stop, shutdown, reboot, suspend, resume.

Which refusals come at once and which only as the task's error is kept as the real server has it.
"""

from __future__ import annotations

from reconciler.sim.proxmox.failure import failed
from reconciler.sim.proxmox.params import BOOLEAN
from reconciler.sim.proxmox.routing import SKIPLOCK, Call, operation
from reconciler.sim.proxmox.types.guest.power import (
    POWER,
    TIMEOUT,
    require_running,
    restart,
    shut_down,
    start_guest,
    stop_guest,
)
from reconciler.sim.proxmox.types.lxc.kind import KIND, ONE
from reconciler.sim.proxmox.world import Guest

CT = ONE + "/status"


@operation("POST", CT + "/start", {"debug": BOOLEAN, **SKIPLOCK}, needs=POWER)
def start_container(call: Call) -> str:
    """Start in a task `vzstart`; 500 `CT … already running` at once.

    A lock other than `mounted` is the task's error, and so is a template.
    """
    guest = call.guest(KIND)
    if guest.running:
        raise failed(f"CT {guest.vmid} already running")

    def start() -> None:
        call.check_lock(guest, "mounted")
        start_guest(call.world, guest)

    return call.task("vzstart", guest, start)


@operation("POST", CT + "/stop", {"overrule-shutdown": BOOLEAN, **SKIPLOCK}, needs=POWER)
def stop_container(call: Call) -> str:
    """Power off in a task `vzstop`; 500 `CT … not running` at once.

    A lock other than `mounted` is the task's error.
    """
    guest = call.guest(KIND)
    require_running(guest)

    def stop() -> None:
        call.check_lock(guest, "mounted")
        stop_guest(call.world, guest)

    return call.task("vzstop", guest, stop)


@operation("POST", CT + "/shutdown", {"forceStop": BOOLEAN, "timeout": TIMEOUT}, needs=POWER)
def shut_down_container(call: Call) -> str:
    """Shut down in a task `vzshutdown`; 500 `CT … not running` at once.

    With `forceStop` a container that does not listen is stopped; otherwise it is the task's error.
    """
    guest = call.guest(KIND)
    require_running(guest)

    def shutdown() -> None:
        call.check_lock(guest)
        shut_down(call.world, guest, force=bool(call.params.get("forceStop")))

    return call.task("vzshutdown", guest, shutdown)


@operation("POST", CT + "/reboot", {"timeout": TIMEOUT}, needs=POWER)
def reboot_container(call: Call) -> str:
    """Shut down and start in a task `vzreboot`; what is pending takes effect.

    500 at once where it does not run; that text says `VM` of a container, too.
    """
    guest = call.guest(KIND)
    if not guest.running:
        raise failed(f"VM {guest.vmid} not running")

    def reboot() -> None:
        call.check_lock(guest)
        restart(call.world, guest)

    return call.task("vzreboot", guest, reboot)


@operation("POST", CT + "/suspend", needs=POWER)
def suspend_container(call: Call) -> str:
    """Freeze in a task `vzsuspend`; 500 `CT … not running` at once. A lock is the task's error."""
    guest = call.guest(KIND)
    require_running(guest)
    return call.task("vzsuspend", guest, lambda: _pause(call, guest, paused=True))


@operation("POST", CT + "/resume", needs=POWER)
def resume_container(call: Call) -> str:
    """Thaw in a task `vzresume`; 500 `CT … already running` at once where it is not frozen.

    That it does not run at all is the task's error.
    """
    guest = call.guest(KIND)
    if guest.running and not guest.paused:
        raise failed(f"CT {guest.vmid} already running")
    return call.task("vzresume", guest, lambda: _pause(call, guest, paused=False))


def _pause(call: Call, guest: Guest, *, paused: bool) -> None:
    call.check_lock(guest)
    require_running(guest)
    guest.paused = paused
    call.world.save(guest)
