"""A daemon of a checkout: started as a service manager does, and asked where it serves and what it did."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.bench.measure import BenchError
from tests.bench.reach.world import World

_PATIENCE = 600.0
_GLANCE = 0.02


@dataclass(frozen=True, slots=True)
class Daemon:
    """A process whose log is JSON lines."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def port(self) -> int:
        """Where it serves."""
        return int(str(self._until(lambda: self._said("daemon started"))["port"]))

    def ready(self, reconciles: int) -> None:
        """Wait until so many reconciles have ended with nothing failing."""
        url = f"http://127.0.0.1:{self.port}/metrics"
        wanted = re.compile(r'^reconciler_reconciles_total\{outcome="done"\} (\S+)$', re.MULTILINE)

        def done() -> bool:
            with suppress(URLError), urlopen(url) as answer:
                found = wanted.search(answer.read().decode())
                return found is not None and float(found[1]) >= reconciles
            return False

        self._until(done)

    def memory(self) -> float:
        """MiB that are resident."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else 0.0

    def _said(self, event: str) -> dict[str, object] | None:
        for line in self.log.read_text().splitlines():
            with suppress(ValueError):
                if (entry := json.loads(line)).get("event") == event:
                    return dict(entry)
        return None

    def _until(self, asked: object) -> dict[str, object]:
        end = time.monotonic() + _PATIENCE
        while not (answer := asked()):  # type: ignore[operator]
            if self.process.poll() is not None or time.monotonic() > end:
                raise BenchError(f"the daemon ended, or never got ready:\n{self.log.read_text()[-2000:]}")
            time.sleep(_GLANCE)
        return answer if isinstance(answer, dict) else {}


@contextmanager
def daemon(world: World, *words: str, **environment: str) -> Iterator[Daemon]:
    """`reconciler run` on a free port, until the block ends."""
    log = world.folder / "daemon.log"
    with log.open("wb") as target:
        process = subprocess.Popen(
            [world.checkout.command, "run", "--port", "0", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=target,
            env={**os.environ, **world.environment, **environment},
        )
    try:
        yield Daemon(process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
