"""How many mutations of each part are tried, and which tests have to notice them.

The tests of a part go from the fast to the slow, in as many runs: the first run that fails has killed it.
"""

from __future__ import annotations

from dataclasses import dataclass

SEED = 5


@dataclass(frozen=True, slots=True)
class Part:
    """`code` and `tests` are patterns below the tree's root; `count` mutations are tried."""

    name: str
    code: str
    count: int
    tests: tuple[tuple[str, ...], ...]


_CORE = (
    "tests/unit/test_diff.py",
    "tests/unit/test_identity.py",
    "tests/unit/test_planner.py",
    "tests/unit/test_planner_guards.py",
    "tests/unit/test_failed.py",
    "tests/unit/test_in_use.py",
    "tests/unit/test_order.py",
    "tests/unit/test_possible.py",
    "tests/unit/test_select.py",
)
_PROMISED = ("tests/unit/test_planner_promises.py",)
_CAUGHT = ("tests/unit/test_plan_check.py",)
_PLAYED = (
    "tests/scenario/test_failures.py",
    "tests/scenario/test_safety.py",
    "tests/scenario/test_golden.py",
    "tests/scenario/test_executor*.py",
    "tests/scenario/test_recovery.py",
)
_WORKED = (
    "tests/unit/test_budget.py",
    "tests/unit/test_fill.py",
    "tests/unit/test_in_vain.py",
    "tests/unit/test_poller.py",
    "tests/unit/test_schedule.py",
)
PARTS = (
    Part("diff", "reconciler/diff/*.py", 20, (_CORE, _PROMISED, _PLAYED)),
    Part("planner", "reconciler/planner/*.py", 40, (_CORE, _PROMISED, _PLAYED)),
    Part("promises", "reconciler/planner/promises/*.py", 20, (_CAUGHT, _CORE)),
    Part("executor", "reconciler/executor/*.py", 25, (_WORKED, _PLAYED)),
    Part("store", "reconciler/store/*.py", 20, (("tests/store/test_*.py",), _PLAYED)),
    Part("sql", "sql/schema/*.sql", 25, (("tests/store/test_*.py",), _PLAYED)),
)
