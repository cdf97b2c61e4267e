"""Power: one graceful stop, bounded, for all changes that need it, and one start after them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.errors import ErrorCode, ProviderError
from reconciler.model.address import Address
from reconciler.model.plan import Call, Impact
from reconciler.providers.driver import TaskState, TaskStatus
from reconciler.providers.hetzner.calls import Calls, Change
from reconciler.providers.hetzner.client import HetznerClient
from reconciler.providers.hetzner.types.vm.wire import CHANGE_TYPE, WIRE

DEFAULT_SHUTDOWN_SECONDS = 120


def stopped_for(change: Change, off_calls: Sequence[Call]) -> Calls:
    """`off_calls` while the machine is off, and afterwards the power state that it shall have.

    A change of type starts the server whatever it was before, so one that shall be off is stopped again.
    """
    address = change.recorded.address
    wanted = change.diff.change("power_state")
    before = change.recorded.state != "stopped"
    after = before if wanted is None else wanted.after != "stopped"
    if not off_calls and before == after:
        return ()
    impact = Impact.REBOOT if after else Impact.STOP
    calls: list[Call] = []
    if before:
        calls += _stop(change, impact)
    calls += off_calls
    if after:
        calls.append(power_on(address, impact=impact if before else Impact.ONLINE))
    elif any(call.operation == CHANGE_TYPE for call in off_calls):
        calls += _stop(change, Impact.STOP if before else Impact.ONLINE)
    return tuple(calls)


def power_on(address: Address, *, impact: Impact) -> Call:
    """Owed from the step's first call on: what is cut off before it leaves a machine that shall run off."""
    return replace(WIRE.act(address, "poweron", f"{address.name}: start", impact=impact), restores=True)


def _stop(change: Change, impact: Impact) -> Calls:
    address = change.recorded.address
    setting = change.settings.get("shutdown_timeout")
    seconds = setting if isinstance(setting, int) else DEFAULT_SHUTDOWN_SECONDS
    words = f"{address.name}: shut down, for at most {seconds} s"
    return (
        WIRE.act(address, "shutdown", words, impact=impact, best_effort=True, timeout=seconds),
        WIRE.act(address, "poweroff", f"{address.name}: switch off", impact=impact),
    )


def is_off(client: HetznerClient, server: str) -> TaskStatus:
    """Whether a machine that was asked to shut down is off by now; one request."""
    path = f"/{WIRE.collection}/{server}"
    try:
        status = client.get(path)[WIRE.noun]["status"]
    except ProviderError as error:
        if error.code is ErrorCode.NOT_FOUND:
            return TaskStatus(TaskState.UNKNOWN, "the machine is gone")
        # Not seen this time; the other tasks' states are not lost for it, and the call's own bound holds.
        return TaskStatus(TaskState.RUNNING, error.message)
    except (KeyError, TypeError):
        # One odd answer takes no other task's state away.
        return TaskStatus(TaskState.RUNNING, f"{client.named('GET', path)}: no server")
    return TaskStatus(TaskState.DONE if status == "off" else TaskState.RUNNING)
