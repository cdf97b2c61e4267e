"""After a broad story no text column holds a structure: not of values, not of plans, not of histories."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.rigs.columns import OWN_WORDS, SUSPECT, serialized, text_columns
from tests.rigs.databases import TestDatabase
from tests.rigs.stage import Stage, staged

STORIES = Path(__file__).parent / "golden"


def play(stage: Stage, story: str) -> None:
    for chapter in sorted((STORIES / story).glob("*.yaml")):
        content = chapter.read_text(encoding="utf-8")
        for what in re.findall(r"^# change: (.*)$", content, re.MULTILINE):
            change = json.loads(what)
            (stage.pve if change.pop("at", "hetzner") == "proxmox" else stage.hcloud).change(**change)
        stage.want(content)
        stage.apply()


@pytest.mark.parametrize("story", sorted(folder.name for folder in STORIES.iterdir()))
def test_nothing_is_serialized_in_a_text_column(story: str, database: TestDatabase, place: Path) -> None:
    with staged(database, place, providers=["hetzner", "proxmox"]) as stage:
        play(stage, story)
        if story == "home-lab":
            stage.pve.change(op="set", name="db-1", set={"numa": 1, "sata2": "local-lvm:2"})
            stage.apply()
            keys = stage.rows("SELECT DISTINCT value_key FROM resource_attributes WHERE value_key <> ''")
            assert ("sata2",) in keys
        if story == "web-servers":
            names = {name for (name,) in stage.rows("SELECT name FROM v_operation_parameters")}
            assert {"firewalls[0].firewall", "rules[0].port"} <= names
        for table in ("plan_step_change_values", "plan_call_parameters", "resource_attribute_history"):
            assert stage.rows(f"SELECT count(*) FROM {table}") > [(0,)], table  # noqa: S608
        assert serialized(stage.rows) == []


def test_every_column_that_is_left_out_exists(database: TestDatabase, place: Path) -> None:
    with staged(database, place) as stage:
        there = {f"{table}.{column}" for _, table, column in text_columns(stage.rows)}
    there |= {f"*.{name.partition('.')[2]}" for name in there}
    assert OWN_WORDS.keys() - there == set()


@pytest.mark.parametrize(
    "text",
    ['{"a": 1}', "[1, 2]", "credential/db#0a1b", "network#4711", "rules[0].port", "cache=none", "a,b", "a;b"],
)
def test_what_was_made_into_a_text_is_noticed(text: str) -> None:
    assert [kind for kind, matches in SUSPECT.items() if matches(text)] != []


@pytest.mark.parametrize(
    "text",
    ["vm/web-1/disk/scsi0", "10.0.0.0/16", "2001:db8::/32", "local-lvm:vm-101-disk-0", "a, b and c are"],
)
def test_what_is_one_thing_is_let_pass(text: str) -> None:
    assert [kind for kind, matches in SUSPECT.items() if matches(text)] == []
