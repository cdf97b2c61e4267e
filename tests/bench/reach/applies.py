"""First applies over HTTP: of a fleet beside Terraform, and with actions that take their time."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.measure import Cost
from tests.bench.reach.line import Line
from tests.bench.reach.run import Run
from tests.bench.terraform import Terraform

_FASTER = {1_000: 4.0, 10_000: 10.0}  # than Terraform's default state file, by size
_CHEAPER = 4.0  # than the other checkout, in CPU
_QUICKER = 4.0
ACTION_SECONDS = 0.05


def first(run: Run) -> Iterator[Line]:
    """As many `terraform_data` beside it, in the default state file."""
    for size in run.sizes.apply:
        them: Cost | None = None
        if run.terraform and size <= run.sizes.terraform_apply:
            them = Terraform(run.folder("terraform"), size).apply()
        with run.worlds("apply", size) as worlds:
            figures = run.once(worlds, lambda w: w.reconciler("apply", "-f", str(w.manifests), "--yes"))
        wanted = _FASTER.get(size)
        reach = f"≥ {wanted:g} times Terraform; " if wanted else ""
        line = Line("first apply, over HTTP", size, figures, f"{reach}≥ {_CHEAPER:g} times less CPU", None)
        met = [line.cheaper >= _CHEAPER] if line.cheaper is not None else []
        if wanted is not None and them is not None:
            met.append(them.wall / line.here.cost.wall >= wanted)
        note = f"{line.here.requests} requests"
        yield Line(line.what, size, figures, line.reach, all(met) if met else None, note, them)


def actions(run: Run) -> Iterator[Line]:
    """Each request's task takes 50 ms at the provider."""
    size = run.sizes.actions
    with run.worlds("actions", size, "--actions", str(ACTION_SECONDS)) as worlds:
        figures = run.once(worlds, lambda w: w.reconciler("apply", "-f", str(w.manifests), "--yes"))
    line = Line("apply, actions of 50 ms", size, figures, "≤ 1/4 of the time and CPU beside")
    other = figures.get("beside")
    met = None
    if other is not None and line.cheaper is not None:
        met = line.cheaper >= _QUICKER and other.cost.wall / line.here.cost.wall >= _QUICKER
    yield Line(line.what, size, figures, line.reach, met)
