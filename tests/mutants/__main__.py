"""`python -m tests.mutants [PART …] [--help]`: put faults into a copy of the tree.

Prints each with whether a test noticed. Ends with 1 where a mutation survived that `survivors.txt` does not
name with its reason (the name, a tab, the reason), or where a name there fits no mutation any more.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

from tests.mutants import python, sql
from tests.mutants.covering import Covering, Test
from tests.mutants.mutation import Edit, Mutation, selected
from tests.mutants.table import PARTS, SEED, STAGES, Part

ROOT = Path(__file__).parents[2]
SURVIVORS = Path(__file__).with_name("survivors.txt")
SAME = os.environ | {"CI": "true", "PYTHONDONTWRITEBYTECODE": "1"}
"""Hypothesis then tries the same examples in every run, and has no deadline."""
PATIENCE = 4.0  # times as long as the tests take unharmed: a mutation that hangs is noticed, too


def main() -> int:
    options = _options()
    wanted = [part for part in PARTS if not options.parts or part.name in options.parts]
    chosen = {part: selected(every(part), options.count or part.count, options.seed) for part in wanted}
    if options.list:
        _say("\n".join(each.name for found in chosen.values() for each in found))
        return 0
    known = survivors()
    possible = {each.name for part in PARTS for each in every(part)}
    stale = sorted(known.keys() - possible)
    results: Counter[tuple[str, str]] = Counter()
    done = killed_in(options.resume)
    left = [(part, mutation) for part, found in chosen.items() for mutation in found]
    results.update((part.name, "killed") for part, mutation in left if mutation.name in done)
    left = [(part, mutation) for part, mutation in left if mutation.name not in done]
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        copy(tree)
        for patterns in STAGES[options.stage - 1 :]:
            left = list(_missed(Stage(tree, patterns, options.seconds), left, results))
    for part, mutation in left:
        result = "named" if mutation.name in known else "SURVIVED"
        results[part.name, result] += 1
        _say(f"{result:9} {mutation.name}")
    return _told(wanted, results, stale)


def _missed(
    stage: Stage, mutations: list[tuple[Part, Mutation]], results: Counter[tuple[str, str]]
) -> Iterator[tuple[Part, Mutation]]:
    """Those that no test of the stage notices."""
    for part, mutation in mutations:
        if stage.notices(mutation):
            results[part.name, "killed"] += 1
            _say(f"{'killed':9} {mutation.name}")
        else:
            yield part, mutation


def _told(parts: list[Part], results: Counter[tuple[str, str]], stale: list[str]) -> int:
    kinds = ("killed", "named", "SURVIVED")
    _say("\n" + "".join(f"{word:>10}" for word in ("part", *kinds)))
    for part in parts:
        _say(f"{part.name:>10}" + "".join(f"{results[part.name, kind]:10}" for kind in kinds))
    for name in stale:
        _say(f"survivors.txt names what cannot be made any more: {name}")
    survived = sum(number for (_, result), number in results.items() if result == "SURVIVED")
    return int(bool(survived or stale))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(part.name for part in PARTS))
    parser.add_argument("--count", type=int, help="how many of each part, instead of the table's number")
    parser.add_argument("--seed", type=int, default=SEED, help="which ones; each seed has its own")
    parser.add_argument("--resume", type=Path, metavar="LOG", help="leave out what this run killed")
    parser.add_argument("--stage", type=int, default=1, help="begin with these tests: 1 are the quickest")
    parser.add_argument("--seconds", type=float, help="try each with the quickest tests that take so long")
    parser.add_argument("--list", action="store_true", help="name them, and try none")
    return parser.parse_args()


def killed_in(log: Path | None) -> frozenset[str]:
    """The names that an earlier run's output says were killed."""
    lines = log.read_text().splitlines() if log is not None else ()
    return frozenset(line.removeprefix("killed").strip() for line in lines if line.startswith("killed "))


def every(part: Part) -> list[Mutation]:
    """All mutations of a part that can be made."""
    texts = {str(file.relative_to(ROOT)): file.read_text() for file in sorted(ROOT.glob(part.code))}
    if part.code.endswith(".sql"):
        return sql.mutations(texts)
    return [each for file, text in texts.items() for each in python.mutations(file, text)]


def survivors() -> dict[str, str]:
    """Mutations that change nothing a user could see, by name, with the reason."""
    lines = SURVIVORS.read_text().splitlines()
    return dict(line.split("\t", 1) for line in lines if line and not line.startswith("#"))


def copy(tree: Path) -> None:
    """What git would take of this work tree, changes and new files too."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)


class Stage:
    """Some tests in the copy; those that fail without any mutation are left out, by name."""

    def __init__(self, tree: Path, patterns: tuple[str, ...], seconds: float | None) -> None:
        self.tree, self.seconds = tree, seconds
        files = [str(file.relative_to(tree)) for pattern in patterns for file in sorted(tree.glob(pattern))]
        self.covering = Covering.measured(tree, files, SAME)
        for name in self.covering.failing:
            _say(f"left out: fails without any mutation: {name}")
        self.left_out = [f"--deselect={name}" for name in self.covering.failing]
        _say(f"with {len(self.covering.seconds)} tests of {', '.join(patterns)}")

    def _tests(self, mutation: Mutation) -> list[Test]:
        """What may notice it: of Python the tests that run it, of SQL every test that has a database."""
        (edit,) = mutation.edits
        if edit.file.endswith(".py"):
            return self.covering.tests_of(edit.file, edit.start)
        with_database = [test for test in self.covering.seconds if not test[0].startswith("tests/unit/")]
        return sorted(with_database, key=lambda test: "test_schema" not in test[0])  # they ask for it by name

    def _quickest(self, tests: list[Test]) -> list[Test]:
        if self.seconds is None:
            return tests
        sums = list(accumulate(self.covering.seconds[test] for test in tests))
        return tests[: max(1, bisect_right(sums, self.seconds))]

    def notices(self, mutation: Mutation) -> bool:
        tests = self._quickest(self._tests(mutation))
        before = {edit.file: (self.tree / edit.file).read_text() for edit in mutation.edits}
        try:
            for edit in mutation.edits:
                self._write(edit, before[edit.file])
            return bool(tests) and not self._passes(tests)
        finally:
            for file, text in before.items():
                (self.tree / file).write_text(text)
            self._migration()

    def _write(self, edit: Edit, text: str) -> None:
        (self.tree / edit.file).write_text(text[: edit.start] + edit.new + text[edit.end :])
        if edit.file.endswith(".sql"):
            self._migration()

    def _migration(self) -> None:
        files = sorted((self.tree / "sql" / "schema").glob("*.sql"))
        (self.tree / sql.MIGRATION).write_text("".join(file.read_text() for file in files))

    def _passes(self, tests: list[Test]) -> bool:
        command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "-n0", "-p", "no:cacheprovider"]
        command += [*self.left_out, *(f"{file}::{function}" for file, function in tests)]
        process = subprocess.Popen(
            command, cwd=self.tree, env=SAME, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            return process.wait(60 + PATIENCE * self.covering.bound(tests)) == 0
        except subprocess.TimeoutExpired:
            process.terminate()  # pytest then stops the database that it started
            process.wait()
            return False


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what the command is for


if __name__ == "__main__":
    sys.exit(main())
