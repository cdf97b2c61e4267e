"""Whole stories: manifests in; the plan, the requests and what is left out, compared with a file.

Each folder under `golden/` is a story. Its `*.yaml` files are its chapters, in the order of their names:
each is the whole source at that time. A chapter may have lines `# change: {…}`, which change the provider
behind the controller's back first. `expected.txt` tells what was planned, what was sent, and what there was
in the end. With RECONCILER_WRITE_GOLDEN=1 the files are written anew; read the difference like a reviewer.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.diff import AttributeChange
from reconciler.model.plan import Call, Plan, Step
from reconciler.model.values import as_text
from tests.rigs.databases import TestDatabase
from tests.rigs.stage import Simulator, Stage, staged

STORIES = Path(__file__).parent / "golden"
NAMES = sorted(folder.name for folder in STORIES.iterdir() if folder.is_dir())
WRITE = os.environ.get("RECONCILER_WRITE_GOLDEN") == "1"


@pytest.mark.parametrize("story", NAMES)
def test_a_story_goes_as_it_is_written(story: str, database: TestDatabase, place: Path) -> None:
    folder = STORIES / story
    with staged(database, place, providers=["hetzner", "proxmox"]) as stage:
        lines = list(_told(stage, folder))
        told = _steady("\n".join(lines), _ids(stage)) + "\n"
    expected = folder / "expected.txt"
    if WRITE:
        expected.write_text(told, encoding="utf-8")
    assert told == expected.read_text(encoding="utf-8")


def _told(stage: Stage, folder: Path) -> Iterator[str]:
    for chapter in sorted(folder.glob("*.yaml")):
        content = chapter.read_text(encoding="utf-8")
        yield f"==== {chapter.stem}"
        for what in re.findall(r"^# change: (.*)$", content, re.MULTILINE):
            change = json.loads(what)
            simulator = stage.pve if change.pop("at", "hetzner") == "proxmox" else stage.hcloud
            simulator.change(**change)
            yield f"behind our back: {what}"
        stage.want(content)
        before = {id(each): len(each.ledger()) for each in (stage.hcloud, stage.pve)}
        plan = stage.plan()
        assert [
            entry for each in (stage.hcloud, stage.pve) for entry in _changes(each, before[id(each)])
        ] == []
        yield from _plan(plan)
        applied = stage.apply()
        ids = _ids(stage)
        yield "-- sent"
        for simulator in (stage.hcloud, stage.pve):
            # Steps run side by side; what the story is about is what was sent, each step's own in its order.
            yield from sorted(_request(entry, ids) for entry in _changes(simulator, before[id(simulator)]))
        yield "-- outcomes"
        yield from sorted(
            f"{o.result.value}: {o.action} {o.address} {o.message}".rstrip() for o in applied.outcomes
        )
        yield "-- left"
        yield from _plan(applied.left)
    yield "==== in the end"
    for address, (state, presence) in stage.managed().items():
        yield f"{address}: {state}, {presence}"


def _changes(simulator: Simulator, after: int) -> list[dict[str, Any]]:
    return [entry for entry in simulator.ledger()[after:] if entry["method"] != "GET"]


def _plan(plan: Plan) -> Iterator[str]:
    for step in plan.steps:
        yield from _step(step)
    for item in plan.blocked:
        yield f"blocked: {item.action} {item.address} [{item.reason}] {item.message} ({item.hint})"
    yield from (f"warning: {each}" for each in plan.warnings)
    yield from (f"needs an approval: {each}" for each in plan.approvals)
    if not (plan.steps or plan.blocked):
        yield "nothing to do"
    if plan.requests:
        yield "requests: " + ", ".join(f"{count} at {name}" for name, count in sorted(plan.requests.items()))


def _step(step: Step) -> Iterator[str]:
    needs = f" after {', '.join(map(str, step.requires))}" if step.requires else ""
    yield f"{step.action} {step.address} [{step.reason}, {step.impact}]{needs}"
    yield from (f"  approval: {each}" for each in step.approvals)
    yield from (f"  {_change(each)}" for each in step.changes)
    for part in step.parts:
        yield f"  {part.action} {part.address}"
        yield from (f"    {_change(each)}" for each in part.changes)
    yield from (f"  tag {tag.key}: {tag.before!r} -> {tag.after!r}" for tag in step.tags)
    yield from (f"  > {_call(call)}" for call in step.calls)


def _change(change: AttributeChange) -> str:
    return f"{change.name}: {as_text(change.before)} -> {as_text(change.after)} ({change.reason})"


def _call(call: Call) -> str:
    path = call.path.format(**{name: str(value) for name, value in call.path_params})
    return f"{call.method} {path} " + " ".join(f"{name}={value}" for name, value in call.params)


def _ids(stage: Stage) -> list[tuple[str, str]]:
    """What stands for the ids that differ from run to run: an address for each external id of ours or not."""
    rows = stage.rows(
        "SELECT DISTINCT h.external_id, r.address FROM resource_history h"
        " JOIN resources r ON r.id = h.resource_id"
        " WHERE h.external_id ~ '^[0-9]{5,}$' ORDER BY 1"
    )
    return [(external_id, f"<{address}>") for external_id, address in rows]


def _request(entry: dict[str, Any], ids: list[tuple[str, str]]) -> str:
    body = json.dumps(entry["body"], sort_keys=True, ensure_ascii=False) if entry["body"] else ""
    return _steady(f"{entry['method']} {entry['path']} {body} = {entry['status']}", ids)


def _steady(told: str, ids: list[tuple[str, str]]) -> str:
    """Without what differs from run to run: ids, marks, digests and fingerprints."""
    for external_id, address in ids:
        told = re.sub(rf"(?<![0-9.]){external_id}(?![0-9.])", address, told)
    told = re.sub(r'(digest(=|": "))[0-9a-f]{40}', r"\1<digest>", told)
    told = re.sub(r"(credential/[a-z-]+)#[0-9a-f]+", r"\1#<fingerprint>", told)
    return re.sub(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uuid>", told)
