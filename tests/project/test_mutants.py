"""The mutations of `make mutants`: each is a program still, and another one than before."""

from __future__ import annotations

import ast

import pytest

from tests.mutants import python, sql
from tests.mutants.__main__ import ROOT, every, survivors
from tests.mutants.mutation import Mutation, selected
from tests.mutants.table import PARTS, SEED, Part

TEXT = '''
def chosen(items: tuple[str, int], limit: int = 3) -> object:
    """Not this: 1 < 2."""
    if not items and limit <= 4:
        note(limit)
    return [each for each in items if each], (limit, True), "ö" if limit else None
'''


def applied(mutation: Mutation, text: str) -> str:
    (edit,) = mutation.edits
    return text[: edit.start] + edit.new + text[edit.end :]


def test_what_can_be_done_to_a_function() -> None:
    found = python.mutations("a.py", TEXT)
    assert [each.name.removeprefix("a.py chosen: ") for each in found] == [
        "constant: 3",
        "condition: not items and limit <= 4",
        "and, or: not items and limit <= 4",
        "no not: not items",
        "comparison: limit <= 4",
        "constant: 4",
        "removed: note(limit)",
        'last element: [each for each in items if e … rue), "ö" if limit else None',
        "filter: each",
        "last element: (limit, True)",
        "constant: True",
        'branches: "ö" if limit else None',
    ]
    assert "if ((not items) or (limit <= 4)):" in applied(found[2], TEXT)
    assert '(None if limit else "ö")' in applied(found[-1], TEXT)


def test_what_can_be_done_to_the_schema() -> None:
    table = "CREATE TABLE t (\n    a int,\n    CONSTRAINT t_a CHECK (a > 0)\n);\n"
    guard = "CREATE FUNCTION f() RETURNS trigger AS $$\nBEGIN\n  IF a THEN RAISE x; END IF;\nEND;\n$$;\n"
    trigger = "CREATE TRIGGER g\nBEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();\n"
    kept = "SELECT keep_history('t', 't_history', '{a}');\n"
    found = sql.mutations({"1.sql": table + trigger + kept, "2.sql": guard})
    assert [each.name for each in found] == [
        "1.sql no t_a",
        "1.sql no trigger g on t",
        "1.sql no trigger write_history_insert on t",
        "1.sql no trigger write_history_update on t",
        "1.sql no trigger write_history_delete on t",
        "2.sql f: condition: a",
    ]
    assert [each.edits[0].file for each in found] == ["2.sql"] * 6, "what is dropped is dropped at the end"
    assert "IF NOT (a) THEN" in applied(found[5], guard)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_every_mutation_that_is_tried_is_another_program(part: Part) -> None:
    chosen = selected(every(part), part.count, SEED)
    assert len(chosen) == part.count
    for mutation in chosen:
        text = (ROOT / mutation.edits[0].file).read_text()
        assert applied(mutation, text) != text
        if part.name != "sql":
            ast.parse(applied(mutation, text))


def test_whoever_is_lucky_stays_so_beside_others() -> None:
    few = [Mutation(f"number {number}", ()) for number in range(20)]
    more = [*few, *(Mutation(f"other {number}", ()) for number in range(20))]
    names = {each.name for each in selected(few, 10, SEED)}
    assert {each.name for each in selected(more, 10, SEED)} & {each.name for each in few} <= names


def test_a_survivor_that_is_named_can_still_be_made_and_has_its_reason() -> None:
    possible = {each.name for part in PARTS for each in every(part)}
    assert survivors().keys() <= possible
    assert all(survivors().values())
