"""Power of machines: start, stop, shutdown, reboot, reset, suspend, resume.

Which refusals come at once and which only as the task's error is kept as the real server has it.
"""

from __future__ import annotations

from reconciler.sim.proxmox.failure import failed
from reconciler.sim.proxmox.params import BOOLEAN, ROOT_BOOLEAN, ROOT_TEXT, TEXT, Param
from reconciler.sim.proxmox.routing import SKIPLOCK, Call, operation
from reconciler.sim.proxmox.types.guest.power import (
    POWER,
    TIMEOUT,
    require_listening,
    require_running,
    restart,
    shut_down,
    start_guest,
    stop_guest,
)
from reconciler.sim.proxmox.types.qemu.kind import KIND, ONE

VM = ONE + "/status"
START = {
    "force-cpu": ROOT_TEXT,
    "machine": TEXT,
    "migratedfrom": ROOT_TEXT,
    "migration_network": ROOT_TEXT,
    "migration_type": Param(enum=("secure", "insecure"), root_only=True),
    "nets-host-mtu": Param(pattern=r"net\d+=\d+(,net\d+=\d+)*", root_only=True),
    "stateuri": Param(max_length=128, root_only=True),
    "targetstorage": ROOT_TEXT,
    "timeout": TIMEOUT,
    "with-conntrack-state": ROOT_BOOLEAN,
    **SKIPLOCK,
}


@operation("POST", VM + "/start", START, needs=POWER)
def start_machine(call: Call) -> str:
    """Start in a task `qmstart`. `VM … already running`, a template, a lock are errors of the task.

    A machine that was suspended to disk loses that lock. One that runs, and is being backed up, goes on.
    """
    guest = call.guest(KIND)

    def start() -> None:
        if guest.running and call.lock_of(guest) == "backup":
            guest.paused = False
            call.world.save(guest)
            return
        if guest.config.get("lock") == "suspended":
            del guest.config["lock"]
        call.check_lock(guest)
        start_guest(call.world, guest)

    return call.task("qmstart", guest, start)


@operation(
    "POST",
    VM + "/stop",
    {
        "keepActive": ROOT_BOOLEAN,
        "migratedfrom": ROOT_TEXT,
        "overrule-shutdown": BOOLEAN,
        "timeout": TIMEOUT,
        **SKIPLOCK,
    },
    needs=POWER,
)
def stop_machine(call: Call) -> str:
    """Power off in a task `qmstop`. A stopped machine is no error, locked or not; a running one's lock is."""
    guest = call.guest(KIND)

    def stop() -> None:
        if guest.running:
            call.check_lock(guest)
            stop_guest(call.world, guest)

    return call.task("qmstop", guest, stop)


@operation(
    "POST",
    VM + "/shutdown",
    {"forceStop": BOOLEAN, "keepActive": ROOT_BOOLEAN, "timeout": TIMEOUT, **SKIPLOCK},
    needs=POWER,
)
def shut_down_machine(call: Call) -> str:
    """Shut down in a task `qmshutdown`. A stopped machine is no error, locked or not.

    With `forceStop` a paused one, or one that does not listen, is stopped. Otherwise a paused one is 500
    `VM is paused - cannot shutdown` at once, and one that does not listen the task's error.
    """
    guest = call.guest(KIND)
    force = bool(call.params.get("forceStop"))
    if not force:
        require_listening(guest)

    def shutdown() -> None:
        if guest.running:
            call.check_lock(guest)
            shut_down(call.world, guest, force=force)

    return call.task("qmshutdown", guest, shutdown)


@operation("POST", VM + "/reboot", {"timeout": TIMEOUT}, needs=POWER)
def reboot_machine(call: Call) -> str:
    """Shut down and start in a task `qmreboot`; what is pending takes effect.

    At once 500 `VM is paused - cannot shutdown` and `VM … not running`. One that does not listen is the
    task's error.
    """
    guest = call.guest(KIND)
    require_listening(guest)
    require_running(guest)

    def reboot() -> None:
        call.check_lock(guest)
        restart(call.world, guest)

    return call.task("qmreboot", guest, reboot)


@operation("POST", VM + "/reset", SKIPLOCK, needs=POWER)
def reset_machine(call: Call) -> str:
    """A hardware reset: the process stays, so nothing that is pending takes effect."""
    guest = call.guest(KIND)
    require_running(guest)

    def reset() -> None:
        call.check_lock(guest)
        require_running(guest)

    return call.task("qmreset", guest, reset)


@operation(
    "POST",
    VM + "/suspend",
    {"statestorage": Param(requires="todisk"), "todisk": BOOLEAN, **SKIPLOCK},
    needs=POWER,
)
def suspend_machine(call: Call) -> str:
    """Pause in a task `qmpause`, also during a backup; 500 `VM … not running` at once.

    With `todisk`, in a task `qmsuspend` and not during a backup, it is stopped, and locked as `suspended`
    until it is resumed or started.
    """
    guest = call.guest(KIND)
    require_running(guest)
    to_disk = bool(call.params.get("todisk"))

    def suspend() -> None:
        call.check_lock(guest, "backup")
        if to_disk and call.lock_of(guest) == "backup":
            raise failed("cannot suspend to disk during backup")
        if to_disk:
            guest.running, guest.config["lock"] = False, "suspended"
        else:
            guest.paused = True
        call.world.save(guest)

    return call.task("qmsuspend" if to_disk else "qmpause", guest, suspend)


@operation("POST", VM + "/resume", {"nocheck": ROOT_BOOLEAN, **SKIPLOCK}, needs=POWER)
def resume_machine(call: Call) -> str:
    """Go on after a pause, in a task `qmresume`; start what was suspended to disk.

    Any other stopped machine is 500 `VM … not running` at once. A lock of a paused one is the task's error,
    except that of a backup. One that is not paused is no error, locked or not.
    """
    guest = call.guest(KIND)
    to_disk = guest.config.get("lock") == "suspended"
    if not to_disk:
        require_running(guest)

    def resume() -> None:
        if to_disk:
            guest.config.pop("lock", None)
            start_guest(call.world, guest)
            return
        require_running(guest)
        if guest.paused:
            call.check_lock(guest, "backup")
            guest.paused = False
            call.world.save(guest)

    return call.task("qmresume", guest, resume)
