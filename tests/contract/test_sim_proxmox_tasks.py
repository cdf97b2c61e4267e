"""What runs in the Proxmox VE simulator's tasks: work that comes too late, and mistakes of the simulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from reconciler.sim.server import SimulatorServer
from tests.contract.proxmox_rig import running


def breaks(*_: object) -> None:
    raise KeyError("size")


def mistakes(stop: Callable[[], object]) -> list[str]:
    """What the end of a simulator raises."""
    with pytest.raises(ExceptionGroup, match="the simulator made mistakes") as told:
        stop()
    return [repr(mistake) for mistake in told.value.exceptions]


def test_work_that_breaks_ends_its_own_task_and_is_told_when_the_simulator_stops(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def story() -> None:
        with running(tmp_path_factory.getbasetemp() / "tls") as rig:
            rig.make_vm(101)
            monkeypatch.setattr("reconciler.sim.proxmox.types.qemu.power.start_guest", breaks)
            upid = rig.vm(101).status.start.post()
            assert rig.pve.version.get()["version"], "another request goes on"
            assert rig.exit_of(upid) == "the simulator made a mistake: KeyError('size')"
            assert rig.node.tasks.get(source="active") == []

    assert mistakes(story) == ["KeyError('size')"]


def test_an_undoing_that_breaks_does_not_hide_why_its_task_failed(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def story() -> None:
        with running(tmp_path_factory.getbasetemp() / "tls") as rig:
            monkeypatch.setattr("reconciler.sim.proxmox.types.qemu.calls.discard", breaks)
            rig.fault("action_error", options={"exitstatus": "disk full"}, times=1)
            assert rig.exit_of(rig.node.qemu.post(vmid=101)) == "disk full"

    assert mistakes(story) == ["KeyError('size')"]


def test_a_request_that_breaks_is_told_when_the_simulator_stops() -> None:
    class Broken:
        def parse(self, request: Any) -> Any:
            raise KeyError(request.path)

    api: Any = Broken()
    server = SimulatorServer(api)
    server.start()
    with pytest.raises(OSError, match=r"[Cc]onnection|closed"):
        _ask(server.port)
    assert mistakes(server.stop) == ["KeyError('/anything')"]


def _ask(port: int) -> None:
    with requests.Session() as session:
        session.trust_env = False
        session.get(f"http://127.0.0.1:{port}/anything", timeout=10)
