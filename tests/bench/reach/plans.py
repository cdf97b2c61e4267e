"""Plans where nothing changed, cold, beside Terraform's; and after a commit that touches one document."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.bench.fleet import spread, write_fleet
from tests.bench.measure import Cost
from tests.bench.reach.line import Line
from tests.bench.reach.run import Run
from tests.bench.reach.world import World
from tests.bench.terraform import Terraform
from tests.rigs.git import commit, new_repository

_FASTER, _SMALLER = 40.0, 12.0  # than Terraform, at 10,000
_SECONDS = {100_000: 2.0}
_COMMIT_SECONDS = 0.5


def unchanged(run: Run) -> Iterator[Line]:
    """Nothing is asked of the provider; the fleet is recorded by one large observation."""
    for size in run.sizes.plan:
        them: Cost | None = None
        if run.terraform and size <= run.sizes.terraform_plan:
            terraform = Terraform(run.folder("terraform"), size)
            terraform.seed()
            them = terraform.plan((), 1)
        with run.worlds("plan", size) as worlds:
            for each in worlds:
                each.operation("seed")
            figures = run.turns(
                worlds,
                lambda w: w.reconciler("plan", "--no-observe", "--source", "bench", "-f", str(w.manifests)),
            )
        line = Line("plan, no change, cold", size, figures, "", terraform=them)
        met, reach = None, "≥ 40 times Terraform, ≤ 1/12 of its memory" if size == 10_000 else "-"
        if size == 10_000 and them is not None and line.faster is not None:
            met = line.faster >= _FASTER and them.peak / line.here.cost.peak >= _SMALLER
        elif size in _SECONDS:
            met, reach = line.here.cost.wall <= _SECONDS[size], f"≤ {_SECONDS[size]:g} s"
        yield Line(line.what, size, figures, reach, met, terraform=them)


def one_commit(run: Run) -> Iterator[Line]:
    """From a repository on this machine, of which one document of one file changed since it was recorded."""
    for size in run.sizes.commit:
        with run.worlds("commit", size) as worlds:
            for each in worlds:
                _commit(each, new_repository(_place(each)))
                each.stock()
                each.reconciler("apply", "--yes", *_source(_place(each)))
                write_fleet(each.manifests, size, each.url, spread(size, 1))
                _commit(each, _place(each))
            figures = run.turns(worlds, lambda w: w.reconciler(*_plan(_place(w))))
        met = figures["this"].cost.wall <= _COMMIT_SECONDS if size == 100_000 else None
        yield Line("plan, a commit changed 1, git", size, figures, "≤ 0.5 s at 100,000", met)


def _source(repository: Path) -> list[str]:
    return ["--git", str(repository), "--source", "bench", "--trust-inventory"]


def _plan(repository: Path) -> list[str]:
    return ["plan", "--no-observe", *_source(repository)]


def _place(world: World) -> Path:
    return world.folder / "fleet.git"


def _commit(world: World, repository: Path) -> None:
    commit(repository, {file.name: file.read_text() for file in sorted(world.manifests.iterdir())})
