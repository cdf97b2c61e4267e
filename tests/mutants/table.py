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
    Part("executor", "reconciler/executor/**/*.py", 25),
    Part("store", "reconciler/store/**/*.py", 20),
    Part("sql", "sql/schema/*.sql", 25),
)
STAGES = (
    ("tests/unit/diff/*.py", "tests/unit/planner/*.py", "tests/unit/executor/*.py", "tests/unit/engine/*.py"),
    ("tests/store/test_*.py",),
    ("tests/scenario/test_*.py",),
)
"""Patterns below the tree's root, from the quick to the slow: what one stage misses, the next one tries.
Tests of whole processes are too slow for this."""
