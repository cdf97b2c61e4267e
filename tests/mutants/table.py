"""How many mutations of each part are tried, and the tests that have to notice them."""

from __future__ import annotations

from dataclasses import dataclass

SEED = 5


@dataclass(frozen=True, slots=True)
class Part:
    """`code` is a pattern below the tree's root; `count` mutations are tried."""

    name: str
    code: str
    count: int


PARTS = (
    Part("diff", "reconciler/diff/*.py", 20),
    Part("planner", "reconciler/planner/*.py", 40),
    Part("promises", "reconciler/planner/promises/*.py", 15),
    Part("executor", "reconciler/executor/*.py", 25),
    Part("store", "reconciler/store/*.py", 20),
    Part("sql", "sql/schema/*.sql", 25),
)
STAGES = (
    (
        "tests/unit/test_approval.py",
        "tests/unit/test_budget.py",
        "tests/unit/test_diff.py",
        "tests/unit/test_failed.py",
        "tests/unit/test_fill.py",
        "tests/unit/test_identity.py",
        "tests/unit/test_in_use.py",
        "tests/unit/test_in_vain.py",
        "tests/unit/test_order.py",
        "tests/unit/test_plan_check.py",
        "tests/unit/test_planner*.py",
        "tests/unit/test_poller.py",
        "tests/unit/test_possible.py",
        "tests/unit/test_schedule.py",
        "tests/unit/test_select.py",
    ),
    ("tests/store/test_*.py",),
    ("tests/scenario/test_*.py",),
)
"""Patterns below the tree's root, from the quick to the slow: what one stage misses, the next one tries.
Tests of whole processes are too slow for this."""
