"""Where a row is measured: a database and a simulated provider for each checkout, and the command there."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from reconciler.store.database.opening import DATA_FOLDER
from reconciler.store.embedded import EmbeddedServer
from tests.bench.fleet import TOKEN_VARIABLE, write_fleet
from tests.bench.measure import BenchError, Cost, processor_seconds, run
from tests.bench.reach.checkout import ROOT, Checkout
from tests.bench.rounds import TOKEN, requests_sent

DATABASE = "reconciler"
_WRITTEN = b"SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables"


@dataclass(frozen=True, slots=True)
class Figure:
    """A process and what it set going. `database`: the server's CPU seconds; None: /proc does not say."""

    cost: Cost
    database: float | None = None
    requests: int = 0

    @property
    def cpu(self) -> float:
        """Ours and the server's."""
        return self.cost.cpu + (self.database or 0.0)


@dataclass(frozen=True, slots=True)
class World:
    """One checkout's. `provider` is the simulator's process."""

    checkout: Checkout
    folder: Path
    url: str
    server: EmbeddedServer
    provider: subprocess.Popen[str]

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def manifests(self) -> Path:
        return self.folder / "manifests"

    @property
    def environment(self) -> Mapping[str, str]:
        return {TOKEN_VARIABLE: TOKEN, "RECONCILER_HOME": str(self.home), "RECONCILER_ACTOR": "bench"}

    def reconciler(self, *words: str) -> Figure:
        """The installed command. Raises BenchError where it does not end with 0."""
        return self._figure([self.checkout.command, *words], None)

    def operation(self, name: str) -> tuple[Figure, dict[str, int]]:
        """One of `tests.bench.operations`, with this checkout's code; and what came of it."""
        command = [self.checkout.python, "-m", "tests.bench.operations", name]
        figure = self._figure([*command, str(self.home), str(self.manifests)], self.checkout.rig)
        return figure, json.loads(figure.cost.output)

    def stock(self) -> None:
        """Fill both sides with the manifests' fleet, which nobody has to apply, until it is settled."""
        self.operation("stock")
        assert self.provider.stdin is not None
        assert self.provider.stdout is not None
        self.provider.stdin.write((self.checkout.rig / "stock.jsonl").read_text() + "\n")
        self.provider.stdin.flush()
        self.provider.stdout.readline()
        self.operation("observe")
        self.operation("plan")
        _, found = self.operation("apply")
        if found["steps"] or found["left"]:
            raise BenchError(f"the stocked fleet is not settled: {found}")

    def written(self) -> dict[str, int]:
        """Rows that were ever written, by table."""
        with psycopg.connect(self.server.superuser_dsn(DATABASE)) as connection:
            return dict(connection.execute(_WRITTEN).fetchall())

    def _figure(self, command: Sequence[str], cwd: Path | None) -> Figure:
        before, sent = processor_seconds(self.server.pid), requests_sent(self.url)
        cost = run(command, cwd=cwd, env=self.environment)
        after = processor_seconds(self.server.pid)
        used = None if before is None or after is None else after - before
        return Figure(cost, used, requests_sent(self.url) - sent)


@contextmanager
def world(checkout: Checkout, folder: Path, size: int, *provider: str) -> Iterator[World]:
    """With manifests of `size` resources, none of which is there. `provider`: options of the simulator."""
    home = folder / "home"
    home.mkdir(parents=True)
    folder.chmod(0o711)  # the database server of a root's run works under another account
    command = [sys.executable, "-m", "tests.bench.simulator", TOKEN, *provider]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            port = process.stdout.readline().strip() if process.stdout else ""
            if not port:
                raise BenchError("the simulator did not start")
            with EmbeddedServer.open(home / DATA_FOLDER) as server:
                made = World(checkout, folder, f"http://127.0.0.1:{port}/v1", server, process)
                write_fleet(made.manifests, size, made.url)
                yield made
            EmbeddedServer.stop(home / DATA_FOLDER, force=True)
        finally:
            process.terminate()
