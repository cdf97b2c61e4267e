"""One size of fleet, from nothing to its figures: a database, a simulated provider, the commands in order."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from reconciler.store.database.opening import DATA_FOLDER
from reconciler.store.embedded import EmbeddedServer
from tests.bench.fleet import TOKEN_VARIABLE, least_requests, spread, write_fleet
from tests.bench.measure import BenchError, Cost, median, processor_seconds, run
from tests.bench.table import Row
from tests.bench.terraform import Terraform

TOKEN = "bench"
TYPES = 8
"""Lists that an observation asks for: one for each type that the provider offers, empty or not."""
USED = 3  # of these, the types that the fleet has


@dataclass(frozen=True, slots=True)
class Limits:
    """Up to which sizes (resources) what takes long is done for real, and how often the rest is repeated."""

    apply: int
    terraform_apply: int
    terraform_plan: int
    repeat: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where one size is measured."""

    home: Path
    manifests: Path
    url: str
    server: EmbeddedServer


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured command: what it took, what the database took, requests sent, and what came of it."""

    cost: Cost
    database: float | None
    requests: int
    facts: dict[str, int]


def measure(size: int, folder: Path, limits: Limits) -> Iterator[Row]:
    """The rows of one size, as they come."""
    terraform = _terraform(folder / "terraform", size, limits)
    changes = {"no change": 0, "1 changed": 1, "1 % changed": max(1, size // 100)}
    with _place(folder, size) as place:
        yield _filled(place, size, limits, terraform)
        for name, count in changes.items():
            changed = spread(size, count)
            write_fleet(place.manifests, size, place.url, changed)
            figure = _repeated(place, "plan", limits.repeat)
            _expect(figure, {"steps": count, "blocked": 0})
            other = terraform.plan(changed, _repeats(size, limits)) if terraform else None
            yield Row(f"plan, {name}", size, figure.cost, figure.database, "0", other)
        if size <= limits.apply:
            figure = _repeated(place, "observe", limits.repeat)
            _expect(figure, {"seen": size, "changed": 0})
            least = least_requests(size) + TYPES - USED
            yield Row("observe", size, figure.cost, figure.database, f"{figure.requests} (least {least})")


def _terraform(folder: Path, size: int, limits: Limits) -> Terraform | None:
    return Terraform(folder, size) if size <= limits.terraform_plan else None


def _repeats(size: int, limits: Limits) -> int:
    return limits.repeat if size <= limits.terraform_apply else 1


def _filled(place: Place, size: int, limits: Limits, terraform: Terraform | None) -> Row:
    """The first apply, or where that takes too long, the same state by one large recording."""
    other: Cost | None = None
    if terraform is not None and size <= limits.terraform_apply:
        other = terraform.apply()
    elif terraform is not None:
        terraform.seed()
    if size <= limits.apply:
        figure = _once(place, "apply")
        _expect(figure, {"steps": size, "failed": 0, "left": 0})
        return Row("first apply, over HTTP", size, figure.cost, figure.database, f"{figure.requests}", other)
    figure = _once(place, "seed")
    _expect(figure, {"seen": size, "steps": 0, "left": 0})
    return Row("load and record, seeded", size, figure.cost, figure.database)


def _expect(figure: Figure, facts: dict[str, int]) -> None:
    if not facts.items() <= figure.facts.items():
        raise BenchError(f"it should have come to {facts}, and came to {figure.facts}")


def _repeated(place: Place, operation: str, times: int) -> Figure:
    figures = [_once(place, operation) for _ in range(times)]
    middle = median([figure.cost for figure in figures])
    return next(figure for figure in figures if figure.cost is middle)


def _once(place: Place, operation: str) -> Figure:
    before, sent = processor_seconds(place.server.pid), requests_sent(place.url)
    command = [sys.executable, "-m", "tests.bench.operations", operation]
    cost = run([*command, str(place.home), str(place.manifests)], env={TOKEN_VARIABLE: TOKEN})
    after = processor_seconds(place.server.pid)
    used = None if before is None or after is None else after - before
    return Figure(cost, used, requests_sent(place.url) - sent, json.loads(cost.output))


def requests_sent(url: str) -> int:
    """How many requests the provider got, counted in the text: parsed, a long ledger takes much memory."""
    count, rest = 0, b""
    with urlopen(url.removesuffix("/v1") + "/_sim/ledger") as answer:  # noqa: S310 - our own simulator
        while block := answer.read(65_536):
            text = rest + block
            count += text.count(b'{"number":')
            rest = text[-9:]
    return count


@contextmanager
def _place(folder: Path, size: int) -> Iterator[Place]:
    """A database and a provider of one's own, with the manifests for them."""
    home = folder / "home"
    home.mkdir(parents=True)
    with _simulator() as url, EmbeddedServer.open(home / DATA_FOLDER) as server:
        place = Place(home, folder / "manifests", url, server)
        write_fleet(place.manifests, size, url)
        yield place
    EmbeddedServer.stop(home / DATA_FOLDER, force=True)


@contextmanager
def _simulator() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.bench.simulator", TOKEN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = process.stdout.readline().strip() if process.stdout else ""
            if not port:
                raise BenchError("the simulator did not start")
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
