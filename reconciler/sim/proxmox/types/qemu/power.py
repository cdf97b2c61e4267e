"""Power of machines: start, stop, shutdown, reboot, reset, suspend, resume.

Which refusals come at once and which only as the task's error is kept as the real server has it.
"""

from __future__ import annotations

from reconciler.sim.proxmox.params import BOOLEAN, TEXT, Param
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
from reconciler.sim.proxmox.types.qemu.kind import KIND, ONE

VM = ONE + "/status"
START = {
    "force-cpu": TEXT,
    "machine": TEXT,
    "migratedfrom": TEXT,
    "migration_network": TEXT,
    "migration_type": Param(enum=("secure", "insecure")),
    "nets-host-mtu": Param(pattern=r"net\d+=\d+(,net\d+=\d+)*"),
    "stateuri": Param(max_length=128),
    "targetstorage": TEXT,
    "timeout": TIMEOUT,
    "with-conntrack-state": BOOLEAN,
    **SKIPLOCK,
}


@operation("POST", VM + "/start", START, needs=POWER)
def start_machine(call: Call) -> str:
    """Start in a task `qmstart`. `VM … already running`, a template, a lock are errors of the task.

    A machine that was suspended to disk loses that lock.
    """
    guest = call.guest(KIND)

    def start() -> None:
        if guest.config.get("lock") == "suspended":
            del guest.config["lock"]
        call.check_lock(guest)
        start_guest(call.world, guest)

    return call.task("qmstart", guest, start)


@operation(
    "POST",
    VM + "/stop",
    {
        "keepActive": BOOLEAN,
        "migratedfrom": TEXT,
        "overrule-shutdown": BOOLEAN,
        "timeout": TIMEOUT,
        **SKIPLOCK,
    },
    needs=POWER,
)
def stop_machine(call: Call) -> str:
    """Power off in a task `qmstop`. A stopped machine is no error; a lock is the task's."""
    guest = call.guest(KIND)

    def stop() -> None:
        call.check_lock(guest)
        stop_guest(call.world, guest)

    return call.task("qmstop", guest, stop)


@operation(
    "POST",
    VM + "/shutdown",
    {"forceStop": BOOLEAN, "keepActive": BOOLEAN, "timeout": TIMEOUT, **SKIPLOCK},
    needs=POWER,
)
def shut_down_machine(call: Call) -> str:
    """Shut down in a task `qmshutdown`. A stopped machine is no error.

    A paused one, or one that does not listen, is stopped with `forceStop`; otherwise it is the task's error.
    """
    guest = call.guest(KIND)

    def shutdown() -> None:
        call.check_lock(guest)
        shut_down(call.world, guest, force=bool(call.params.get("forceStop")))

    return call.task("qmshutdown", guest, shutdown)


@operation("POST", VM + "/reboot", {"timeout": TIMEOUT}, needs=POWER)
def reboot_machine(call: Call) -> str:
    """Shut down and start in a task `qmreboot`; what is pending takes effect.

    500 `VM … not running` at once. A paused machine, or one that does not listen, is the task's error.
    """
    guest = call.guest(KIND)
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
    """Pause in a task `qmsuspend`; 500 `VM … not running` at once.

    With `todisk` it is stopped, and locked as `suspended` until it is resumed or started.
    """
    guest = call.guest(KIND)
    require_running(guest)

    def suspend() -> None:
        call.check_lock(guest)
        if call.params.get("todisk"):
            guest.running, guest.config["lock"] = False, "suspended"
        else:
            guest.paused = True
        call.world.save(guest)

    return call.task("qmsuspend", guest, suspend)


@operation("POST", VM + "/resume", {"nocheck": BOOLEAN, **SKIPLOCK}, needs=POWER)
def resume_machine(call: Call) -> str:
    """Go on after a pause, in a task `qmresume`; start what was suspended to disk.

    Any other stopped machine is 500 `VM … not running` at once.
    """
    guest = call.guest(KIND)
    if guest.config.get("lock") != "suspended":
        require_running(guest)

    def resume() -> None:
        if guest.config.get("lock") == "suspended":
            del guest.config["lock"]
            start_guest(call.world, guest)
        guest.paused = False
        call.world.save(guest)

    return call.task("qmresume", guest, resume)
