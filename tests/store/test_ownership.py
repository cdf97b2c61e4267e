"""Taking over, letting go, removing: whose a row is, and what calls may be filled with."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from reconciler.errors import DatabaseError, StalePlanError
from reconciler.model.address import Address
from reconciler.model.plan import Action
from reconciler.model.resource import Desired, Management, Mark
from reconciler.model.values import ExternalRef, SecretRef
from reconciler.store.work import objects
from reconciler.store.work import operations as ops
from reconciler.store.work.operations import Begun
from tests.rigs.core import OWNER, observed_of, want, with_parts
from tests.rigs.core_world import ACTOR, CoreWorld, step_for
from tests.rigs.operations import IDS, finish, guest, making, net, took

# -- taking over, letting go, removing ------------------------------------------------------------------


def adopt(world: CoreWorld, desired: Desired, name: str) -> Begun:
    """T1 of a step that takes over the stranger recorded under a name."""
    ((uid, version),) = world.rows("SELECT uid, version FROM resources WHERE is_root AND address = %s", name)
    step = step_for(desired, Action.ADOPT, adopt="ext-old")
    return world.begin(replace(step, resource=uid, expected_version=version), world.worker())


def test_what_is_taken_over_comes_to_its_manifests_address_with_all_that_hangs_on_it(
    world: CoreWorld,
) -> None:
    subnet = {"ip_range": "10.0.1.0/24", "network_zone": "eu-central"}
    stranger = replace(observed_of(with_parts(net("old"), "subnet", subnet)), mark=None)
    attachment = {"network": "network/old"}
    user = observed_of(
        with_parts(want("vm/web", server_type="cx22", image="x"), "network_attachment", attachment)
    )
    reference = replace(user.parts[0], attributes={"network": ExternalRef("network", "ext-old")})
    world.look(stranger, replace(user, mark=None, parts=(reference,)))
    desired = net("new", adopt="ext-old")
    world.revise(desired)
    begun = adopt(world, desired, "network/old")
    there = world.recorded("network/new")
    assert (there.uid, there.management, there.state) == (begun.uid, Management.MANAGED, "updating")
    assert [str(part.address) for part in there.parts] == ["network/new/subnet/0"]
    values = world.rows("SELECT value_string FROM resource_attributes WHERE value_string LIKE 'network/%%'")
    assert values == [("network/new",)], "what points at it goes on pointing at it"


def test_nothing_is_taken_over_that_changed_since_it_was_planned(world: CoreWorld) -> None:
    stranger = replace(observed_of(net("old")), mark=None)
    world.look(stranger)
    desired = net("new", adopt="ext-old")
    world.revise(desired)
    ((uid, version),) = world.rows("SELECT uid, version FROM resources")
    world.look(replace(stranger, tags={"someone": "else"}))
    step = replace(step_for(desired, Action.ADOPT, adopt="ext-old"), resource=uid, expected_version=version)
    with pytest.raises(StalePlanError):
        world.begin(step, world.worker())
    assert world.one("SELECT management FROM resources") == "unmanaged"


def test_nothing_is_taken_over_for_a_manifest_that_is_gone(world: CoreWorld) -> None:
    world.look(replace(observed_of(net("old")), mark=None))
    with pytest.raises(StalePlanError):
        adopt(world, net("new", adopt="ext-old"), "network/old")


STRAY = Mark(OWNER, uuid4())


@pytest.mark.parametrize("action", [Action.ADOPT, Action.FORGET])
def test_a_persons_word_ends_a_quarantine_and_the_state_follows_what_is_seen(
    world: CoreWorld, action: Action
) -> None:
    stray = replace(observed_of(net("old")), mark=STRAY)
    world.look(stray)
    desired = net("old", adopt="ext-old")
    world.revise(desired)
    there = world.recorded("network/old")
    assert there.management is Management.QUARANTINED
    begun = world.begin(step_for(desired, action, there), world.worker())
    with world.store.transaction(ACTOR) as tx:
        if action is Action.FORGET:
            assert objects.release_object(tx, begun)
        ops.finish(tx, begun, "done")
    taken = action is Action.ADOPT
    world.look(replace(stray, mark=Mark(OWNER, begun.uid)) if taken else stray)
    query = "SELECT r.management, s.name FROM resources r JOIN resource_states s ON s.id = r.state_id"
    assert world.rows(query) == [("managed" if taken else "unmanaged", "available")]


def test_what_is_in_quarantine_is_not_led_out_of_it_by_the_program(world: CoreWorld) -> None:
    world.look(replace(observed_of(net("old")), mark=STRAY))
    row_id = world.recorded("network/old").id
    with pytest.raises(DatabaseError, match="person"), world.store.transaction(ACTOR) as tx:
        tx.execute("operations.remove_resource", resource_id=row_id, epoch=0)


def test_what_is_gone_is_not_left_to_anybody(world: CoreWorld) -> None:
    world.revise(net(), net("anchor"))
    begun, anchor = (world.begin(step_for(item), world.worker()) for item in (net(), net("anchor")))
    for each in (begun, anchor):
        took(world, each, f"ext-{each.resource_id}")
        finish(world, each)
    seen = replace(
        observed_of(net("anchor")), external_id=f"ext-{anchor.resource_id}", mark=Mark(OWNER, anchor.uid)
    )
    world.look(seen)
    again = world.begin(step_for(net(), Action.FORGET, world.recorded("network/a")), world.worker())
    with world.store.transaction(ACTOR) as tx:
        assert not objects.release_object(tx, again)


def test_what_is_removed_stays_for_its_history_and_its_address_is_free(world: CoreWorld) -> None:
    world.revise(net())
    begun = world.begin(step_for(net()), world.worker())
    took(world, begun, "1")
    with world.store.transaction(ACTOR) as tx:
        objects.remove_resource(tx, begun)
        ops.finish(tx, begun, "done")
    assert world.rows("SELECT address, deleted_at IS NOT NULL, presence FROM resources") == [
        ("network/a", True, "absent")
    ]
    second = world.begin(step_for(net()), world.worker())
    assert second.uid != begun.uid


def test_an_object_that_somebody_elses_look_recorded_first_becomes_ours(world: CoreWorld) -> None:
    """Between a creation and its answer another look may see the object before our mark is on it."""
    world.revise(guest())
    begun = world.begin(making(guest()), world.worker(), IDS)
    world.look(replace(observed_of(guest()), external_id="1000", mark=None), endpoint="proxmox-1")
    took(world, begun, "1000")
    live = world.rows("SELECT management, external_id FROM resources WHERE deleted_at IS NULL AND is_root")
    assert live == [("managed", "1000")]


# -- what calls are filled with -------------------------------------------------------------------------


def ids(world: CoreWorld, *addresses: str) -> dict[str, str | None]:
    with world.store.read() as tx:
        found = objects.external_ids(tx, [Address.parse(address) for address in addresses])
    return {str(address): external_id for address, external_id in found.items()}


def test_an_address_stands_for_our_object_and_never_for_a_namesake(world: CoreWorld) -> None:
    world.revise(net())
    begun = world.begin(step_for(net()), world.worker())
    world.look(replace(observed_of(net()), mark=None, external_id="stranger"))
    assert ids(world, "network/a", "network/none") == {"network/a": None}
    took(world, begun, "ours")
    assert ids(world, "network/a") == {"network/a": "ours"}


def test_where_nothing_of_ours_has_an_address_a_stranger_can_be_let_go_of(world: CoreWorld) -> None:
    stranger = replace(observed_of(net()), mark=None)
    world.look(stranger, replace(observed_of(net("b")), mark=None), replace(stranger, external_id="second"))
    assert ids(world, "network/a", "network/b") == {"network/b": "ext-b"}, (
        "two of one name are nobody's to choose"
    )


def test_write_only_values_are_on_record_only_once_written(world: CoreWorld) -> None:
    desired = guest(ci_password=SecretRef("pw", "0123456789ab"))
    world.revise(desired)
    begun = world.begin(making(desired), world.worker(), IDS)
    assert "ci_password" not in world.recorded("vm/db").attributes
    with world.store.transaction(ACTOR) as tx:
        ops.write_only_written(tx, desired.address, b"another specification")
    assert "ci_password" not in world.recorded("vm/db").attributes
    with world.store.transaction(ACTOR) as tx:
        ops.write_only_written(tx, desired.address, desired.hash())
    assert world.recorded("vm/db").attributes["ci_password"] == SecretRef("pw", "0123456789ab")
    shown = world.rows("SELECT value_string, value_credential, value_fingerprint FROM resource_attributes")
    assert shown == [(None, "pw", "0123456789ab")]
    history = "SELECT new_string, new_credential, new_fingerprint FROM resource_attribute_history"
    assert world.rows(history) == shown
    assert world.rows("SELECT after FROM v_history WHERE what = 'attribute'") == [
        ("credential/pw#0123456789ab",)
    ]
    assert begun.uid


def test_the_history_says_who_did_what_and_by_which_operation(world: CoreWorld) -> None:
    world.revise(net())
    begun = world.begin(step_for(net()), world.worker())
    with world.store.transaction(replace(ACTOR, cause="operation", operation=begun.operation)) as tx:
        objects.settle_state(tx, begun)
        ops.finish(tx, begun, "failed")
    rows = world.rows(
        "SELECT f.name, t.name, s.actor, s.cause, s.operation_id FROM resource_state_history h"
        " JOIN changesets s ON s.changed_at = h.changed_at AND s.id = h.changeset_id"
        " LEFT JOIN resource_states f ON f.id = h.from_state_id"
        " JOIN resource_states t ON t.id = h.to_state_id"
        " ORDER BY h.changed_at, h.from_state_id NULLS FIRST"
    )
    assert rows[0][:2] == (None, "pending")
    assert rows[-1] == ("creating", "failed", "ada", "operation", begun.operation)
