"""What keeps a fleet rolled back: it outlives readings under way, and ends by its manifest alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest

from reconciler.engine import desired as engine_desired
from reconciler.engine.desired import record_sources
from reconciler.engine.rollback.asked import Rollback, back_to
from reconciler.engine.rollback.record import record_rollback
from reconciler.errors import ManifestError
from reconciler.manifest.source.files import SourceFile
from reconciler.manifest.source.state import SourceState
from reconciler.model.address import Address
from reconciler.planner import Limits
from reconciler.store.database.session import Actor, Transaction
from reconciler.store.desired.past import lock_sources, wanted_roots
from reconciler.store.desired.pins import live_pins
from tests.rigs.stage import Stage, document
from tests.scenario.test_executor import network
from tests.scenario.test_rollback import revision, rollback

SOMEBODY = Actor("ada", "a test", "maintenance")
GUEST = "endpoint: proxmox-1, memory: 1GiB, cpu_cores: {}, ci_password: {{from: credential/guest-password}}"


def tagged(env: str) -> str:
    return network("a", "10.0.0.0/16").replace("{name: a}", f"{{name: a, tags: {{env: {env}}}}}")


def env(stage: Stage) -> str:
    (found,) = stage.hcloud.state()["networks"]
    return str(found["labels"]["env"])


def endings(stage: Stage) -> list[tuple[str, str | None]]:
    return stage.rows("SELECT address, ended_by FROM pins ORDER BY id")


def test_a_reading_under_way_does_not_undo_a_rollback_that_commits_meanwhile(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.want(tagged("one"))
    stage.settle()
    first = revision(stage)
    stage.want(tagged("two"))
    stage.settle()
    others: list[int | None] = [first]

    def somebody_first(tx: Transaction, ids: Collection[int]) -> None:
        """As when the lock was waited for: the other transaction has committed once it is had."""
        if others:
            rollback(stage, others.pop())
        lock_sources(tx, ids)

    monkeypatch.setattr(engine_desired, "lock_sources", somebody_first)
    stage.settle()
    assert not others
    assert (env(stage), endings(stage)) == ("one", [("network/a", None)])
    stage.settle()
    assert (env(stage), endings(stage)) == ("one", [("network/a", None)])


def test_a_rollback_ends_also_where_a_secret_has_moved_since(
    proxmox: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxmox.want(document("VirtualMachine", "db", GUEST.format(1)))
    proxmox.settle()
    first = revision(proxmox)
    proxmox.want(document("VirtualMachine", "db", GUEST.format(2)))
    proxmox.apply()
    rollback(proxmox, first)
    monkeypatch.setenv("RECONCILER_TEST_PASSWORD", "another-password-of-a-guest")
    rollback(proxmox, None)
    assert endings(proxmox) == [("vm/db", "released")]
    assert proxmox.rows("SELECT document_hash FROM desired_resources WHERE valid_to_revision IS NULL") == [
        (None,)
    ], "no text is known to say it, so that the next reading reads it again"
    rollback(proxmox, first)
    with proxmox.engine.store.read() as tx:
        assert [(str(pin.address), pin.back_to) for pin in live_pins(tx)] == [("vm/db", first)]


def test_a_pin_of_what_is_no_rollback_is_refused(stage: Stage) -> None:
    stage.want(tagged("one"))
    stage.settle()
    with pytest.raises(psycopg.DatabaseError, match="went back to nothing") as refused:
        stage.run(
            "INSERT INTO pins (address, source_id, revision_id, path, owner)"
            " SELECT 'network/a', source_id, id, 'fleet.yaml', 'ada' FROM revisions"
        )
    assert refused.value.sqlstate == "RC003"


def test_what_moved_out_of_the_part_that_is_read_stays_rolled_back(stage: Stage) -> None:
    stage.options = replace(stage.options, limits=Limits(destroy=99, share=1.0))
    one, two = network("z", "10.9.0.0/16"), network("w", "10.8.0.0/16")
    stage.want(**{"a/x.yaml": one})
    stage.settle()
    first = revision(stage)
    stage.want(**{"a/x.yaml": one, "a/y.yaml": two})
    stage.settle()
    rollback(stage, first)
    stage.want(**{"a/x.yaml": one, "b/y.yaml": two})
    whole = stage.state()
    part = replace(
        whole,
        files=tuple(file for file in whole.files if file.display_name.startswith("a/")),
        part=("a",),
        rest=lambda: [(f.display_name, f) for f in whole.files if not f.display_name.startswith("a/")],
    )
    with stage.engine.store.transaction(SOMEBODY) as tx:
        (loaded,) = record_sources(tx, stage.engine, [part])
    assert (loaded.change.agreed, endings(stage)) == (frozenset(), [("network/w", None)])


def test_what_another_source_wants_of_a_rollback_names_the_way_out(stage: Stage) -> None:
    stage.options = replace(stage.options, limits=Limits(destroy=99, share=1.0))
    stage.want(network("z", "10.9.0.0/16"), tagged("one"))
    stage.settle()
    first = revision(stage)
    stage.want(network("z", "10.9.0.0/16"))
    stage.settle()
    rollback(stage, first)
    file = SourceFile("a.yaml", tagged("one").encode())
    other = SourceState("other", "folder", (file,), complete=True, url="/other")
    with pytest.raises(ManifestError) as refused, stage.engine.store.rehearsal(SOMEBODY) as tx:
        record_sources(tx, stage.engine, [other])
    (problem,) = refused.value.problems
    assert problem.hint is not None
    assert "reconciler rollback --undo network/a" in problem.hint


def test_a_mark_is_gone_back_to_as_it_saw_two_sources_that_were_read_at_once(stage: Stage) -> None:
    """The earlier revision's transaction was open when the mark was taken, the later one's had ended."""
    stage.want(network("z", "10.9.0.0/16"))
    stage.settle()
    store = stage.engine.store

    def other(name: str, text: str) -> SourceState:
        return SourceState(
            name, "folder", (SourceFile("a.yaml", text.encode()),), complete=True, url=f"/{name}"
        )

    for name, octet in (("late", 1), ("soon", 2)):
        with store.transaction(SOMEBODY) as tx:
            record_sources(tx, stage.engine, [other(name, network(name, f"10.{octet}.0.0/16"))])
    late, soon = (
        network(n, f"10.{o}.0.0/16", rest="depends_on: [network/z]") for n, o in (("late", 1), ("soon", 2))
    )
    with store.transaction(SOMEBODY) as tx:
        record_sources(tx, stage.engine, [other("late", late)])
        with store.transaction(SOMEBODY) as inner:
            record_sources(inner, stage.engine, [other("soon", soon)])
        ((mark,),) = stage.rows("SELECT take_mark('hand')")
    with store.read() as tx:
        back = back_to(tx, f"mark/{mark}", datetime.now(UTC))
        then = wanted_roots(tx, mark=back.mark.id)
        now = wanted_roots(tx)
    assert back.by_mark
    assert then[Address.parse("network/soon")] == now[Address.parse("network/soon")]
    assert then[Address.parse("network/late")] != now[Address.parse("network/late")]
    with store.rehearsal(SOMEBODY) as tx:
        rolled = record_rollback(tx, stage.engine, Rollback(back))
    assert rolled.changed == {Address.parse("network/late")}
