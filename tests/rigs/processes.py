"""The program as its users have it: a process, against simulated providers that are processes too.

Nothing is called inside: what is asserted is what was printed, the exit code, and the simulator's own truth.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import signal
import struct
import subprocess
import sys
import termios
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.rigs import forking
from tests.rigs.canaries import canary, seen
from tests.rigs.forking import Process

TOKEN = canary("first-project")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # what moves a cursor or colours a text
PATIENCE = 120.0  # seconds until something that must happen counts as not happening
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

SSH_KEY = f"""
    apiVersion: reconciler/v1
    kind: SshKey
    metadata: {{name: admin, tags: {{env: prod}}}}
    spec: {{endpoint: hz, public_key: {KEY}}}
"""
NETWORK = """
    apiVersion: reconciler/v1
    kind: Network
    metadata: {name: prod}
    spec: {endpoint: hz, ip_range: 10.0.0.0/16}
"""
VM = """
    apiVersion: reconciler/v1
    kind: VirtualMachine
    metadata: {name: web-1, tags: {env: prod}}
    spec:
      endpoint: hz
      location: fsn1
      server_type: cx22
      image: debian-12
      power_state: running
"""
VOLUME = """
    apiVersion: reconciler/v1
    kind: Volume
    metadata: {name: data}
    spec: {endpoint: hz, location: fsn1, size: 20GiB, server: web-1}
"""


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for something that another process brings about."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"this did not come about: {what}"
        time.sleep(0.02)


@dataclass(frozen=True)
class Done:
    """A process that ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def said(self) -> str:
        """Everything that was printed, with runs of blanks as one."""
        return " ".join(f"{self.out} {self.err}".split())


