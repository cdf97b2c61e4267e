"""Revisions: only what changed is written, and only a complete source removes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings

from reconciler.errors import Location, ManifestError
from reconciler.model.address import Address
from reconciler.model.resource import Desired, Lifecycle, OnRemove
from reconciler.model.scope import is_in_any
from reconciler.model.values import SecretRef
from reconciler.store.desired.known import known_documents, other_resources
from reconciler.store.desired.revisions import SourceRow
from reconciler.store.desired.rows import load_desired
from reconciler.store.desired.sources import take_name
from tests.rigs.core import ENDPOINTS, resources, want, with_parts
from tests.rigs.core_world import ACTOR, CoreWorld, revise, sha, step_for
from tests.rigs.examples import often
from tests.rigs.manifest import catalog

OTHER = SourceRow("other", "git", "https://git.example/fleet")
RULE = {"direction": "in", "protocol": "tcp", "port": "22", "source_ips": ("10.0.0.0/8", "::/0")}


def net(name: str = "a", **more: object) -> Desired:
    return want(f"network/{name}", ip_range="10.0.0.0/16", **{"origin": Location("net.yaml", 3, 1), **more})


def written(world: CoreWorld) -> int:
    return int(world.one("SELECT count(*) FROM desired_resources"))


def names(addresses: frozenset[Address]) -> set[str]:
    return {str(address) for address in addresses}


@settings(
    max_examples=often(15),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(resources())
def test_any_desired_resource_comes_back_as_it_went_in(world: CoreWorld, desired: Desired) -> None:
    with world.store.rehearsal(ACTOR) as tx:
        revise(tx, [desired])
        found = load_desired(tx, [desired.address], catalog())[desired.address]
    assert found.hash() == desired.hash()
    assert found.explicit == desired.explicit
    assert found.origin == desired.origin
    assert found.provider_type == ENDPOINTS[found.endpoint]
    assert {part.address: part.explicit for part in found.parts} == {
        part.address: part.explicit for part in desired.parts
    }


def test_every_kind_of_value_comes_back(world: CoreWorld) -> None:
    guest = want(
        "vm/db",
        "proxmox",
        cpu_limit=Decimal("1.50"),
        agent_enabled=True,
        boot_order=("scsi1", "scsi0"),
        nameservers=(),
        ci_password=SecretRef("pw", "0123456789ab"),
        tags={"env": "prod", "empty": ""},
        depends_on=(Address.parse("network/a"),),
        member_of=(Address.parse("cluster/c"),),
        lifecycle=Lifecycle(True, OnRemove.BLOCK, frozenset({"tags", "memory_mb"}), True),
        location="home",
        datacenter="cellar",
        adopt="100",
        origin=Location("vm.yaml", 1, 1),
    )
    guest = with_parts(guest, "disk", {"slot": "scsi0", "size_gb": 8}, {"slot": "scsi1", "size_gb": 9})
    world.revise(guest)
    found = world.desired("vm/db")
    assert found is not None
    assert found.hash() == guest.hash()
    assert found.attributes == guest.attributes
    assert found.attributes["boot_order"] == ("scsi1", "scsi0"), "a list keeps its order"
    assert found.attributes["nameservers"] == (), "an empty list is asked for, not forgotten"
    assert found.lifecycle == guest.lifecycle


def test_a_first_revision_adds_everything(world: CoreWorld) -> None:
    change = world.revise(net("a"), net("b"))
    assert (names(change.added), change.changed, change.removed) == (
        {"network/a", "network/b"},
        frozenset(),
        frozenset(),
    )


def test_a_revision_writes_only_what_it_changes(world: CoreWorld) -> None:
    world.revise(*(net(name) for name in "abcde"))
    before = written(world)
    change = world.revise(net("a"), net("b", protected=True), net("c"), net("d"), net("e"))
    assert (names(change.changed), change.added, change.removed) == ({"network/b"}, frozenset(), frozenset())
    assert written(world) == before + 1
    found = world.desired("network/b")
    assert found is not None
    assert found.attributes["protected"] is True


def test_the_same_manifests_again_are_no_new_revision(world: CoreWorld) -> None:
    first = world.revise(net("a"), commit="c1")
    assert world.revise(net("a"), commit="c1").id == first.id
    second = world.revise(net("a"), commit="c2")
    assert second.id > first.id, "another commit is another revision, though it changes nothing"
    assert (second.added, second.changed, second.removed) == (frozenset(),) * 3
    assert written(world) == 1


def test_what_a_complete_source_no_longer_has_is_closed_and_stays_in_its_past(world: CoreWorld) -> None:
    first = world.revise(with_parts(want("firewall/web"), "firewall_rule", RULE), net("a"))
    change = world.revise(net("a"))
    assert names(change.removed) == {"firewall/web"}
    assert world.desired("firewall/web") is None
    spans = world.rows(
        "SELECT valid_from_revision, valid_to_revision FROM desired_resources WHERE address LIKE 'fire%%'"
    )
    assert spans == [(first.id, change.id)] * 2, "the part is closed with its parent"


def test_an_incomplete_source_removes_nothing(world: CoreWorld) -> None:
    files = SourceRow("files", "files")
    world.revise(net("a"), net("b"), source=files, complete=False)
    change = world.revise(net("a", protected=True), source=files, complete=False)
    assert (names(change.changed), change.removed) == ({"network/a"}, frozenset())
    assert world.desired("network/b") is not None


def test_what_was_not_parsed_again_because_it_did_not_change_stays(world: CoreWorld) -> None:
    world.revise(net("a"), net("b"))
    change = world.revise(net("a"), unchanged=frozenset({net("b").address}))
    assert change.removed == frozenset()
    assert world.desired("network/b") is not None


def test_an_address_belongs_to_one_source(world: CoreWorld) -> None:
    world.revise(net("a"))
    with pytest.raises(ManifestError) as error:
        world.revise(net("a"), net("b"), source=OTHER)
    (problem,) = error.value.problems
    assert (problem.code, problem.address) == ("manifest.other_source", "network/a")
    assert problem.location == Location("net.yaml", 3, 1)
    assert "folder" in problem.message
    assert world.desired("network/b") is None, "nothing of a refused set is kept"


def test_manifests_known_under_another_name_of_their_source_are_one_problem(world: CoreWorld) -> None:
    world.revise(net("a"), net("b"), net("c"))
    with pytest.raises(ManifestError) as error:
        world.revise(net("a"), net("b"), net("c"), source=OTHER)
    (problem,) = error.value.problems
    assert "as are 2 more" in problem.message
    assert "--source" in (problem.hint or "")


def test_one_source_says_nothing_of_anothers_resources(world: CoreWorld) -> None:
    world.revise(net("a"))
    change = world.revise(net("b"), source=OTHER)
    assert change.removed == frozenset()
    with world.store.read() as tx:
        assert names(other_resources(tx, "other")) == {"network/a"}
        assert names(other_resources(tx, "folder")) == {"network/b"}
    world.revise(source=OTHER)
    assert world.desired("network/a") is not None


def test_a_document_moved_to_another_line_is_written_anew_and_no_change_of_the_resource(
    world: CoreWorld,
) -> None:
    world.revise(net("a"), documents={net("a").address: sha("one")})
    moved = replace(net("a"), origin=Location("other.yaml", 9, 1))
    change = world.revise(moved, documents={moved.address: sha("two")})
    assert change.changed == frozenset()
    found = world.desired("network/a")
    assert found is not None
    assert found.origin == Location("other.yaml", 9, 1)


def test_documents_that_need_no_parsing_are_known_with_what_they_refer_to(world: CoreWorld) -> None:
    volume = want("volume/data", size_gb=10, server="vm/web", depends_on=(Address.parse("network/a"),))
    secret = want("vm/db", "proxmox", ci_password=SecretRef("pw", "0123456789ab"))
    world.revise(
        net("a"),
        volume,
        secret,
        documents={
            net("a").address: sha("a"),
            volume.address: sha("data"),
            secret.address: sha("db"),
        },
    )
    with world.store.read() as tx:
        documents, context = known_documents(tx, "folder")
        assert known_documents(tx, "nowhere") == ({}, None)
    assert context == sha("catalog")
    assert documents[sha("a")] == (net("a").address, frozenset())
    address, targets = documents[sha("data")]
    assert (address, names(targets)) == (volume.address, {"vm/web", "network/a"})
    assert sha("db") not in documents, "a secret may have changed though the document did not"


def test_a_guard_holds_from_the_moment_its_manifest_is_known(world: CoreWorld) -> None:
    world.revise(net("a"))
    there = world.begin(step_for(net("a")), world.worker())
    guarded = net("a", lifecycle=Lifecycle(prevent_destroy=True, on_remove=OnRemove.BLOCK))
    world.revise(guarded)
    assert world.recorded("network/a").lifecycle.prevent_destroy
    world.revise()
    assert world.recorded("network/a").lifecycle == guarded.lifecycle, (
        "and it survives the manifest's removal"
    )
    assert world.recorded("network/a").uid == there.uid


def test_a_changed_guard_makes_an_older_plan_stale(world: CoreWorld) -> None:
    world.revise(net("a"))
    world.begin(step_for(net("a")), world.worker())
    before = world.recorded("network/a").version
    world.revise(net("a", lifecycle=Lifecycle(prevent_destroy=True)))
    assert world.recorded("network/a").version > before


@pytest.mark.parametrize(("folders", "had"), [(("nets",), ["folder"]), (("machines",), [])])
def test_a_source_takes_its_earlier_name_only_where_all_that_it_declares_lies(
    world: CoreWorld, folders: tuple[str, ...], had: list[str]
) -> None:
    world.revise(net(origin=Location("nets/a.yaml", 1, 1)))
    fits = (("folder", lambda path: is_in_any(path, folders)),)
    with world.store.transaction(ACTOR) as tx:
        assert take_name(tx, "fleet", fits) == had
