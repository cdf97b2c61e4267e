"""Power: on, off, the graceful ways that only ask the guest, and the rescue system at the next boot.

The API's document has no code for a command that needs a running server; here it is `server_not_running`.
"""

from __future__ import annotations

from reconciler.sim.hetzner.actions import Action, Effect
from reconciler.sim.hetzner.call import Answer, Call, Routes, lookup
from reconciler.sim.hetzner.problems import ApiError, invalid
from reconciler.sim.hetzner.project import Json, Project
from reconciler.sim.hetzner.validation import many, nullable, record, text, whole

RESCUE_SECONDS = 3600.0

# The official Python client sends null for a type that was left to the default.
_RESCUE = record(type=nullable(text(choices=("linux64",))), ssh_keys=many(whole(low=1)))


def ready(call: Call) -> Json:
    """The server that the path names, free for a command; refuses while it is locked."""
    row = call.row("servers")
    call.project.require_free([("server", row["id"])])
    return row


def commanded(call: Call, row: Json, command: str, effect: Effect | None = None) -> Action:
    """An action on the server alone; the server is locked until it is done."""
    me = ("server", row["id"])
    return call.start(command, [me], effect, locks=[me])


def boot(row: Json, now: float) -> None:
    """The server runs; with the rescue system enabled it runs that, this once."""
    rescue = row["rescue_enabled"] and now <= row["_rescue_until"]
    row.update(status="running", rescue_enabled=False, _booted="rescue" if rescue else "disk")


def _has_interface(row: Json) -> bool:
    return bool(row["_nets"]) or row["_ipv4"] is not None or row["_ipv6"] is not None


def switch(call: Call, row: Json, command: str, during: str, effect: Effect) -> Answer:
    """A power command: the status shows it while it runs, and again what it was if it fails."""
    before = row["status"]
    row["_epoch"] += 1
    row["status"] = during
    me = ("server", row["id"])
    undo: Effect = lambda: row.update(status=before)  # noqa: E731 - beside the effect it undoes
    return call.one_action(call.start(command, [me], effect, undo=undo, locks=[me]))


def power_on(call: Call) -> Answer:
    """Boots, the rescue system where that is enabled; accepted, without effect, while it runs.

    A server without any network interface is `invalid_input`.
    """
    call.read(record())
    row = ready(call)
    if not _has_interface(row):
        raise invalid("server", "needs at least one network interface to be powered on")
    if row["status"] == "running":
        return call.one_action(commanded(call, row, "start_server"))
    return switch(call, row, "start_server", "starting", lambda: boot(row, call.now))


def power_off(call: Call) -> Answer:
    """Cuts the power without asking the guest; accepted, without effect, while it is off."""
    call.read(record())
    row = ready(call)
    if row["status"] == "off":
        return call.one_action(commanded(call, row, "stop_server"))
    return switch(call, row, "stop_server", "stopping", lambda: row.update(status="off", _booted=None))


def reset(call: Call) -> Answer:
    """Cuts the power and boots again, a server that was off too."""
    call.read(record())
    row = ready(call)
    return switch(call, row, "reset_server", row["status"], lambda: boot(row, call.now))


def reboot(call: Call) -> Answer:
    """Asks the guest: one that does not listen runs on, and the action succeeds all the same.

    A server that is not running is `server_not_running`.
    """
    call.read(record())
    row = _running(call)
    return switch(call, row, "reboot_server", "running", lambda: _rebooted(row, call.now))


def _rebooted(row: Json, now: float) -> None:
    if row["_acpi"]:
        boot(row, now)


def _running(call: Call) -> Json:
    row = ready(call)
    if row["status"] != "running":
        raise ApiError("server_not_running", "the server is not running")
    return row


def shut_down(call: Call) -> Answer:
    """Success says that the guest was asked; one that listens is off one action's length later."""
    call.read(record())
    row = ready(call)
    if row["status"] != "running":
        return call.one_action(commanded(call, row, "shutdown_server"))
    row["_epoch"] += 1
    epoch = row["_epoch"]
    timeline = call.project.timeline

    def gone_off() -> None:
        if row["_acpi"] and row["_epoch"] == epoch and row["status"] == "running":
            row.update(status="off", _booted=None)

    action = commanded(call, row, "shutdown_server")
    if action.failure is None:
        timeline.at(action.ends + timeline.action_seconds, gone_off)
    return call.one_action(action)


def enable_rescue(call: Call) -> Answer:
    """For the next boot, within an hour; nothing is restarted. No such SSH key is `not_found`."""
    body = call.read(_RESCUE)
    row = ready(call)
    for number in body.get("ssh_keys", []):
        lookup(call, "ssh_keys", number)
    until = call.now + RESCUE_SECONDS
    project = call.project

    def enabled() -> None:
        row.update(rescue_enabled=True, _rescue_until=until)
        project.timeline.at(until, lambda: _expired(project, row, until))

    action = commanded(call, row, "enable_rescue", enabled)
    return Answer(201, {"action": call.show(action), "root_password": project.numbers.password()})


def _expired(project: Project, row: Json, until: float) -> None:
    if row["id"] in project["servers"].rows and row["_rescue_until"] == until:
        row["rescue_enabled"] = False


def disable_rescue(call: Call) -> Answer:
    """The next boot is from disk; accepted where it was not enabled. Nothing is restarted."""
    call.read(record())
    row = ready(call)
    action = commanded(call, row, "disable_rescue", lambda: row.update(rescue_enabled=False))
    return call.one_action(action)


def reset_password(call: Call) -> Answer:
    """The new one is in the answer; a server that is not running is `server_not_running`."""
    call.read(record())
    row = _running(call)
    action = commanded(call, row, "reset_password")
    return Answer(201, {"action": call.show(action), "root_password": call.project.numbers.password()})


def request_console(call: Call) -> Answer:
    """An address that leads nowhere, and a password; `server_not_running` as for a password."""
    call.read(record())
    row = _running(call)
    action = call.start("request_console", [("server", row["id"])])
    password = call.project.numbers.password()
    url = f"wss://console.example.invalid/?server_id={row['id']}"
    return Answer(201, {"action": call.show(action), "wss_url": url, "password": password})


ROUTES: Routes = {
    "POST /servers/{id}/actions/poweron": power_on,
    "POST /servers/{id}/actions/poweroff": power_off,
    "POST /servers/{id}/actions/shutdown": shut_down,
    "POST /servers/{id}/actions/reboot": reboot,
    "POST /servers/{id}/actions/reset": reset,
    "POST /servers/{id}/actions/enable_rescue": enable_rescue,
    "POST /servers/{id}/actions/disable_rescue": disable_rescue,
    "POST /servers/{id}/actions/reset_password": reset_password,
    "POST /servers/{id}/actions/request_console": request_console,
}
