"""Which tests run a line: a mutation is tried with those alone, the quick ones first.

The tests run once, unharmed, under coverage.py, which notes by which test function a line was run. What ran
outside of a test function (imports, fixtures) belongs to every test; what only a child process runs, to none.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from coverage import CoverageData

Test = tuple[str, str]
"""A test's file, relative to the tree, and its function."""

_SETTINGS = """
[run]
dynamic_context = test_function
source = reconciler
data_file = {data}
"""


@dataclass(frozen=True, slots=True)
class Covering:
    """`seconds` is what each test takes; `failing` are those that fail unharmed, by pytest's name."""

    tree: Path
    data: CoverageData
    seconds: dict[Test, float]
    failing: tuple[str, ...]

    @classmethod
    def measured(cls, tree: Path, files: list[str], env: dict[str, str]) -> Covering:
        """Run the tests in these files once. Raises SystemExit where they do not run at all."""
        settings, times = tree / ".coveragerc", tree / ".times.xml"
        settings.write_text(_SETTINGS.format(data=tree / ".coverage"))
        command = [sys.executable, "-B", "-m", "coverage", "run", f"--rcfile={settings}", "-m", "pytest"]
        command += ["-q", "-n0", "-p", "no:cacheprovider", "-rfE", f"--junitxml={times}", *files]
        done = subprocess.run(command, cwd=tree, env=env, check=False, capture_output=True, text=True)
        failing = tuple(re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE))
        if done.returncode and not failing:
            raise SystemExit(f"without any mutation:\n{done.stdout}{done.stderr}")
        data = CoverageData(str(tree / ".coverage"))
        data.read()
        return cls(tree, data, _seconds(times, files), failing)

    def tests_of(self, file: str, start: int) -> list[Test]:
        """The tests that run what is at an offset (in characters) of a module, the quickest first."""
        names = {_context(test): test for test in self.seconds}
        lines = _statement(self.tree / file, start)
        by_line = self.data.contexts_by_lineno(str((self.tree / file).resolve()))
        found = {context for line in lines for context in by_line.get(line, ())}
        if "" in found:
            return sorted(self.seconds, key=self._time)
        return sorted({names[context] for context in found if context in names}, key=self._time)

    def _time(self, test: Test) -> tuple[float, Test]:
        return self.seconds[test], test

    def bound(self, tests: Iterable[Test]) -> float:
        """Seconds that these take together, unharmed."""
        return sum(self.seconds[test] for test in tests)


def _context(test: Test) -> str:
    file, function = test
    return f"{Path(file).with_suffix('').as_posix().replace('/', '.')}.{function}"


def _seconds(times: Path, files: list[str]) -> dict[Test, float]:
    """By test function; the cases of one count together."""
    modules = {Path(file).with_suffix("").as_posix().replace("/", "."): file for file in files}
    found: defaultdict[Test, float] = defaultdict(float)
    for case in ElementTree.parse(times).iter("testcase"):  # noqa: S314 - pytest wrote it a moment ago
        module, name = case.get("classname", ""), case.get("name", "")
        if module in modules:
            found[modules[module], name.partition("[")[0]] += float(case.get("time", "0"))
    return dict(found)


def _statement(file: Path, start: int) -> range:
    """The lines of the smallest statement around an offset; of one with a body those above the body."""
    text = file.read_text()
    line = text.count("\n", 0, start) + 1
    best = range(line, line + 1)
    smallest: ast.stmt | None = None
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.stmt) or not node.lineno <= line <= (node.end_lineno or node.lineno):
            continue
        if smallest is None or node.lineno >= smallest.lineno:
            smallest = node
    if smallest is not None:
        body = getattr(smallest, "body", None)
        end = body[0].lineno - 1 if body else smallest.end_lineno or smallest.lineno
        best = range(smallest.lineno, max(end, smallest.lineno) + 1)
    return best
