"""Power: start, stop, shutdown, reboot, reset, suspend, resume of virtual machines and containers.

Which refusals come at once and which only as the task's error differs between the two kinds, and is kept
as the real servers have it.
"""

from __future__ import annotations

from reconciler.sim.proxmox import pending
from reconciler.sim.proxmox.cloudinit import cloudinit_values
from reconciler.sim.proxmox.failure import ApiError, failed
from reconciler.sim.proxmox.params import BOOLEAN, TEXT, Param
from reconciler.sim.proxmox.routing import SKIPLOCK, Call, operation
from reconciler.sim.proxmox.world import Guest, World

VM = "/nodes/{node}/qemu/{vmid}/status"
CT = "/nodes/{node}/lxc/{vmid}/status"
POWER = ("/vms/{vmid}", "VM.PowerMgmt")
TIMEOUT = Param("integer", minimum=0)
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


def start_guest(world: World, guest: Guest) -> None:
    """What is pending takes effect, and the cloud-init drive is made anew."""
    if guest.template:
        what = "vm" if guest.kind == "qemu" else "CT"
        raise failed(f"you can't start a {what} if it's a template")
    if guest.running:
        raise failed(f"{guest.word} {guest.vmid} already running")
    pending.apply_all(world, guest)
    guest.running, guest.paused, guest.started = True, False, world.clock()
    guest.image = cloudinit_values(guest.config)
    world.save(guest)


def start_after_creation(world: World, guest: Guest) -> int:
    """The guest stays even if it will not start; the number of warnings."""
    try:
        start_guest(world, guest)
    except ApiError:
        return 1
    return 0


def stop_guest(world: World, guest: Guest) -> None:
    guest.running = guest.paused = False
    pending.apply_all(world, guest)
    world.save(guest)


def shut_down(world: World, guest: Guest, *, force: bool) -> None:
    """A guest that does not listen is stopped where `force` says so."""
    if not guest.running:
        return
    if not force and guest.paused:
        raise failed("VM is paused - cannot shutdown")
    if not force and guest.ignores_shutdown:
        raise failed(f"{guest.word} quit/powerdown failed - got timeout")
    stop_guest(world, guest)


def restart(world: World, guest: Guest) -> None:
    shut_down(world, guest, force=False)
    start_guest(world, guest)


def _require_running(guest: Guest) -> None:
    if not guest.running:
        raise failed(f"{guest.word} {guest.vmid} not running")


@operation("POST", VM + "/start", START, needs=POWER)
def start_machine(call: Call) -> str:
    guest = call.guest("qemu")

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
    guest = call.guest("qemu")

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
    guest = call.guest("qemu")

    def shutdown() -> None:
        call.check_lock(guest)
        shut_down(call.world, guest, force=bool(call.params.get("forceStop")))

    return call.task("qmshutdown", guest, shutdown)


@operation("POST", VM + "/reboot", {"timeout": TIMEOUT}, needs=POWER)
def reboot_machine(call: Call) -> str:
    guest = call.guest("qemu")
    _require_running(guest)

    def reboot() -> None:
        call.check_lock(guest)
        restart(call.world, guest)

    return call.task("qmreboot", guest, reboot)


@operation("POST", VM + "/reset", SKIPLOCK, needs=POWER)
def reset_machine(call: Call) -> str:
    """A hardware reset: the process stays, so nothing that is pending takes effect."""
    guest = call.guest("qemu")
    _require_running(guest)

    def reset() -> None:
        call.check_lock(guest)
        _require_running(guest)

    return call.task("qmreset", guest, reset)


@operation(
    "POST",
    VM + "/suspend",
    {"statestorage": Param(requires="todisk"), "todisk": BOOLEAN, **SKIPLOCK},
    needs=POWER,
)
def suspend_machine(call: Call) -> str:
    guest = call.guest("qemu")
    _require_running(guest)

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
    guest = call.guest("qemu")
    if guest.config.get("lock") != "suspended":
        _require_running(guest)

    def resume() -> None:
        if guest.config.get("lock") == "suspended":
            del guest.config["lock"]
            start_guest(call.world, guest)
        guest.paused = False
        call.world.save(guest)

    return call.task("qmresume", guest, resume)


@operation("POST", CT + "/start", {"debug": BOOLEAN, **SKIPLOCK}, needs=POWER)
def start_container(call: Call) -> str:
    guest = call.guest("lxc")
    if guest.running:
        raise failed(f"CT {guest.vmid} already running")

    def start() -> None:
        call.check_lock(guest)
        start_guest(call.world, guest)

    return call.task("vzstart", guest, start)


@operation("POST", CT + "/stop", {"overrule-shutdown": BOOLEAN, **SKIPLOCK}, needs=POWER)
def stop_container(call: Call) -> str:
    guest = call.guest("lxc")
    _require_running(guest)

    def stop() -> None:
        call.check_lock(guest)
        stop_guest(call.world, guest)

    return call.task("vzstop", guest, stop)


@operation("POST", CT + "/shutdown", {"forceStop": BOOLEAN, "timeout": TIMEOUT}, needs=POWER)
def shut_down_container(call: Call) -> str:
    guest = call.guest("lxc")
    _require_running(guest)

    def shutdown() -> None:
        call.check_lock(guest)
        shut_down(call.world, guest, force=bool(call.params.get("forceStop")))

    return call.task("vzshutdown", guest, shutdown)


@operation("POST", CT + "/reboot", {"timeout": TIMEOUT}, needs=POWER)
def reboot_container(call: Call) -> str:
    guest = call.guest("lxc")
    if not guest.running:
        raise failed(f"VM {guest.vmid} not running")

    def reboot() -> None:
        call.check_lock(guest)
        restart(call.world, guest)

    return call.task("vzreboot", guest, reboot)


@operation("POST", CT + "/suspend", needs=POWER)
def suspend_container(call: Call) -> str:
    guest = call.guest("lxc")
    _require_running(guest)
    return call.task("vzsuspend", guest, lambda: _pause(call, guest, paused=True))


@operation("POST", CT + "/resume", needs=POWER)
def resume_container(call: Call) -> str:
    guest = call.guest("lxc")
    if guest.running and not guest.paused:
        raise failed(f"CT {guest.vmid} already running")
    return call.task("vzresume", guest, lambda: _pause(call, guest, paused=False))


def _pause(call: Call, guest: Guest, *, paused: bool) -> None:
    call.check_lock(guest)
    _require_running(guest)
    guest.paused = paused
    call.world.save(guest)
