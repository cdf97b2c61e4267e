"""A daemon to test: itself a process, against a simulator that is a process, and a real git repository.

Nothing here waits for a fixed time: `until` asks again and again, and gives up after a generous while.
"""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import requests

from reconciler.store.database.session import Actor, Store
from reconciler.store.inventory.key_sources import source_of
from reconciler.store.inventory.vault import open_vault
from reconciler.store.work.plans import approve, find_plan
from tests.rigs import forking
from tests.rigs.canaries import canary, seen
from tests.rigs.databases import TestDatabase
from tests.rigs.forking import Process

PROJECT = Path(__file__).parents[2]
TOKEN = canary("simulator-token")
PATIENCE = 90.0  # seconds
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f one@example"

T = TypeVar("T")
_running: list[Daemon] = []  # started, and not told to end

_SIMULATOR = """
import sys
from reconciler.sim.hetzner import serve
serve(0, token=sys.argv[1], action_seconds=float(sys.argv[2]), ready=lambda port: print(port, flush=True))
"""

_DAEMON = """
import json, sys
from pathlib import Path
from reconciler.daemon import DaemonConfig, run
from reconciler.manifest.source.state import (SourceSpec)
given = json.loads(sys.argv[1])
sources = tuple(SourceSpec(**{"trusted": True, **each}) for each in given.pop("sources"))
paths = {name: Path(given.pop(name)) for name in ("home", "trace", "archive_to") if name in given}
sys.exit(run(DaemonConfig(sources=sources, **paths, **given)))
"""


def until(what: Callable[[], T], why: str = "", patience: float = PATIENCE) -> T:
    """The first true answer; asked again and again, until it is given."""
    deadline = time.monotonic() + patience
    while True:
        answer = what()
        if answer:
            return answer
        for daemon in _running:
            assert daemon.process.poll() is None, f"it ended:\n{daemon.log.read_text()[-4000:]}"
        logs = "".join(daemon.log.read_text()[-4000:] for daemon in _running)
        assert time.monotonic() < deadline, f"never: {why or what}\n{logs}"
        time.sleep(0.05)


