"""`python -m tests.bench`: figures of plans and applies of large fleets, beside Terraform's if it is there.

Every figure is a fresh process on a database and a simulated provider of its own, and does nothing but what
the commands do. Times depend on the machine and on what else it does; ratios are of the same run.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from tests.bench import terraform
from tests.bench.machine import machine
from tests.bench.measure import BenchError
from tests.bench.rounds import Limits, measure
from tests.bench.table import Row, table

SIZES = (1_000, 10_000, 100_000)
NOTES = """\
Groups of 1 network, 10 machines and 10 volumes; about ten attributes each, with tags and references. Networks
have a subnet and machines an attachment besides, which are not counted. Each figure is a process of its own,
started cold, the median of {repeat} (applies and seeds: one). CPU is the process's, database CPU the server's
during it; memory is the process's. Growth is the exponent from the next smaller fleet: 1 is in proportion to
its size. First apply: every step over HTTP against the simulator without latency, each committed before and
after its request, up to {apply:,} resources. Larger fleets are seeded: recorded by one large observation, and
settled by a plan. Plans ask the provider nothing. Terraform: `terraform_data`, which has no provider behind
it, in the default local state; above {tf_apply:,} resources its state file was written and not applied, and
its plans are timed once; above {tf_plan:,} it was not run. Ratio: its time to ours, and its CPU time to that
of our process and database together.
"""


def main() -> int:
    options = _options()
    limits = Limits(
        apply=options.apply_up_to,
        terraform_apply=options.terraform_apply_up_to,
        terraform_plan=options.terraform_plan_up_to if terraform.is_installed() else 0,
        repeat=options.repeat,
    )
    workspace: Path = options.workspace.resolve()
    shutil.rmtree(workspace, ignore_errors=True)
    workspace.mkdir(parents=True)
    workspace.chmod(0o711)  # the database server of a root's run works under another account
    rows: list[Row] = []
    failure: BenchError | None = None
    try:
        for size in options.sizes:
            for row in measure(size, workspace / str(size), limits):
                _say(f"{row.what}, {row.size:,}: {row.cost.wall:.2f} s, CPU {row.cost.cpu:.2f} s")
                rows.append(row)
        shutil.rmtree(workspace)
    except BenchError as error:
        failure = error
    notes = NOTES.format(
        repeat=limits.repeat,
        apply=limits.apply,
        tf_apply=limits.terraform_apply,
        tf_plan=limits.terraform_plan,
    )
    if rows:
        sys.stdout.write(f"\n{machine()}\n\n{table(rows)}\n\n{notes}")
    if failure is not None:
        _say(f"bench: {failure}")
        return 1
    return 0


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--sizes", type=_sizes, default=SIZES, help="resources, such as 1000,10000")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each figure that is not an apply")
    parser.add_argument("--apply-up-to", type=int, default=1_000, help="largest fleet applied over HTTP")
    parser.add_argument("--terraform-apply-up-to", type=int, default=1_000)
    parser.add_argument("--terraform-plan-up-to", type=int, default=10_000)
    parser.add_argument("--workspace", type=Path, default=Path(".bench"), help="a folder of its own, emptied")
    return parser.parse_args()


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(word) for word in text.split(",")))


if __name__ == "__main__":
    sys.exit(main())