@dataclass
class Simulator:
    """A simulator's control address. `ca` verifies it where it speaks HTTPS."""

    process: Process
    url: str
    ca: Path | None = None

    def control(self, method: str, path: str, body: object = None) -> Any:
        root = "/".join(self.url.split("/")[:3])
        verify = str(self.ca) if self.ca else True
        answer = requests.request(method, f"{root}/_sim/{path}", json=body, timeout=30, verify=verify)
        answer.raise_for_status()
        return answer.json()

    def ledger(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control("GET", "ledger")
        return found

    def mutations(self) -> list[str]:
        """What took effect, as `POST /v1/servers`."""
        return [f"{e['method']} {e['path']}" for e in self.ledger() if e["applied"] and e["method"] != "GET"]

    def asked(self, method: str, path: str, after: int = 0) -> bool:
        """Whether such a request came in, answered or not; `after` so many of any kind."""
        return any((e["method"], e["path"]) == (method, path) for e in self.ledger()[after:])

    def fault(self, kind: str, **more: object) -> None:
        self.control("POST", "faults", {"kind": kind, **more})

    def heal(self) -> None:
        self.control("DELETE", "faults")

    def change(self, op: str, **more: object) -> None:
        self.control("POST", "change", {"op": op, **more})

    def names(self, kind: str) -> list[str]:
        return sorted(item["name"] for item in self.control("GET", "state")[kind])

    def item(self, kind: str, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(i for i in self.control("GET", "state")[kind] if i["name"] == name)
        return found


@dataclass
class Cli:
    """`reconciler`, with an environment of its own. `afresh`: as processes that nothing was forked from."""

    folder: Path
    env: dict[str, str]
    started: list[Process] = field(default_factory=list)
    afresh: bool = False

    def start(self, *words: str, stdin: int = subprocess.PIPE) -> Process:
        process = forking.start(
            "-m", "reconciler", *words, cwd=self.folder, env=self.env, stdin=stdin, afresh=self.afresh
        )
        self.started.append(process)
        return process

    def run(self, *words: str, stdin: str = "") -> Done:
        return self.end(self.start(*words), stdin)

    def end(self, process: Process, stdin: str = "") -> Done:
        out, err = process.communicate(stdin if process.stdin else None, timeout=PATIENCE)
        assert (seen(out), seen(err)) == ([], []), "a secret came out"
        return Done(process.wait(), out, err)

    def at_terminal(self, answer: str, *words: str) -> Done:
        """Run it with a terminal as its input, where a person has typed an answer already."""
        person, terminal = os.openpty()
        try:
            os.write(person, f"{answer}\n".encode())
            process = self.start(*words, stdin=terminal)
            return self.end(process)
        finally:
            os.close(person)
            os.close(terminal)

    def on_terminal(self, *words: str, columns: int = 80) -> list[str]:
        """Run it with a terminal for all that it prints: each line as it was drawn, without colours."""
        person, terminal = os.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = subprocess.Popen(
            [sys.executable, "-m", "reconciler", *words],
            cwd=self.folder,
            env=self.env | {"TERM": "xterm-256color"},
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
        )
        os.close(terminal)
        printed = b""
        with contextlib.suppress(OSError):  # the end of a terminal whose last user has left
            while more := os.read(person, 65536):
                printed += more
        os.close(person)
        process.wait(PATIENCE)
        return re.split(r" *(?:\r\n|\r|\n)", _ESCAPES.sub("", printed.decode()))

    def ok(self, *words: str, stdin: str = "") -> Done:
        """Run what must succeed."""
        done = self.run(*words, stdin=stdin)
        assert done.code == 0, f"{words}: {done.code}\n{done.out}\n{done.err}"
        return done

    def apply(self) -> Done:
        return self.run("apply", "-f", "fleet", "--yes")

    def is_settled(self) -> bool:
        """Whether a plan finds nothing to do."""
        return self.run("plan", "-f", "fleet", "--detailed-exitcode").code == 0


@dataclass
class Fleet:
    """One simulated Hetzner project, a folder of manifests, and the program to bring them together."""

    cli: Cli
    sim: Simulator

    @property
    def folder(self) -> Path:
        """Of the manifests."""
        return self.cli.folder / "fleet"

    def write(self, **manifests: str) -> None:
        """Write each as a file of the fleet, under its name."""
        for name, text in manifests.items():
            (self.folder / f"{name}.yaml").write_text(textwrap.dedent(text))

    def remove(self, name: str) -> None:
        (self.folder / f"{name}.yaml").unlink()

    def made(self, **manifests: str) -> None:
        """Have these applied."""
        self.write(**manifests)
        done = self.cli.apply()
        assert done.code == 0, done.out + done.err


def inventory(url: str) -> str:
    return f"""
        apiVersion: reconciler/v1
        kind: Provider
        metadata: {{name: rented}}
        spec: {{type: hetzner}}
        ---
        apiVersion: reconciler/v1
        kind: Credential
        metadata: {{name: token}}
        spec: {{environment: FLEET_TOKEN}}
        ---
        apiVersion: reconciler/v1
        kind: ProviderEndpoint
        metadata: {{name: hz}}
        spec: {{provider: rented, url: "{url}", credential: token}}
        ---
        apiVersion: reconciler/v1
        kind: Location
        metadata: {{name: fsn1}}
        spec: {{display_name: Falkenstein}}
    """


@contextmanager
def simulator(folder: Path, name: str, *more: str) -> Iterator[Simulator]:
    """A simulator on a free port, ended at the end."""
    ready = folder / f"{name}.ready"
    process = forking.start(
        *("-m", "reconciler", "sim", name, "--port", "0", "--ready-file", str(ready), *more),
        cwd=folder,
        env={**os.environ, "RECONCILER_HOME": str(folder / "no-home")},
        stderr=subprocess.STDOUT,
    )
    try:
        until(lambda: ready.exists() or process.poll() is not None, f"the simulator of {name} answers")
        assert process.poll() is None, process.communicate()[0]
        yield Simulator(
            process, ready.read_text().strip(), folder / "ca" / "ca.pem" if "--ca-dir" in more else None
        )
    finally:
        end(process)


def end(process: Process) -> None:
    """End a process of ours, however it is, and close its pipes."""
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.communicate()
