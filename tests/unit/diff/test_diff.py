"""The diff: silent where both sides mean the same, exact where they do not, and with a reason for each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reconciler.diff import creation, diff, removal
from reconciler.model.address import Address
from reconciler.model.catalog import Mutability
from reconciler.model.diff import PartAction, Reason, TagChange
from reconciler.model.resource import Desired, Lifecycle, Recorded
from reconciler.model.values import SecretRef, Value, canonical
from tests.rigs.core import recorded_of, resources, respelled, values, want, with_parts
from tests.rigs.examples import often
from tests.rigs.manifest import catalog

RULE = {"direction": "in", "protocol": "tcp", "port": "22", "source_ips": ("10.0.0.0/8",)}
ICMP = {"direction": "in", "protocol": "icmp", "source_ips": ("10.0.0.0/8",)}


def firewall(*rules: dict[str, Any]) -> Desired:
    return with_parts(want("firewall/web"), "firewall_rule", *rules)


@settings(max_examples=often(30))
@given(resources())
def test_what_was_applied_and_did_not_move_is_no_difference(desired: Desired) -> None:
    assert not diff(desired, recorded_of(desired), catalog())


@settings(max_examples=often(20))
@given(resources())
def test_another_spelling_is_no_difference(desired: Desired) -> None:
    def other(item: Desired) -> Desired:
        rules = catalog().attributes(item.type, item.provider_type)
        found = {
            name: canonical(
                respelled(value, rules[name].definition.format)
                if rules[name].definition.cardinality != "list"
                else value,
                rules[name].definition.cardinality,
                rules[name].definition.format,
            )
            for name, value in item.attributes.items()
        }
        return replace(item, attributes=found, parts=tuple(map(other, reversed(item.parts))))

    assert not diff(other(desired), recorded_of(desired), catalog())


@settings(max_examples=often(20))
@given(st.data(), resources())
def test_one_changed_attribute_is_one_change(data: st.DataObject, desired: Desired) -> None:
    rules = catalog().attributes(desired.type, desired.provider_type)
    ignored = desired.lifecycle.ignore_changes
    names = sorted(name for name in desired.attributes if rules[name].compared and name not in ignored)
    assume(names)
    name = data.draw(st.sampled_from(names))
    value = data.draw(values(rules[name]))
    assume(value != desired.attributes[name] or type(value) is not type(desired.attributes[name]))
    changed = replace(desired, attributes={**desired.attributes, name: value}, explicit=frozenset({name}))
    found = diff(changed, recorded_of(desired), catalog())
    assert [change.name for change in found.changes] == [name]
    assert (found.parts, found.tags) == ((), ())
    assert found.changes[0].after == value
    assert found.changes[0].reason is Reason.MANIFEST
    assert found.changes[0].mutability is rules[name].mutability


@given(resources())
def test_what_cannot_change_later_and_what_only_the_provider_says_is_not_compared(desired: Desired) -> None:
    rules = catalog().attributes(desired.type, desired.provider_type)
    quiet = {name for name, rule in rules.items() if not rule.compared}
    there = recorded_of(desired)
    moved = {name: value for name, value in there.attributes.items() if name not in quiet}
    assert not diff(desired, replace(there, attributes=moved), catalog())


def test_what_a_manifest_does_not_say_is_left_as_it_is() -> None:
    desired = want("vm/web", server_type="cx22", image="debian-12")
    there = recorded_of(
        want("vm/web", server_type="cx22", image="debian-12", power_state="stopped", backups=True)
    )
    assert not diff(desired, there, catalog())


def test_what_a_manifest_does_not_name_is_left_as_it_is() -> None:
    there = replace(recorded_of(want("volume/data", size_gb=10, server="vm/web")), tags={"by": "hand"})
    assert not diff(want("volume/data", size_gb=10), there, catalog())


def test_what_shall_have_no_value_is_emptied() -> None:
    there = recorded_of(want("volume/data", size_gb=10, server="vm/web"))
    desired = want("volume/data", size_gb=10, unset=frozenset({"server"}))
    (change,) = diff(desired, there, catalog()).changes
    assert (change.name, change.before, change.after) == ("server", Address.parse("vm/web"), None)


def test_no_tags_at_all_is_not_the_same_as_tags_that_are_not_named() -> None:
    there = replace(recorded_of(want("volume/data", size_gb=10)), tags={"by": "hand"})
    silent, none = want("volume/data", size_gb=10), want("volume/data", size_gb=10, tags_named=True)
    assert [tag.key for tag in diff(none, there, catalog()).tags] == ["by"]
    assert silent.hash() != none.hash()


def test_what_the_applied_manifest_named_and_this_one_does_not_is_taken_off() -> None:
    former = want("volume/data", size_gb=10, server="vm/web", tags={"env": "prod"})
    there = replace(recorded_of(former), tags={"env": "dev", "by": "hand"})
    found = diff(want("volume/data", size_gb=10), there, catalog(), former)
    assert [(change.name, change.after) for change in found.changes] == [("server", None)]
    assert [(tag.key, tag.after) for tag in found.tags] == [("env", None)]


def test_what_is_said_to_be_none_only_now_is_the_manifests_change_and_no_drift() -> None:
    """The applied manifest left it open, and somebody gave it a value by hand meanwhile."""
    former = want("vm/web", server_type="cx22", image="debian-12")
    there = replace(recorded_of(former), tags={"by": "hand"})
    there = replace(there, attributes={**there.attributes, "firewalls": ("firewall/x",), "iso": "rescue"})
    says = replace(
        former,
        attributes={**former.attributes, "firewalls": ()},
        explicit=former.explicit | {"firewalls"},
        unset=frozenset({"iso"}),
        tags_named=True,
    )
    found = diff(says, there, catalog(), former)
    assert {change.name: change.reason for change in found.changes} == {
        "firewalls": Reason.MANIFEST,
        "iso": Reason.MANIFEST,
    }
    assert [tag.reason for tag in found.tags] == [Reason.MANIFEST]
    again = replace(says, attributes={**says.attributes, "server_type": "cx32"})
    moved = diff(again, there, catalog(), says)
    assert {change.name for change in moved.changes if change.reason is Reason.DRIFT} == {"firewalls", "iso"}
    assert [tag.reason for tag in moved.tags] == [Reason.DRIFT]


def test_of_a_set_only_what_the_applied_manifest_gave_is_taken_off() -> None:
    size = {"server_type": "cx22", "image": "debian-12"}
    former = want("vm/web", **size, firewalls=("firewall/ours",))
    there = recorded_of(want("vm/web", **size, firewalls=("firewall/hand", "firewall/ours")))
    (change,) = diff(want("vm/web", **size), there, catalog(), former).changes
    assert change.after == (Address.parse("firewall/hand"),)


def test_what_was_ignored_or_cannot_be_taken_off_stays() -> None:
    life = Lifecycle(ignore_changes=frozenset({"server", "tags"}))
    former = want("volume/data", size_gb=10, server="vm/web", tags={"env": "prod"}, lifecycle=life)
    there = replace(recorded_of(former), tags={"env": "prod"})
    assert not diff(want("volume/data", size_gb=10), there, catalog(), former)
    ran = want("vm/web", server_type="cx22", image="debian-12", power_state="running")
    silent = want("vm/web", server_type="cx22", image="debian-12")
    assert not diff(silent, recorded_of(ran), catalog(), ran)


def test_a_list_of_parts_that_is_gone_takes_the_parts_along_unless_they_hold_data() -> None:
    silent = want("vm/web", "proxmox", node="pve1")
    former = with_parts(with_parts(silent, "nic", {"slot": "net0"}), "disk", {"slot": "scsi0", "size_gb": 8})
    by_hand = with_parts(former, "nic", {"slot": "net0"}, {"slot": "net1"})
    found = diff(silent, recorded_of(by_hand), catalog(), former)
    assert [(part.action, part.address.type) for part in found.parts] == [(PartAction.DELETE, "nic")]
    assert not diff(silent, recorded_of(by_hand), catalog())


def test_no_elements_and_no_value_are_the_same() -> None:
    silent, empty = want("firewall/web"), want("firewall/web", label_selectors=())
    assert not diff(empty, recorded_of(silent), catalog())
    full = recorded_of(want("firewall/web", label_selectors=("env=prod",)))
    assert not diff(silent, full, catalog())
    (change,) = diff(empty, full, catalog()).changes
    assert (change.before, change.after) == (("env=prod",), ())


def test_a_number_is_no_truth_value() -> None:
    there = recorded_of(want("volume/data", size_gb=10, protected=True))
    odd = replace(there, attributes={**there.attributes, "protected": 1})
    assert (
        diff(want("volume/data", size_gb=10, protected=True), odd, catalog()).change("protected") is not None
    )


def test_a_change_that_arose_after_applying_is_drift_and_else_the_manifests() -> None:
    desired = want("vm/web", server_type="cx22", image="debian-12", backups=True)
    moved = recorded_of(want("vm/web", server_type="cx22", image="debian-12", backups=False))
    (drifted,) = diff(desired, replace(moved, applied_desired_hash=desired.hash()), catalog()).changes
    (asked,) = diff(desired, replace(moved, applied_desired_hash=b"another"), catalog()).changes
    (default,) = diff(replace(desired, explicit=frozenset()), moved, catalog()).changes
    assert (drifted.reason, asked.reason, default.reason) == (Reason.DRIFT, Reason.MANIFEST, Reason.DEFAULT)


def test_a_tag_that_moved_is_drift_and_one_that_another_manifest_gives_is_the_manifests() -> None:
    former = want("volume/data", size_gb=10, tags={"env": "prod", "tier": "one"})
    desired = want("volume/data", size_gb=10, tags={"env": "prod", "tier": "two"})
    there = replace(recorded_of(former), tags={"env": "dev", "tier": "one"})
    found = diff(desired, there, catalog(), former)
    assert [(tag.key, tag.reason) for tag in found.tags] == [
        ("env", Reason.DRIFT),
        ("tier", Reason.MANIFEST),
    ]


def test_a_set_that_is_gone_already_is_not_taken_off_once_more() -> None:
    size = {"server_type": "cx22", "image": "debian-12"}
    former = want("vm/web", **size, firewalls=("firewall/ours",))
    assert not diff(want("vm/web", **size), recorded_of(want("vm/web", **size)), catalog(), former)


def test_a_new_secret_is_a_change_that_shows_no_secret() -> None:
    before = want("vm/db", "proxmox", ci_password=SecretRef("pw", "aaaa"))
    after = want("vm/db", "proxmox", ci_password=SecretRef("pw", "bbbb"))
    (change,) = diff(after, recorded_of(before), catalog()).changes
    assert (change.secret, change.mutability) == (True, Mutability.WRITE_ONLY)
    assert not diff(before, recorded_of(before), catalog())


def test_ignored_attributes_tags_and_parts_are_not_compared() -> None:
    life = Lifecycle(ignore_changes=frozenset({"backups", "tags", "networks"}))
    base = want(
        "vm/web", server_type="cx22", image="debian-12", backups=True, tags={"a": "1"}, lifecycle=life
    )
    desired = with_parts(base, "network_attachment", {"network": "network/a"})
    there = replace(
        recorded_of(base), attributes={**base.attributes, "backups": False}, tags={"b": "2"}, parts=()
    )
    assert not diff(desired, there, catalog())


def test_tags_that_are_no_longer_wanted_go_and_others_come() -> None:
    there = recorded_of(want("network/a", ip_range="10.0.0.0/8", tags={"env": "dev", "old": ""}))
    found = diff(want("network/a", ip_range="10.0.0.0/8", tags={"env": "prod", "new": ""}), there, catalog())
    assert found.tags == (
        TagChange("env", "dev", "prod", Reason.MANIFEST),
        TagChange("new", None, "", Reason.MANIFEST),
        TagChange("old", "", None, Reason.MANIFEST),
    )


def test_parts_of_a_type_that_is_not_listed_are_left_alone() -> None:
    listed = firewall(RULE)
    assert not diff(want("firewall/web"), recorded_of(listed), catalog())
    gone = diff(firewall(), recorded_of(listed), catalog())
    assert [(p.action, p.address.name) for p in gone.parts] == [(PartAction.DELETE, "0")]


def test_parts_without_a_key_are_told_apart_by_content_whatever_they_are_called() -> None:
    there = recorded_of(firewall(RULE, ICMP))
    assert not diff(firewall(ICMP, RULE), replace(there, parts=_renamed(there)), catalog())


def _renamed(there: Recorded) -> tuple[Recorded, ...]:
    return tuple(
        replace(part, address=there.address.part("firewall_rule", f"seen-{number}"))
        for number, part in enumerate(there.parts)
    )


def test_a_part_that_cannot_change_goes_and_comes_again() -> None:
    base = want("network/a", ip_range="10.0.0.0/8")
    subnet: dict[str, Value] = {"ip_range": "10.0.1.0/24", "network_zone": "eu-central"}
    there = recorded_of(with_parts(base, "subnet", subnet))
    found = diff(with_parts(base, "subnet", subnet | {"network_zone": "us-east"}), there, catalog())
    assert [part.action for part in found.parts] == [PartAction.DELETE, PartAction.CREATE]


def test_losing_a_part_that_holds_data_says_so() -> None:
    disk: dict[str, Value] = {"slot": "scsi0", "size_gb": 8}
    guest = want("vm/db", "proxmox")
    there = recorded_of(with_parts(guest, "disk", disk))
    (part,) = diff(with_parts(guest, "disk"), there, catalog()).parts
    assert (part.action, part.holds_data) == (PartAction.DELETE, True)
    assert [p.holds_data for p in removal(there, catalog()).parts] == [True]


@given(resources())
def test_a_creation_shows_all_that_it_sets_but_a_name_that_is_its_manifest_s(desired: Desired) -> None:
    found = creation(desired, catalog())
    unsaid = {"name", "hostname"} - desired.explicit
    assert {c.name: c.after for c in found.changes} == {
        n: v for n, v in desired.attributes.items() if v != () and n not in unsaid
    }
    assert all(change.before is None for change in found.changes)
    assert {tag.key: tag.after for tag in found.tags} == desired.tags
    assert sorted(p.address for p in found.parts) == sorted(p.address for p in desired.parts)


@given(resources())
def test_equal_sides_give_equal_diffs(desired: Desired) -> None:
    bare = replace(recorded_of(desired), attributes={}, tags={}, parts=())
    assert diff(desired, bare, catalog()) == diff(replace(desired), replace(bare), catalog())
    shuffled = replace(
        desired, parts=tuple(reversed(desired.parts)), tags=dict(reversed(list(desired.tags.items())))
    )
    assert shuffled.hash() == desired.hash()


@settings(max_examples=often(20))
@given(st.data(), resources())
def test_a_hash_moves_with_everything_that_matters(data: st.DataObject, desired: Desired) -> None:
    other = Address.parse("vm/other")
    changes: dict[str, object] = {
        "endpoint": "elsewhere",
        "tags": {**desired.tags, "one-more": ""},
        "depends_on": (other,),
        "member_of": (other,),
        "location": "nbg1",
        "datacenter": "somewhere",
        "adopt": "99",
        "lifecycle": replace(desired.lifecycle, prevent_destroy=not desired.lifecycle.prevent_destroy),
        "collections": desired.collections ^ {"disk"},
        "attributes": {**desired.attributes, "description": SecretRef("no", "such")},
    }
    name = data.draw(st.sampled_from(sorted(changes)))
    assert replace(desired, **{name: changes[name]}).hash() != desired.hash()  # type: ignore[arg-type]
    assert replace(desired, explicit=frozenset(), origin=None).hash() == desired.hash()


def test_an_empty_set_and_none_are_two_wishes() -> None:
    silent = want("firewall/web")
    assert replace(silent, attributes={"label_selectors": ()}).hash() != silent.hash()


def test_what_is_kept_for_life_and_not_told_is_not_known_to_differ() -> None:
    """A server's image is told no more once the provider has deleted it."""
    server = want("vm/web", server_type="cx22", image="debian-12")
    untold = replace(recorded_of(server), attributes={"hostname": "web", "server_type": "cx22"})
    assert not diff(server, untold, catalog())
    told = replace(untold, attributes={**untold.attributes, "image": "debian-11"})
    assert [change.name for change in diff(server, told, catalog()).changes] == ["image"]


def test_what_is_to_be_ignored_is_part_of_the_specification() -> None:
    """So that a change of it is planned, though nothing else of the manifest changed."""
    one = want("network/net", ip_range="10.0.0.0/16")
    ignoring = [
        replace(one, lifecycle=Lifecycle(ignore_changes=frozenset(names)))
        for names in ([], ["tags"], ["protected"], ["tags", "protected"])
    ]
    assert len({item.hash() for item in ignoring}) == len(ignoring)