@dataclass
class Cloud:
    """A simulated provider. `state` is the ground truth, `mutations` what was asked to change it."""

    process: Process
    port: int

    @classmethod
    def start(cls, action_seconds: float = 0.05) -> Cloud:
        process = forking.start(
            "-c", _SIMULATOR, TOKEN, str(action_seconds), cwd=PROJECT, env=os.environ, stderr=2
        )
        assert process.stdout is not None
        return cls(process, int(process.stdout.readline()))

    def ask(self, method: str, path: str, body: object = None) -> Any:
        answer = requests.request(method, f"http://127.0.0.1:{self.port}/_sim/{path}", json=body, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def names(self, kind: str) -> list[str]:
        return sorted(each["name"] for each in self.ask("GET", "state")[kind])

    def the(self, kind: str, name: str) -> Any:
        return next(each for each in self.ask("GET", "state")[kind] if each["name"] == name)

    def ledger(self, after: int = 0) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("GET", f"ledger?after={after}")
        return found

    def mutations(self, after: int = 0) -> list[str]:
        return [f"{e['method']} {e['path']}" for e in self.ledger(after) if e["method"] != "GET"]

    def fault(self, kind: str, **rule: object) -> None:
        self.ask("POST", "faults", {"kind": kind, **rule})

    def heal(self) -> None:
        self.ask("DELETE", "faults")

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()


def fleet(cloud: Cloud, *resources: str, drift: str = "heal") -> dict[str, str]:
    """The files of a repository: the inventory for a simulator, and each resource's document."""
    inventory = f"""
apiVersion: reconciler/v1
kind: Location
metadata: {{name: fsn1}}
---
apiVersion: reconciler/v1
kind: Provider
metadata: {{name: rented}}
spec: {{type: hetzner}}
---
apiVersion: reconciler/v1
kind: Credential
metadata: {{name: token}}
spec: {{environment: TEST_TOKEN}}
---
apiVersion: reconciler/v1
kind: ProviderEndpoint
metadata: {{name: cloud}}
spec: {{provider: rented, url: "http://127.0.0.1:{cloud.port}/v1", credential: token, drift: {drift}}}
"""
    files = {f"fleet/{number}.yaml": text for number, text in enumerate(resources)}
    return {"inventory.yaml": inventory, **files}


def server(name: str, env: str = "prod", lifecycle: str = "") -> str:
    return f"""
apiVersion: reconciler/v1
kind: VirtualMachine
metadata: {{name: {name}, tags: {{env: {env}}}}}
spec: {{endpoint: cloud, location: fsn1, server_type: cx22, image: debian-12, power_state: running}}
{lifecycle}"""


def volume(name: str) -> str:
    return f"""
apiVersion: reconciler/v1
kind: Volume
metadata: {{name: {name}}}
spec: {{endpoint: cloud, location: fsn1, size_gb: 10}}
"""


def ssh_key(name: str = "admin", env: str = "prod") -> str:
    return f"""
apiVersion: reconciler/v1
kind: SshKey
metadata: {{name: {name}, tags: {{env: {env}}}}}
spec: {{endpoint: cloud, public_key: "{KEY}"}}
"""


@dataclass
class Daemon:
    """A daemon's process. Its log is a file of JSON lines."""

    process: Process
    log: Path

    @classmethod
    def start(cls, home: Path, log: Path, sources: list[dict[str, object]], **settings: object) -> Daemon:
        """Ticks come several times a second, unless told otherwise."""
        given: dict[str, object] = {
            "home": str(home),
            "sources": sources,
            "source_poll": 0.2,
            "reconcile_interval": 0.5,
            "observe_interval": 0.5,
            "port": 0,
            "check_plans": True,
            **settings,
        }
        with log.open("ab") as target:
            process = forking.start(
                *("-W", "error", "-c", _DAEMON, json.dumps(given)),
                cwd=PROJECT,
                env={**os.environ, "TEST_TOKEN": TOKEN, "OWN_TOKEN": f"root@pam!test={TOKEN}"},
                stdout=1,
                stderr=target.fileno(),
            )
        _running.append(cls(process, log))
        return _running[-1]

    def lines(self) -> list[dict[str, Any]]:
        """All that was logged; a line that is no JSON fails the test that reads it."""
        text = self.log.read_text()
        whole = text[: text.rfind("\n") + 1]
        return [json.loads(line) for line in whole.splitlines()]

    def said(self, event: str, **fields: object) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line["event"] == event and fields.items() <= line.items()]

    def until_said(self, event: str, **fields: object) -> dict[str, Any]:
        return until(lambda: self.said(event, **fields), f"the log says `{event}` {fields}")[0]

    @property
    def port(self) -> int:
        return int(self.until_said("daemon started")["port"])

    def get(self, path: str) -> tuple[int, str]:
        answer = requests.get(f"http://127.0.0.1:{self.port}{path}", timeout=30)
        return answer.status_code, answer.text

    def metric(self, name: str, **labels: str) -> float:
        """A sample's value; 0 where there is none."""
        for line in self.get("/metrics")[1].splitlines():
            match = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if match and match[1] == name:
                found = dict(re.findall(r'(\w+)="([^"]*)"', match[2] or ""))
                if labels.items() <= found.items():
                    return float(match[3])
        return 0.0

    def finished(self) -> float:
        """How many reconciles ended."""
        return sum(
            self.metric("reconciler_reconciles_total", outcome=each)
            for each in ("done", "incomplete", "error", "stopped")
        )

    def settled(self) -> None:
        """Wait until reconciles after this moment left nothing to do, twice."""
        before = self.metric("reconciler_reconciles_total", outcome="done")
        until(lambda: self.metric("reconciler_reconciles_total", outcome="done") >= before + 2, "settled")

    def cycles(self, count: int) -> None:
        """Wait for so many more reconciles, however they end."""
        before = self.finished()
        until(lambda: self.finished() >= before + count, f"{count} more reconciles")

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stopped(self) -> int:
        """Its exit code, once it has ended."""
        if self in _running:
            _running.remove(self)
        code = self.process.wait(timeout=PATIENCE)
        assert seen(self.log.read_text()) == [], "a secret is in the log"
        return code

    def stop(self) -> int:
        """Tell it to end, as a service manager does; its exit code."""
        self.signal(signal.SIGTERM)
        return self.stopped()

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.stopped()


def end_all() -> None:
    """End the daemons that a failed test left."""
    while _running:
        _running[-1].kill()


def git(repository: Path) -> list[dict[str, object]]:
    """The one source that most daemons here have."""
    return [{"git": str(repository), "name": "fleet"}]


class Site:
    """Starts daemons on one database, and ends those that a test leaves."""

    def __init__(self, folder: Path, database: TestDatabase, repository: Path) -> None:
        self.folder = folder
        self.database = database
        self.repository = repository
        self.daemons: list[Daemon] = []

    def start(self, **settings: object) -> Daemon:
        given: dict[str, Any] = {
            "home": self.folder / "home",
            "sources": git(self.repository),
            "database_url": self.database.admin,
            **settings,
        }
        log = self.folder / f"daemon-{len(self.daemons)}.log"
        self.daemons.append(Daemon.start(given.pop("home"), log, given.pop("sources"), **given))
        return self.daemons[-1]

    def rows(self, query: str, *params: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database.admin) as connection:
            return connection.execute(query.encode(), params or None).fetchall()

    def run(self, statement: str, *params: object) -> None:
        with psycopg.connect(self.database.admin) as connection:
            connection.execute(statement.encode(), params or None)

    def approve(self, plan: int) -> None:
        """As a person does, with the key of the daemon's home."""
        with Store.open(self.database.runtime) as store:
            vault = open_vault(store, source_of(self.folder / "home", {}), "ann", particular=True)
            with store.transaction(Actor("ann")) as tx:
                approve(tx, find_plan(tx, str(plan)), "ann", vault.key)

    def status(self, plan: int) -> str:
        ((status,),) = self.rows("SELECT status FROM plans WHERE id = %s", plan)
        return str(status)
