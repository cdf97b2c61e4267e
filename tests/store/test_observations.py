"""Recording a look: only what differs is written, ours is known by its mark, and absence is earned."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings

from reconciler.model.observation import Unseen
from reconciler.model.plan import Action
from reconciler.model.resource import Desired, Management, Mark, Observed, Presence, Recorded
from reconciler.model.values import Entry, ExternalRef, SecretRef
from reconciler.store.recorded.observations import known_ids
from reconciler.store.recorded.resources import candidates, load_recorded_by_id, load_strangers, settle
from reconciler.store.work import objects
from reconciler.store.work import operations as ops
from tests.rigs.core import ENDPOINT_OF, OWNER, observed_of, resources, want, with_parts
from tests.rigs.core_world import ACTOR, OBSERVER, CoreWorld, record, side_by_side, step_for
from tests.rigs.examples import often
from tests.rigs.manifest import catalog

RULE = {"direction": "in", "protocol": "tcp", "port": "22", "source_ips": ("10.0.0.0/8", "::/0")}
ICMP = {"direction": "in", "protocol": "icmp", "source_ips": ("10.0.0.0/8",)}


def net(name: str = "a", **more: Any) -> Desired:
    return want(f"network/{name}", ip_range="10.0.0.0/16", **more)


def seen(desired: Desired, uid: UUID, **changes: Any) -> Observed:
    """An object as desired, with our mark for a row."""
    return replace(observed_of(desired), mark=Mark(OWNER, uid), **changes)


def manage(world: CoreWorld, *wanted: Desired) -> list[Observed]:
    """Rows and objects for all of these, made by us and looked at; gives the objects."""
    world.revise(*wanted)
    worker = world.worker()
    found = []
    for item in wanted:
        begun = world.begin(step_for(item), worker)
        made = seen(item, begun.uid)
        with world.store.transaction(ACTOR) as tx:
            objects.set_external_id(tx, begun, made.external_id)
            ops.finish(tx, begun, "interrupted")
        found.append(made)
    world.look(*found, endpoint=wanted[0].endpoint)
    return found


def test_a_first_look_records_strangers_as_nobodys(world: CoreWorld) -> None:
    result = world.look(replace(observed_of(net()), mark=None), replace(observed_of(net("b")), mark=None))
    assert (result.seen, result.gone, result.unknown, result.quarantined) == (2, (), (), ())
    rows = world.rows("SELECT address, management, presence, external_id FROM resources ORDER BY address")
    assert rows == [
        ("network/a", "unmanaged", "present", "ext-a"),
        ("network/b", "unmanaged", "present", "ext-b"),
    ]
    with world.store.read() as tx:
        assert known_ids(tx, "hetzner-1") == {}


def contents(item: Observed | Recorded) -> Any:
    """All that is recorded of an object, without where it is recorded."""
    parts = sorted((part.type, sorted(map(str, part.attributes.items()))) for part in item.parts)
    return (item.state, item.attributes, item.tags, parts)


@settings(
    max_examples=often(10),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(resources(), resources())
def test_whatever_is_seen_is_recorded_as_it_is(world: CoreWorld, one: Desired, other: Desired) -> None:
    endpoint = ENDPOINT_OF[one.provider_type]
    first, second = (replace(observed_of(item), mark=None, external_id="one") for item in (one, other))
    coverage = [
        first,
        *([second] if one.type == other.type and one.endpoint == other.endpoint else []),
        first,
    ]
    with world.store.rehearsal(OBSERVER) as tx:
        for shown in coverage:
            record(tx, endpoint, shown)
            (row,) = tx.rows(
                "observations.target_roots",
                endpoint=endpoint,
                types=[one.type],
                external_ids=["one"],
                uids=[],
            )
            (found,) = load_recorded_by_id(tx, [row[0]], catalog())
            assert contents(found) == contents(shown)
        assert record(tx, endpoint, first).changed == (), "nothing new, nothing written"


def test_a_look_that_shows_nothing_new_writes_nothing(world: CoreWorld) -> None:
    objects = manage(world, *(net(name, tags={"env": "prod"}) for name in "abc"))
    history, version = world.changes(), world.recorded("network/a").version
    result = world.look(*objects)
    assert (result.seen, result.changed) == (3, ())
    assert (world.changes(), world.recorded("network/a").version) == (history, version)


def test_a_change_that_waits_for_a_restart_is_news_though_all_values_are_the_same(world: CoreWorld) -> None:
    machine = want("vm/web", "proxmox", cpu_cores=2)
    (made,) = manage(world, machine)
    for pending in (frozenset({"cpu_cores"}), frozenset({"cpu_cores", "memory_mb"}), frozenset[str]()):
        world.look(replace(made, pending=pending), endpoint=machine.endpoint)
        found = world.rows(
            "SELECT ad.name FROM resource_pending_attributes p"
            " JOIN attribute_definitions ad ON ad.id = p.attribute_definition_id"
        )
        assert {name for (name,) in found} == pending


def test_a_change_writes_what_changed_and_no_more(world: CoreWorld) -> None:
    first, second = manage(world, net("a", tags={"env": "prod"}), net("b"))
    before, version = world.changes(), world.recorded("network/a").version
    moved = replace(first, attributes={**first.attributes, "protected": True}, tags={"env": "dev"})
    result = world.look(moved, second)
    assert [str(address) for address in result.changed] == ["network/a"]
    after = world.changes()
    assert after["resource_attribute"] - before["resource_attribute"] == 1
    assert after["resource_tag"] - before["resource_tag"] == 2, "one tag gone, one come"
    assert after["resource"] == before["resource"]
    there = world.recorded("network/a")
    assert (there.attributes["protected"], there.tags) == (True, {"env": "dev"})
    assert there.version > version, "so that a plan made before it is stale"
    who = world.rows(
        "SELECT actor, reason, cause FROM resource_attribute_history h JOIN changesets s"
        " ON s.changed_at = h.changed_at AND s.id = h.changeset_id ORDER BY h.change DESC LIMIT 1"
    )
    assert who == [("ada", "a look", "observation")]


def test_the_state_follows_what_is_seen_though_all_else_is_the_same(world: CoreWorld) -> None:
    """An operation that failed leaves a state behind; the next look says how it really is."""
    (made,) = manage(world, net())
    there = world.recorded("network/a")
    begun = world.begin(step_for(net(), Action.UPDATE, there), world.worker())
    with world.store.transaction(ACTOR) as tx:
        objects.settle_state(tx, begun)
        ops.finish(tx, begun, "failed", "other", "no")
    assert world.recorded("network/a").state == "failed"
    world.look(made)
    assert world.recorded("network/a").state == "available"


def test_what_a_complete_and_anchored_look_does_not_show_is_missing(world: CoreWorld) -> None:
    first, _ = manage(world, net("a"), net("b"))
    result = world.look(first)
    assert [str(address) for address in result.gone] == ["network/b"]
    gone = world.recorded("network/b")
    assert (gone.presence, gone.state, gone.external_id) == (Presence.ABSENT, "missing", "ext-b")
    assert not gone.exists
    assert world.one("SELECT deleted_at IS NULL FROM resources WHERE address = 'network/b'")
    history = world.changes()
    world.look(first)
    assert world.changes() == history, "it is noted once"


@pytest.mark.parametrize(
    "look",
    [
        {"complete": ["network"]},
        {"complete": [], "unseen": (Unseen("network", None, "no answer"),)},
        {"complete": ["network"], "unseen": (Unseen("network", "ext-a", "node down"),)},
    ],
)
def test_what_could_not_be_seen_is_unknown_and_nothing_else(world: CoreWorld, look: dict[str, Any]) -> None:
    manage(world, net("a"))
    result = world.look(**look)
    assert [str(address) for address in result.unknown] == ["network/a"]
    assert result.gone == ()
    there = world.recorded("network/a")
    assert (there.presence, there.state, there.attributes["ip_range"]) == (
        Presence.UNKNOWN,
        "available",
        "10.0.0.0/16",
    )
    assert there.exists


def test_an_empty_answer_counts_only_when_confirmed(world: CoreWorld) -> None:
    manage(world, net("a"))
    assert world.look(complete=["network"]).trouble is not None
    result = world.look(complete=["network"], accept_empty=True)
    assert [str(address) for address in result.gone] == ["network/a"]


def test_what_is_seen_again_is_there_again(world: CoreWorld) -> None:
    first, second = manage(world, net("a"), net("b"))
    world.look(first)
    world.look(first, second)
    there = world.recorded("network/b")
    assert (there.presence, there.state) == (Presence.PRESENT, "available")


def test_a_create_whose_answer_was_lost_is_found_by_its_mark(world: CoreWorld) -> None:
    world.revise(net())
    begun = world.begin(step_for(net()), world.worker())
    with world.store.transaction(ACTOR) as tx:
        objects.settle_state(tx, begun)
        ops.finish(tx, begun, "failed")
    world.look(seen(net(), begun.uid, external_id="4711"))
    there = world.recorded("network/a")
    assert (there.uid, there.external_id, there.presence) == (begun.uid, "4711", Presence.PRESENT)
    assert world.one("SELECT count(*) FROM resources") == 1


def test_an_object_that_lost_our_mark_is_quarantined_until_it_carries_it_again(world: CoreWorld) -> None:
    (made,) = manage(world, net())
    result = world.look(replace(made, mark=None))
    assert [str(address) for address in result.quarantined] == ["network/a"]
    world.look(replace(made, mark=None))
    there = world.recorded("network/a")
    assert (there.management, there.state) == (Management.QUARANTINED, "quarantined")
    assert world.look(made).quarantined == ()
    again = world.recorded("network/a")
    assert (again.management, again.state, again.uid) == (Management.MANAGED, "available", there.uid)


def test_an_object_in_quarantine_may_change_and_with_its_end_the_quarantine_ends(world: CoreWorld) -> None:
    made, anchor = manage(world, net(), net("anchor"))
    world.look(replace(made, mark=None), anchor)
    world.look(replace(made, mark=None, tags={"new": "1"}), anchor)
    result = world.look(anchor)
    assert [str(address) for address in result.gone] == ["network/a"]
    there = world.recorded("network/a")
    assert (there.management, there.presence, there.state) == (
        Management.MANAGED,
        Presence.ABSENT,
        "missing",
    )


def test_our_mark_on_an_object_that_no_row_knows_is_quarantined_beside_its_namesake(world: CoreWorld) -> None:
    (made,) = manage(world, net())
    copy = replace(made, external_id="copy")
    result = world.look(made, copy)
    assert len(result.quarantined) == 1
    rows = world.rows("SELECT address, management FROM resources ORDER BY id")
    assert rows == [("network/a", "managed"), ("network/a+copy", "quarantined")]
    world.look(made, replace(copy, mark=None))
    whose = "SELECT management FROM resources WHERE external_id = 'copy' AND deleted_at IS NULL"
    assert world.rows(whose) == [("unmanaged",)], "without the mark it is nobody's of ours"
    world.look(made, copy)
    world.look(made)
    assert world.rows(whose) == [], "and what is gone was never ours"


def test_two_strangers_of_one_name_are_both_recorded(world: CoreWorld) -> None:
    one = replace(observed_of(net()), mark=None)
    world.look(one, replace(one, external_id="other"))
    assert world.one("SELECT count(*) FROM resources WHERE address = 'network/a'") == 2


def test_a_stranger_that_is_gone_needs_no_row(world: CoreWorld) -> None:
    (made,) = manage(world, net())
    world.look(made, replace(observed_of(net("b")), mark=None))
    world.look(made)
    assert world.one("SELECT count(*) FROM resources WHERE deleted_at IS NULL") == 1


def test_a_stranger_stands_where_a_desired_resource_would_go(world: CoreWorld) -> None:
    world.look(replace(observed_of(net()), mark=None))
    world.revise(net(), net("b", adopt="ext-a"))
    with world.store.read() as tx:
        found = load_strangers(tx, [net().address, net("b").address], catalog())
    assert {str(address): item.external_id for address, item in found.items()} == {
        "network/a": "ext-a",
        "network/b": "ext-a",
    }


# -- parts ----------------------------------------------------------------------------------------------


def parts_of(world: CoreWorld, address: str) -> dict[str, Any]:
    return {part.address.name: part.uid for part in world.recorded(address).parts}


def test_parts_with_a_key_keep_their_rows_whatever_else_changes(world: CoreWorld) -> None:
    subnets = [{"ip_range": f"10.0.{n}.0/24", "network_zone": "eu-central"} for n in (1, 2)]
    desired = with_parts(net(), "subnet", *subnets)
    (made,) = manage(world, desired)
    before = parts_of(world, "network/a")
    assert before.keys() == {"0", "1"}, "called as the manifest calls them, not as they were seen"
    first, second = made.parts
    changed = replace(second, attributes={**second.attributes, "gateway": "10.0.2.1"})
    world.look(replace(made, parts=(changed, first)))
    assert parts_of(world, "network/a") == before


def test_parts_without_a_key_are_told_apart_by_their_content(world: CoreWorld) -> None:
    desired = with_parts(want("firewall/web"), "firewall_rule", RULE, ICMP)
    (made,) = manage(world, desired)
    before = parts_of(world, "firewall/web")
    renamed = tuple(replace(part, name=f"rule-{n}") for n, part in enumerate(reversed(made.parts)))
    world.look(replace(made, parts=renamed))
    assert parts_of(world, "firewall/web") == before
    world.look(replace(made, parts=renamed[:1]))
    assert parts_of(world, "firewall/web") == {"1": before["1"]}
    assert world.one("SELECT count(*) FROM resources WHERE NOT is_root AND deleted_at IS NOT NULL") == 1


def test_a_part_that_nobody_wants_is_recorded_under_its_own_name(world: CoreWorld) -> None:
    desired = with_parts(want("firewall/web"), "firewall_rule", RULE)
    (made,) = manage(world, desired)
    odd = replace(made.parts[0], name="odd", attributes={**made.parts[0].attributes, "port": "23"})
    world.look(replace(made, parts=(*made.parts, odd, odd)))
    assert parts_of(world, "firewall/web").keys() == {"0", "odd", "odd-2"}


def test_parts_that_change_places_with_each_other_in_the_manifest_do_not_clash(world: CoreWorld) -> None:
    desired = with_parts(want("firewall/web"), "firewall_rule", RULE, ICMP)
    (made,) = manage(world, desired)
    world.revise(with_parts(want("firewall/web"), "firewall_rule", ICMP, RULE))
    world.look(replace(made, tags={"touched": ""}))
    found = {part.address.name: part.attributes["protocol"] for part in world.recorded("firewall/web").parts}
    assert found == {"0": "icmp", "1": "tcp"}


# -- references -----------------------------------------------------------------------------------------


def attached(desired: Desired, external_id: str) -> Observed:
    shown = replace(observed_of(desired), mark=None)
    return replace(shown, attributes={**shown.attributes, "server": ExternalRef("vm", external_id)})


def ties(world: CoreWorld, child: str) -> list[tuple[str, str]]:
    return world.rows(
        "SELECT p.address, t.name FROM resource_relationships rr"
        " JOIN resources p ON p.id = rr.parent_resource_id JOIN resources c ON c.id = rr.child_resource_id"
        " JOIN relationship_types t ON t.id = rr.relationship_type_id"
        " WHERE c.address = %s AND t.name <> 'contains' ORDER BY 1, 2",
        child,
    )


MACHINE = {"server_type": "cx22", "image": "debian-12"}


def any_recorded(world: CoreWorld, address: str) -> Recorded:
    """A root, whosever it is."""
    with world.store.read() as tx:
        ids = [row_id for (row_id,) in world.rows("SELECT id FROM resources WHERE address = %s", address)]
        (found,) = load_recorded_by_id(tx, ids, catalog())
    return found


def test_references_are_recorded_as_addresses_and_tie_the_resources(world: CoreWorld) -> None:
    machine = replace(observed_of(want("vm/web", **MACHINE)), mark=None)
    world.look(machine, attached(want("volume/data", size_gb=10), machine.external_id))
    assert ties(world, "volume/data") == [("vm/web", "attached_to")]
    value = world.one("SELECT value_string FROM resource_attributes WHERE value_string LIKE 'vm%%'")
    assert value == "vm/web"


def test_what_a_provider_shows_by_key_is_a_row_a_key(world: CoreWorld) -> None:
    options = (Entry("agent", "1", "new"), Entry("cpu", "a,b=c", "x"), Entry("future", "1"))
    guest = observed_of(want("vm/db", "proxmox", memory_mb=512))
    seen = replace(guest, mark=None, attributes={**guest.attributes, "other_options": options})
    world.look(seen)
    assert any_recorded(world, "vm/db").attributes["other_options"] == options
    rows = "SELECT value_key, value_inner_key, value_string FROM resource_attributes WHERE value_key <> ''"
    assert world.rows(f"{rows} ORDER BY ordinal") == [
        ("agent", "new", "1"),
        ("cpu", "x", "a,b=c"),
        ("future", None, "1"),
    ]
    world.look(replace(seen, attributes={**guest.attributes, "other_options": options[1:]}))
    assert any_recorded(world, "vm/db").attributes["other_options"] == options[1:]
    gone = "SELECT old_key, old_inner_key, old_string, new_key FROM resource_attribute_history"
    assert world.rows(f"{gone} WHERE action = 'delete'") == [("future", None, "1", None)]
    assert ("agent:new=1", "cpu:x=a,b=c") in world.rows("SELECT before, after FROM v_history")


def test_a_reference_to_what_appears_later_is_put_right_then(world: CoreWorld) -> None:
    machine = replace(observed_of(want("vm/web", **MACHINE)), mark=None)
    volume = attached(want("volume/data", size_gb=10), machine.external_id)
    world.look(volume)
    assert ties(world, "volume/data") == []
    by_id = ExternalRef("vm", machine.external_id)
    assert any_recorded(world, "volume/data").attributes["server"] == by_id
    known = "SELECT value_string, value_target_type FROM resource_attributes WHERE value_target_type <> ''"
    assert world.rows(known) == [(machine.external_id, "vm")]
    world.look(volume, machine)
    assert world.rows(known) == []
    history = world.changes()
    world.look(volume, machine)
    assert world.changes() == history
    assert ties(world, "volume/data") == [("vm/web", "attached_to")]


def test_write_only_values_stay_as_written_when_the_object_is_seen(world: CoreWorld) -> None:
    desired = want("vm/db", "proxmox", ci_password=SecretRef("pw", "0123456789ab"), tags={"a": ""})
    (made,) = manage(world, desired)
    with world.store.transaction(ACTOR) as tx:
        ops.write_only_written(tx, desired.address, desired.hash())
    assert world.recorded("vm/db").attributes["ci_password"] == SecretRef("pw", "0123456789ab")
    world.look(replace(made, tags={"b": ""}), endpoint="proxmox-1")
    assert world.recorded("vm/db").attributes["ci_password"] == SecretRef("pw", "0123456789ab")


# -- what is planned ------------------------------------------------------------------------------------


def to_plan(world: CoreWorld) -> tuple[set[str], set[str]]:
    with world.store.read() as tx:
        wanted, removed = candidates(tx)
    return {str(address) for address in wanted}, {str(address) for address in removed}


def test_only_what_moved_since_it_was_found_to_agree_is_planned(world: CoreWorld) -> None:
    first, second = manage(world, net("a"), net("b"))
    with world.store.transaction(ACTOR) as tx:
        settle(tx, [(net("a").address, net("a").hash()), (net("b").address, net("b").hash())])
    assert to_plan(world) == (set(), set())
    world.look(replace(first, tags={"x": ""}), second)
    assert to_plan(world) == ({"network/a"}, set())
    world.revise(net("a"), net("b", protected=True), net("c"))
    assert to_plan(world) == ({"network/a", "network/b", "network/c"}, set())
    world.revise(net("a"), net("c"))
    assert to_plan(world)[1] == {"network/b"}


def test_what_was_settled_under_another_specification_is_planned(world: CoreWorld) -> None:
    manage(world, net("a"))
    with world.store.transaction(ACTOR) as tx:
        settle(tx, [(net("a").address, b"not what is wanted now")])
    assert to_plan(world) == ({"network/a"}, set())


def test_what_was_changed_past_the_program_is_planned_again(world: CoreWorld) -> None:
    manage(world, net("a"))
    with world.store.transaction(ACTOR) as tx:
        settle(tx, [(net("a").address, net("a").hash())])
    world.rows("DELETE FROM resource_attributes RETURNING resource_id")
    assert to_plan(world) == ({"network/a"}, set())


# -- several at once ------------------------------------------------------------------------------------


def test_two_that_look_at_one_endpoint_at_once_record_each_object_once(world: CoreWorld) -> None:
    objects = [replace(observed_of(net(f"n{number}")), mark=None) for number in range(20)]

    def look() -> None:
        world.look(*objects)

    assert side_by_side(look, look) == []
    assert world.one("SELECT count(*) FROM resources") == 20


def test_an_object_that_an_operation_is_at_work_on_is_left_alone_by_an_older_look(world: CoreWorld) -> None:
    (made,) = manage(world, net())
    there = world.recorded("network/a")
    begun = world.begin(step_for(net(), Action.UPDATE, there), world.worker())
    world.look(replace(made, tags={"old": ""}))
    assert world.recorded("network/a").tags == {}
    with world.store.transaction(ACTOR) as tx:
        ops.finish(tx, begun, "interrupted")
    world.look(replace(made, tags={"new": ""}))
    assert world.recorded("network/a").tags == {"new": ""}
