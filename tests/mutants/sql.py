"""Mutations of the schema: a trigger, check or unique index that is not there, a condition turned round."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tests.mutants.mutation import Edit, Mutation, named

MIGRATION = "sql/migrations/0001_initial.sql"
_TABLE = re.compile(r"^CREATE TABLE (?:IF NOT EXISTS )?(\w+) \((.*?)^\)", re.MULTILINE | re.DOTALL)
_CHECK = re.compile(r"CONSTRAINT (\w+) (?:CHECK|UNIQUE|EXCLUDE)")
_TRIGGER = re.compile(r"^CREATE (?:CONSTRAINT )?TRIGGER (\w+)\s.*?\bON ([\w.]+)", re.MULTILINE | re.DOTALL)
_KEPT = re.compile(r"^SELECT keep_history\(\s*'(\w+)'", re.MULTILINE)
_INDEX = re.compile(r"^CREATE UNIQUE INDEX (\w+)", re.MULTILINE)
_FUNCTION = re.compile(
    r"^CREATE (?:OR REPLACE )?FUNCTION ([\w.]+)\s*\(.*?^(?:\$\w*\$|END);?$", re.MULTILINE | re.DOTALL
)
_CONDITION = re.compile(r"\b(?:ELS)?IF\s(.*?)\sTHEN\b", re.DOTALL)


def mutations(texts: Mapping[str, str]) -> list[Mutation]:
    """All that can be done to the files of sql/schema, given by name with their text."""
    last = max(texts)
    found = []
    for file, text in texts.items():
        drops = [(name, Edit(last, len(texts[last]), len(texts[last]), new)) for name, new in _drops(text)]
        found += named((f"{file} {name}", edit) for name, edit in drops)
        found += named(_conditions(file, text))
    return found


def _drops(text: str) -> Iterator[tuple[str, str]]:
    for table in _TABLE.finditer(text):
        for check in _CHECK.finditer(table[2]):
            yield f"no {check[1]}", f"\nALTER TABLE {table[1]} DROP CONSTRAINT {check[1]};\n"
    for trigger in _TRIGGER.finditer(text):
        yield f"no trigger {trigger[1]} on {trigger[2]}", f"\nDROP TRIGGER {trigger[1]} ON {trigger[2]};\n"
    for kept in _KEPT.finditer(text):
        for when in ("insert", "update", "delete"):
            name = f"write_history_{when}"
            yield f"no trigger {name} on {kept[1]}", f"\nDROP TRIGGER {name} ON {kept[1]};\n"
    for index in _INDEX.finditer(text):
        yield f"no {index[1]}", f"\nDROP INDEX {index[1]};\n"


def _conditions(file: str, text: str) -> Iterator[tuple[str, Edit]]:
    for function in _FUNCTION.finditer(text):
        for condition in _CONDITION.finditer(function[0]):
            start = function.start() + condition.start(1)
            shown = " ".join(condition[1].split())[:70]
            edit = Edit(file, start, start + len(condition[1]), f"NOT ({condition[1]})")
            yield f"{file} {function[1]}: condition: {shown}", edit
