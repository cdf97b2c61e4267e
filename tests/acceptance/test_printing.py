"""What is printed where something is in the way: a full disk, a poor terminal, an endpoint out of sight."""

from __future__ import annotations

import os
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from reconciler.cli.handlers.graph import _about
from reconciler.cli.handlers.manifests import Manifests
from reconciler.cli.handlers.selecting import spelt
from reconciler.cli.handlers.times import future, past
from reconciler.cli.terminal import streams
from reconciler.errors import ConfigurationError
from reconciler.executor.observe.endpoint import Coverage
from reconciler.model.address import Address
from reconciler.model.plan import Action, Blocked, BlockReason, Plan
from reconciler.planner.select import Selection, Selector
from reconciler.report.coverage import ObservationCoverage
from reconciler.report.plan_summary import summary_lines
from reconciler.report.values import united
from reconciler.report.words import short_commit
from reconciler.store.views import RelationshipView

SEEN = Coverage("pve", requests=3, seen=2)
BLIND = Coverage("hz", trouble="the connection failed", blind=True)


def said(plan: Plan, coverage: ObservationCoverage) -> str:
    return "\n".join(text.plain for text in summary_lines(plan, coverage))


def blocked(*addresses: str, why: BlockReason = BlockReason.HELD) -> Plan:
    return Plan(blocked=tuple(Blocked(Address.parse(a), Action.UPDATE, why, "held", "") for a in addresses))


# -- no more is claimed than is known ---------------------------------------------------------------------


def test_a_plan_that_saw_everything_says_so() -> None:
    assert (
        said(Plan(), ObservationCoverage({"pve": SEEN}))
        == "No changes. What is recorded is what the manifests say."
    )


def test_a_plan_without_steps_does_not_claim_what_could_not_be_seen() -> None:
    text = said(Plan(), ObservationCoverage({"pve": SEEN, "hz": BLIND}))
    assert text == "No changes for what could be seen; hz cannot be observed: the connection failed."


def test_a_plan_that_was_not_to_look_says_what_it_went_by() -> None:
    assert said(Plan(), ObservationCoverage(observed=False)).startswith("No changes by what is recorded;")


def test_a_plan_of_a_part_speaks_of_the_part() -> None:
    coverage = ObservationCoverage({"pve": SEEN}, selected=True)
    assert said(Plan(), coverage).startswith("No changes in what was selected.")


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (blocked("vm/a"), "1 resource differs and is left as it is."),
        (blocked("vm/a", "vm/b"), "2 resources differ and are left as they are."),
        (blocked("vm/a", why=BlockReason.UNKNOWN), "1 resource is not known well enough to be changed."),
    ],
)
def test_one_and_many(plan: Plan, expected: str) -> None:
    assert said(plan, ObservationCoverage()) == f"No changes will be made; {expected}"


def test_one_of_a_unit_is_singular() -> None:
    assert [united("1", "cores"), united("2", "cores"), united("1", "GiB")] == ["1 core", "2 cores", "1 GiB"]


# -- streams ------------------------------------------------------------------------------------------------


def test_signs_that_a_terminal_has_not_become_plain_ones_and_nothing_else_is_lost() -> None:
    streams.prepare()
    out = BytesIO()
    text = TextIOWrapper(out, "ascii", streams.HANDLER)
    text.write("  → a … b ≠ ü \udcff")
    text.flush()
    assert out.getvalue() == rb"  -> a ... b != \xfc \xff"


def run(*args: str, out: int, **env: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "reconciler", *args]
    done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, env=os.environ | env, check=False)
    return done.returncode, done.stderr.decode()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("args", [["version"], ["schema", "vm"], ["get", "--help"]])
def test_a_full_disk_is_named_and_is_no_fault(args: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        code, err = run(*args, out=full.fileno())
    assert code == 1
    assert "error: the output could not be written: No space left on device" in err
    assert "fault" not in err
    assert "Traceback" not in err


def test_a_reader_that_leaves_hears_no_complaint() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    assert run("explain", "vm", out=writing) == (141, "")
    os.close(writing)


def test_a_terminal_without_unicode_gets_everything(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as out:
        code, err = run(
            "explain", "vm", out=out.fileno(), PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C"
        )
    assert (code, err) == (0, "")
    assert (tmp_path / "out").read_bytes().isascii()


# -- words that were typed ----------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [Manifests(files=("",)), Manifests(git="")])
def test_an_empty_source_is_a_mistake_and_neither_this_folder_nor_the_last_one(given: Manifests) -> None:
    assert given.given
    with pytest.raises(ConfigurationError, match="empty text"):
        given.spec()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("soon", "names no time of the past"),
        ("2026-13-01", "no time that can be"),
        ("999999d", "a commit, a revision or a mark"),
        ("999999999w", "no time that can be"),
        ("revision/1", "a commit, a revision or a mark"),
    ],
)
def test_what_is_no_time_is_refused(text: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        past(text)


@pytest.mark.parametrize("text", ["soon", "2026-13-01", "999999999d", "9999999999d"])
def test_what_is_no_time_to_come_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="neither a span nor a moment"):
        future(text)


def test_a_type_may_be_selected_by_its_kind() -> None:
    chosen = Selection((Selector(type="VirtualMachines"),), (Selector(type="nothing"),))
    assert spelt(chosen, {"vm": "VirtualMachine"}).targets == (Selector(type="vm"),)
    assert spelt(chosen, {"vm": "VirtualMachine"}).excludes == chosen.excludes


def test_a_graph_of_one_leaves_out_what_only_shares_a_need_with_it() -> None:
    ties = [
        RelationshipView("pool/lab", "member_of", "vm/a"),
        RelationshipView("pool/lab", "member_of", "vm/b"),
        RelationshipView("vm/a", "contains", "vm/a/nic/net0"),
        RelationshipView("network/n", "attached_to", "vm/a/nic/net0"),
        RelationshipView("vm/a", "depends_on", "database/d"),
    ]
    assert _about("vm/a", ties) == {"vm/a", "vm/a/nic/net0", "network/n", "pool/lab", "database/d"}
    assert "vm/b" in _about("pool/lab", ties)


def test_what_was_not_committed_is_not_shown_as_the_commit_it_is_based_on() -> None:
    assert short_commit("0518d41a28c0347c61ec0c4974319ee98c0d3432") == "0518d41"
    assert short_commit("0518d41a28c0347c61ec0c4974319ee98c0d3432-dirty") == "0518d41-dirty"
