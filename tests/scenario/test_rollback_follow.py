"""Manifests that follow a rollback: what depends on each other goes together, and many are read but once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from reconciler.engine.rollback import follow as following
from reconciler.engine.rollback.follow import Followed, follow
from reconciler.manifest.load import load
from reconciler.planner import Limits
from tests.rigs.stage import Stage, document
from tests.scenario.test_executor import network
from tests.scenario.test_rollback import revision, rollback
from tests.scenario.test_rollback_pins import SOMEBODY

NET = network("z", "10.9.0.0/16")


@pytest.fixture
def stage(stage: Stage) -> Stage:
    stage.options = replace(stage.options, limits=Limits(destroy=99, share=1.0))
    return stage


def service(name: str, rest: str = "", tags: str = "") -> str:
    found = document("Service", name, "endpoint: logical", rest)
    return found.replace(f"{{name: {name}}}", f"{{name: {name}, tags: {{{tags}}}}}") if tags else found


def at(stage: Stage, *documents: str) -> int:
    stage.want(*documents)
    stage.settle()
    return revision(stage)


def followed(stage: Stage) -> Followed:
    with stage.engine.store.rehearsal(SOMEBODY) as tx:
        return follow(tx, stage.engine, stage.state(), None)


def agrees(stage: Stage, found: Followed) -> bool:
    """Whether the changed files end every pin, and change nothing."""
    stage.manifests |= {change.path: (change.after or b"").decode() for change in found.changes}
    applied = stage.settle()
    return (applied.outcomes, stage.rows("SELECT 1 FROM pins WHERE ended_at IS NULL")) == ((), [])


@contextmanager
def loads(patched: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many files each reading of the manifests had."""
    found: list[int] = []
    real = load

    def counted(files: Any, *more: Any, **named: Any) -> Any:
        found.append(len(files))
        return real(files, *more, **named)

    with patched.context() as patch:
        patch.setattr(following, "load", counted)
        yield found


def test_what_depends_on_each_other_comes_and_goes_together(stage: Stage) -> None:
    first = at(stage, NET)
    second = at(stage, NET, network("a", "10.0.0.0/16"), service("s", "depends_on: [network/a]"))
    rollback(stage, first)
    found = followed(stage)
    assert (found.left, found.anew) == ((), ())
    assert agrees(stage, found)
    rollback(stage, second)
    found = followed(stage)
    assert (found.left, found.anew) == ((), ())
    assert agrees(stage, found)


def test_many_that_agree_are_read_once_before_and_once_after(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = at(stage, NET, *(service(f"s{number}", tags="env: one") for number in range(50)))
    at(stage, NET, *(service(f"s{number}", tags="env: two, more: x") for number in range(50)))
    rollback(stage, first)
    with loads(monkeypatch) as readings:
        found = followed(stage)
    assert len(readings) == 2
    assert found.left == ()
    assert agrees(stage, found)


def test_one_that_cannot_be_changed_in_its_places_costs_the_others_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = "metadata:\n  name: s7\n  ? tags\n  : {env: two}\n"
    odd = f"apiVersion: reconciler/v1\nkind: Service\n{metadata}spec: {{endpoint: logical}}\n"
    plain = [service(f"s{number}", tags="env: one") for number in range(16)]
    first = at(stage, NET, *plain[:7], service("s7"), *plain[8:])
    changed = [text.replace("one", "two") for text in plain]
    at(stage, NET, *changed[:7], odd, *changed[8:])
    rollback(stage, first)
    with loads(monkeypatch) as readings:
        found = followed(stage)
    assert [str(address) for address in found.anew] == ["service/s7"]
    assert found.left == ()
    assert len(readings) < 16
    assert agrees(stage, found)


@pytest.mark.parametrize(
    "value", ["1e3", "0o17", "yes", "null", "é\u2028x", "a\x85b", "2026-01-01", "a: b #c"]
)
def test_a_text_that_could_be_something_else_is_written_as_a_text(stage: Stage, value: str) -> None:
    escaped = '"' + value.encode("unicode_escape").decode() + '"'
    first = at(stage, service("s", tags=f"t: {escaped}"))
    at(stage, service("s", tags="t: plain"))
    rollback(stage, first)
    found = followed(stage)
    assert (found.left, found.anew) == ((), ())
    assert agrees(stage, found)
