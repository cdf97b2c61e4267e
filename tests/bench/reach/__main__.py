"""`python -m tests.bench.reach`: what the program's speed is held against, and whether it is met.

--small                 tiny fleets, in three minutes: whether everything still runs, and what is cheap to say
--rows plan,steady      only the rows whose names begin so
--beside PATH           a second checkout, installed, that does the same in turns
--plan 1000,100000      other sizes; likewise --apply, --commit, --load, --observe, --steady, --waiting
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path

from tests.bench import terraform
from tests.bench.machine import machine
from tests.bench.measure import BenchError
from tests.bench.reach import applies, commands, loading, observing, plans, pushing, steady, waiting
from tests.bench.reach.checkout import checkouts
from tests.bench.reach.line import Line, seconds, table
from tests.bench.reach.run import SMALL, Run, Sizes

ROWS: dict[str, Callable[[Run], Iterator[Line]]] = {
    "apply": applies.first,
    "actions": applies.actions,
    "waiting": waiting.apply,
    "plan": plans.unchanged,
    "commit": plans.one_commit,
    "commands": commands.small,
    "load": loading.first,
    "observe": observing.unchanged,
    "steady": steady.idle,
    "push": pushing.hook,
}
NOTES = """\
Each figure is a process of the installed command, started cold; the median of {repeat} by CPU (applies,
loads and the steady daemon one). Time is the clock's, CPU the process's, database CPU the server's meanwhile.
Growth is the exponent of time from the next smaller fleet. Beside: another checkout, which did the same in
turns; its CPU is its server's too. Terraform: as many `terraform_data`, without an API behind it, in the
default local state. "-": this run cannot say, for want of the size, of Terraform or of another checkout. How
long `make test` takes, and what a step sends to the database, is not measured here.
"""


def main() -> int:
    """The exit code: 1 where a row could not be measured. A reach that is not met is no error."""
    options = _options()
    sizes = SMALL if options.small else Sizes()
    given = {each.name: getattr(options, each.name) for each in fields(Sizes)}
    sizes = replace(sizes, **{name: value for name, value in given.items() if value is not None})
    workspace: Path = options.workspace.resolve()
    shutil.rmtree(workspace, ignore_errors=True)
    workspace.mkdir(parents=True)
    workspace.chmod(0o711)  # the database server of a root's run works under another account
    lines: list[Line] = []
    failed = False
    run = Run(checkouts(workspace, options.beside), sizes, workspace, terraform.is_installed())
    for name, row in ROWS.items():
        if options.rows and not any(name.startswith(each) for each in options.rows):
            continue
        try:
            for line in row(run):
                _say(f"{line.what}, {line.size:,}: {seconds(line.here.cost.wall)} s, {line.note}")
                lines.append(line)
        except BenchError as error:
            _say(f"bench: {name}: {error}")
            failed = True
    shutil.rmtree(workspace, ignore_errors=True)
    if lines:
        sys.stdout.write(f"\n{machine()}\n\n{table(lines)}\n\n{NOTES.format(repeat=sizes.repeat)}")
    return int(failed)


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.reach",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--rows", type=lambda text: tuple(text.split(",")), default=())
    parser.add_argument("--beside", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path(".bench"), help="a folder of its own, emptied")
    for each in fields(Sizes):
        several = each.type.startswith("tuple") if isinstance(each.type, str) else False
        kind = _sizes if several else float if each.name == "window" else int
        parser.add_argument(f"--{each.name.replace('_', '-')}", type=kind)
    return parser.parse_args()


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(word) for word in text.split(",")))


if __name__ == "__main__":
    sys.exit(main())
