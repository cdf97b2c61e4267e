"""What steps become at Hetzner: pure, so every case is a diff in and a list of requests out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from reconciler.diff import creation, diff, removal
from reconciler.errors import Location, PlanError
from reconciler.model.address import Address
from reconciler.model.diff import Diff
from reconciler.model.plan import Action, Call, ExternalId, Impact, MarkValue
from reconciler.model.resource import Desired, Recorded
from reconciler.model.values import ExternalRef, Scalar, SecretRef, Value, canonical
from reconciler.providers.driver import LowerRequest
from reconciler.providers.flat import unflatten
from reconciler.providers.hetzner import HetznerDriver
from reconciler.testing import Manifests, Parts, changed, wanted

MANIFESTS = Manifests(HetznerDriver.catalog)
CATALOG, want = MANIFESTS.catalog, MANIFESTS.want
SIZE: dict[str, Value] = {"server_type": "cx22", "image": "debian-12", "location": "fsn1"}


def as_recorded(name: str, value: Value) -> Value:
    definition = CATALOG.definitions[name]
    return canonical(value, definition.cardinality, definition.format)


def there(desired: Desired, state: str = "available", **values: Value) -> Recorded:
    """The resource as it would be recorded after it was made as desired; `values` differ from that."""
    return Recorded(
        id=1,
        uid=UUID(int=1),
        address=desired.address,
        type=desired.type,
        provider_type="hetzner",
        endpoint="hetzner",
        state=state,
        external_id="" if desired.address.parent else "42",
        attributes={
            **desired.attributes,
            **{name: as_recorded(name, value) for name, value in values.items()},
        },
        tags=desired.tags,
        parts=tuple(there(part) for part in desired.parts),
    )


def create(desired: Desired) -> tuple[Call, ...]:
    return HetznerDriver.lower(LowerRequest(Action.CREATE, desired, None, creation(desired, CATALOG)))


def update(
    desired: Desired, recorded: Recorded, settings: Mapping[str, Scalar] | None = None
) -> tuple[Call, ...]:
    difference = diff(desired, recorded, CATALOG)
    return HetznerDriver.lower(LowerRequest(Action.UPDATE, desired, recorded, difference, settings or {}))


def delete(recorded: Recorded) -> tuple[Call, ...]:
    return HetznerDriver.lower(LowerRequest(Action.DELETE, None, recorded, removal(recorded, CATALOG)))


def operations(calls: Sequence[Call]) -> list[str]:
    return [call.operation for call in calls]


def body(call: Call) -> dict[str, object]:
    return unflatten(dict(call.params))


def vm(parts: Parts | None = None, **values: Value) -> Desired:
    return want("vm/web-1", parts, None, **(SIZE | values))


def of(address: str) -> ExternalId:
    return ExternalId(Address.parse(address))


def test_a_creation_carries_name_tags_and_mark() -> None:
    (call,) = create(replace(want("ssh_key/admin", public_key="ssh-ed25519 AAAA me"), tags={"env": "prod"}))
    assert (call.method, call.path, call.creates) == ("POST", "/ssh_keys", True)
    assert body(call) == {
        "name": "admin",
        "public_key": "ssh-ed25519 AAAA",
        "labels": {
            "env": "prod",
            "reconciler/owner": MarkValue("owner"),
            "reconciler/resource": MarkValue("resource"),
            "reconciler/operation": MarkValue("operation"),
        },
    }


@pytest.mark.parametrize(
    "tags",
    [
        {"a b": "c"},
        {"a": "-c"},
        {"reconciler/owner": "x"},
        {"hetzner.cloud/x": "y"},
        {"a": "b" * 64},
        {"A/b": "c"},
    ],
)
def test_a_tag_that_is_no_label_is_refused_when_planning(tags: dict[str, str]) -> None:
    with pytest.raises(PlanError, match="tag"):
        create(replace(want("placement_group/a"), tags=tags))


def test_a_tag_change_writes_recorded_tags_with_just_that_change() -> None:
    desired = replace(want("placement_group/a"), tags={"b": "2", "c": "3"})
    recorded = replace(there(desired), tags={"a": "1", "b": "2"})
    (call,) = update(desired, recorded)
    labels = body(call)["labels"]
    assert isinstance(labels, dict)
    assert {key: value for key, value in labels.items() if "/" not in key} == {"b": "2", "c": "3"}
    assert labels["reconciler/owner"] == MarkValue("owner")


def test_a_machine_and_its_plain_attachments_are_one_request() -> None:
    desired = vm(
        {"network_attachment": [{"network": "network/net"}]},
        ssh_keys=("ssh_key/admin",),
        firewalls=("firewall/web",),
        placement_group="placement_group/apart",
        ipv4="primary_ip/v4",
        ipv6_enabled=False,
        user_data=SecretRef("cloud-init"),
    )
    (call,) = create(desired)
    sent = body(call)
    assert sent["networks"] == [of("network/net")]
    assert sent["ssh_keys"] == [of("ssh_key/admin")]
    assert sent["firewalls"] == [{"firewall": of("firewall/web")}]
    assert sent["placement_group"] == of("placement_group/apart")
    assert sent["public_net"] == {"ipv4": of("primary_ip/v4"), "enable_ipv6": False}
    assert sent["user_data"] == SecretRef("cloud-init")
    assert "start_after_create" not in sent


def test_a_machine_with_addresses_of_its_own_boots_once_when_all_is_there() -> None:
    place: dict[str, Value] = {"network": "network/net", "ip": "10.0.0.5", "alias_ips": ("10.0.0.6",)}
    parts = {"network_attachment": [place]}
    made, attached, started = create(vm(parts))
    assert body(made)["start_after_create"] is False
    assert "networks" not in body(made)
    assert body(attached) == {"network": of("network/net"), "ip": "10.0.0.5", "alias_ips": ["10.0.0.6"]}
    assert attached.path_params == (("id", of("vm/web-1")),)
    assert started.operation == "server.poweron"


def test_a_machine_that_shall_be_off_is_never_started() -> None:
    parts = {"network_attachment": [{"network": "network/net", "ip": "10.0.0.5"}]}
    calls = create(vm(parts, power_state="stopped"))
    assert operations(calls) == ["server.create", "server.attach_to_network"]
    assert body(calls[0])["start_after_create"] is False


def test_all_changes_that_need_a_stop_share_one() -> None:
    desired = vm(server_type="cx32", placement_group="placement_group/b", ipv4="primary_ip/new")
    old = {"server_type": "cx22", "placement_group": "placement_group/a", "ipv4": "primary_ip/old"}
    look, *calls = update(desired, there(desired, "running", **old), {"shutdown_timeout": 30})
    assert (look.operation, look.method, look.reads) == ("server_type.look", "GET", True)
    assert operations(calls) == [
        "server.remove_from_placement_group",
        "server.shutdown",
        "server.poweroff",
        "server.add_to_placement_group",
        "primary_ip.unassign",
        "primary_ip.assign",
        "server.change_type",
        "server.poweron",
    ]
    shutdown = calls[1]
    assert (shutdown.best_effort, shutdown.timeout, shutdown.impact) == (True, 30, Impact.REBOOT)
    assert [call.impact for call in calls if call.impact is not Impact.ONLINE] == [Impact.REBOOT] * 3
    assert calls[4].path_params == (("id", of("primary_ip/old")),)
    assert body(calls[5]) == {"assignee_type": "server", "assignee_id": of("vm/web-1")}
    assert body(calls[6]) == {"server_type": "cx32", "upgrade_disk": False}


def test_a_machine_that_is_off_is_changed_without_power_calls() -> None:
    desired = vm(placement_group="placement_group/b")
    recorded = replace(
        there(desired, "stopped"), attributes={**SIZE, "hostname": "web-1", "power_state": "stopped"}
    )
    assert operations(update(desired, recorded)) == ["server.add_to_placement_group"]


def test_a_machine_that_is_off_is_off_again_after_a_change_of_type_started_it() -> None:
    desired = vm(server_type="cx32")
    calls = update(desired, there(desired, "stopped", server_type="cx22"))
    assert operations(calls) == [
        "server_type.look",
        "server.change_type",
        "server.shutdown",
        "server.poweroff",
    ]


def test_a_machine_that_was_off_and_shall_run_is_started_after_its_changes() -> None:
    desired = vm(placement_group="placement_group/b", power_state="running")
    recorded = replace(
        there(desired, "stopped"), attributes={**SIZE, "hostname": "web-1", "power_state": "stopped"}
    )
    calls = update(desired, recorded)
    assert operations(calls) == ["server.add_to_placement_group", "server.poweron"]
    assert {call.impact for call in calls} == {Impact.ONLINE}


def test_switching_off_asks_first_and_says_that_it_stops() -> None:
    desired = vm(power_state="stopped")
    calls = update(desired, there(desired, "running", power_state="running"))
    assert operations(calls) == ["server.shutdown", "server.poweroff"]
    assert {call.impact for call in calls} == {Impact.STOP}


def test_leaving_a_placement_group_needs_no_stop() -> None:
    desired = replace(vm(), unset=frozenset({"placement_group"}))
    calls = update(desired, there(desired, "running", placement_group="placement_group/a"))
    assert operations(calls) == ["server.remove_from_placement_group"]


def test_new_firewalls_are_on_before_old_ones_come_off() -> None:
    desired = vm(firewalls=("firewall/new", "firewall/same"))
    calls = update(desired, there(desired, "running", firewalls=("firewall/old", "firewall/same")))
    assert operations(calls) == ["firewall.apply_to_resources", "firewall.remove_from_resources"]
    assert calls[0].path_params == (("id", of("firewall/new")),)
    assert body(calls[1]) == {"remove_from": [{"type": "server", "server": {"id": of("vm/web-1")}}]}


def test_what_we_have_no_address_for_is_named_by_the_providers_id() -> None:
    desired = vm(ipv4="primary_ip/mine")
    recorded = there(desired, "stopped", ipv4=ExternalRef("primary_ip", "77"))
    calls = update(desired, recorded)
    assert operations(calls) == ["primary_ip.unassign", "primary_ip.assign"]
    assert calls[0].path_params == (("id", "77"),)


def test_a_public_address_cannot_be_conjured_up_for_a_machine_that_is_there() -> None:
    desired = vm(ipv4_enabled=True)
    with pytest.raises(PlanError, match="public ipv4") as error:
        update(desired, there(desired, "stopped", ipv4_enabled=False))
    assert error.value.hint is not None


def test_reverse_dns_follows_the_address() -> None:
    desired = vm(ipv4="primary_ip/new", ipv4_reverse_dns="www.example.com")
    recorded = there(desired, "stopped", ipv4="primary_ip/old", public_ipv4="192.0.2.1")
    calls = update(desired, recorded)
    assert operations(calls)[-1] == "server.change_dns_ptr"
    assert body(calls[-1]) == {"ip": "${public_ipv4}", "dns_ptr": "www.example.com"}


@pytest.mark.parametrize(
    "values",
    [
        {"ipv4_enabled": False, "ipv4_reverse_dns": "www.example.com"},
        {"ipv4_enabled": False, "ipv4": "primary_ip/v4"},
        {"ipv6_enabled": False, "ipv6_reverse_dns": "www.example.com"},
    ],
)
def test_an_address_that_is_switched_off_is_not_spoken_of(values: dict[str, Value]) -> None:
    version = "ipv6" if "ipv6_enabled" in values else "ipv4"
    with pytest.raises(PlanError, match=f"{version}_enabled: false") as error:
        create(vm(None, **values))
    assert error.value.hint is not None
    with pytest.raises(PlanError, match=f"{version}_enabled: false"):
        update(vm(None, **values), there(vm(), "running"))


def test_a_machine_without_an_address_has_no_name_for_it() -> None:
    recorded = there(vm(), "running", ipv4_enabled=False)
    with pytest.raises(PlanError, match="no public ipv4"):
        update(vm(ipv4_reverse_dns="www.example.com"), recorded)
    bound = vm(ipv4="primary_ip/v4", ipv4_reverse_dns="www.example.com")
    assert "server.change_dns_ptr" in operations(update(bound, recorded))


@pytest.mark.parametrize("named_now", [True, False])
def test_one_address_has_one_name(named_now: bool) -> None:
    """The machine's manifest may name the primary IP, or only be on it."""
    desired = replace(vm(ipv4_reverse_dns="a.example.com"), origin=Location("vm.yaml", 3, 1))
    if named_now:
        desired = replace(desired, attributes={**desired.attributes, "ipv4": Address.parse("primary_ip/v4")})
    recorded = there(vm(), "running", ipv4="primary_ip/v4", public_ipv4="192.0.2.1")
    address = want("primary_ip/v4", ip_version="ipv4", location="fsn1", reverse_dns="b.example.com")
    other = replace(address, origin=Location("ip.yaml", 7, 1))

    def lower(beside: Desired) -> tuple[Call, ...]:
        found, wanted = diff(desired, recorded, CATALOG), {Address.parse("primary_ip/v4"): beside}
        return HetznerDriver.lower(LowerRequest(Action.UPDATE, desired, recorded, found, wanted=wanted))

    with pytest.raises(PlanError) as error:
        lower(other)
    for words in ("a.example.com (vm.yaml:3:1)", "b.example.com (ip.yaml:7:1)", "primary_ip/v4"):
        assert words in error.value.message
    assert lower(changed(CATALOG, other, reverse_dns="a.example.com"))


def test_reverse_dns_of_a_range_is_that_of_its_first_address() -> None:
    desired = want("primary_ip/v6", ip_version="ipv6", location="fsn1", reverse_dns="a.example.com")
    recorded = there(desired, reverse_dns="b.example.com", public_ipv6="2001:db8:1::/64")
    (call,) = update(desired, recorded)
    assert body(call) == {"ip": "2001:db8:1::1", "dns_ptr": "a.example.com"}


def test_an_attachment_gets_another_address_by_being_made_again() -> None:
    old, new = ({"network": "network/net", "ip": ip} for ip in ("10.0.0.5", "10.0.0.6"))
    before = vm({"network_attachment": [old | {"alias_ips": ("10.0.0.9",)}]})
    look, *calls = update(vm({"network_attachment": [new]}), there(before, "running"))
    assert (look.operation, look.reads) == ("network.look", True)
    assert operations(calls) == ["server.detach_from_network", "server.attach_to_network"]
    assert body(calls[1]) == {"network": of("network/net"), "ip": "10.0.0.6", "alias_ips": ["10.0.0.9"]}


def test_a_place_is_given_up_before_another_is_taken() -> None:
    before = vm({"network_attachment": [{"network": "network/a"}]})
    calls = update(vm({"network_attachment": [{"network": "network/b"}]}), there(before, "running"))
    assert operations(calls) == ["server.detach_from_network", "server.attach_to_network"]


def test_a_network_and_its_parts_are_one_request() -> None:
    parts = {
        "subnet": [{"ip_range": "10.0.1.0/24", "network_zone": "eu-central"}],
        "route": [{"destination": "10.9.0.0/16", "gateway": "10.0.1.2"}],
    }
    (call,) = create(want("network/net", parts, ip_range="10.0.0.0/16"))
    sent = body(call)
    assert sent["subnets"] == [{"type": "cloud", "ip_range": "10.0.1.0/24", "network_zone": "eu-central"}]
    assert sent["routes"] == [{"destination": "10.9.0.0/16", "gateway": "10.0.1.2"}]


def test_a_network_makes_room_and_adds_before_it_removes() -> None:
    before = {
        "subnet": [{"ip_range": "10.0.1.0/24", "network_zone": "eu-central"}],
        "route": [{"destination": "10.9.0.0/16", "gateway": "10.0.1.2"}],
    }
    after = {
        "subnet": [{"ip_range": "10.0.9.0/24", "network_zone": "eu-central"}],
        "route": [{"destination": "10.9.0.0/16", "gateway": "10.0.9.2"}],
    }
    old = there(want("network/net", before, ip_range="10.0.0.0/21"))
    calls = update(want("network/net", after, ip_range="10.0.0.0/16"), old)
    assert operations(calls) == [
        "network.change_ip_range",
        "network.delete_route",
        "network.add_subnet",
        "network.delete_subnet",
        "network.add_route",
    ]


def test_a_subnet_in_the_way_of_a_new_one_goes_first() -> None:
    old = {"subnet": [{"ip_range": f"10.0.{n}.0/24", "network_zone": "eu-central"} for n in (1, 2)]}
    new = {"subnet": [{"ip_range": "10.0.1.0/25", "network_zone": "eu-central"}]}
    net: dict[str, Value] = {"ip_range": "10.0.0.0/16"}
    calls = update(want("network/net", new, None, **net), there(want("network/net", old, None, **net)))
    assert [(call.operation, dict(call.params)["ip_range"]) for call in calls] == [
        ("network.delete_subnet", "10.0.1.0/24"),
        ("network.add_subnet", "10.0.1.0/25"),
        ("network.delete_subnet", "10.0.2.0/24"),
    ]


@pytest.mark.parametrize(
    ("subnets", "words"),
    [
        ([{"ip_range": "10.1.0.0/24"}], "not in the network's range"),
        ([{"ip_range": "10.0.0.0/24"}, {"ip_range": "10.0.0.128/25"}], "overlap"),
        ([{"ip_range": "10.0.0.0/24", "subnet_type": "vswitch"}], "go together"),
        ([{"ip_range": "10.0.0.0/24", "vswitch_id": 7}], "go together"),
    ],
)
def test_subnets_that_cannot_be_are_refused_when_planning(
    subnets: list[dict[str, Value]], words: str
) -> None:
    parts: Parts = {"subnet": [item | {"network_zone": "eu-central"} for item in subnets]}
    desired = want("network/net", parts, ip_range="10.0.0.0/16")
    with pytest.raises(PlanError, match=words):
        create(desired)
    with pytest.raises(PlanError, match=words):
        update(desired, there(want("network/net", {"subnet": []}, ip_range="10.0.0.0/16")))


@pytest.mark.parametrize("ip_range", ["10.0.0.0/17", "10.1.0.0/16"])
def test_a_network_can_only_grow_from_where_it_starts(ip_range: str) -> None:
    desired = want("network/net", ip_range=ip_range)
    with pytest.raises(PlanError, match="cannot change"):
        update(desired, there(desired, ip_range="10.0.0.0/16"))


def test_firewall_rules_are_written_as_a_whole() -> None:
    ssh: dict[str, Value] = {
        "direction": "in",
        "protocol": "tcp",
        "port": "22",
        "source_ips": ("192.0.2.0/24",),
    }
    ping: dict[str, Value] = {"direction": "in", "protocol": "icmp", "source_ips": ("0.0.0.0/0",)}
    before = there(want("firewall/web", {"firewall_rule": [ssh]}))
    (call,) = update(want("firewall/web", {"firewall_rule": [ssh, ping]}), before)
    assert call.operation == "firewall.set_rules"
    assert body(call) == {
        "rules": [ssh | {"source_ips": ["192.0.2.0/24"]}, ping | {"source_ips": ["0.0.0.0/0"]}]
    }


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"direction": "in", "protocol": "icmp"}, "needs `source_ips`"),
        ({"direction": "out", "protocol": "icmp", "source_ips": ("0.0.0.0/0",)}, "needs `destination_ips`"),
        (
            {"direction": "in", "protocol": "icmp", "source_ips": ("::/0",), "destination_ips": ("::/0",)},
            "has no `destination_ips`",
        ),
        ({"direction": "in", "protocol": "tcp", "source_ips": ("::/0",)}, "needs a `port`"),
        ({"direction": "in", "protocol": "gre", "port": "80", "source_ips": ("::/0",)}, "has no `port`"),
        ({"direction": "in", "protocol": "udp", "port": "90-80", "source_ips": ("::/0",)}, "`90-80`"),
        ({"direction": "in", "protocol": "udp", "port": "70000", "source_ips": ("::/0",)}, "`70000`"),
    ],
)
def test_a_rule_that_the_api_would_refuse_is_refused_when_planning(
    rule: dict[str, Value], words: str
) -> None:
    with pytest.raises(PlanError, match=words) as error:
        create(want("firewall/web", {"firewall_rule": [rule]}))
    assert error.value.hint is not None


@pytest.mark.parametrize(
    ("desired", "words"),
    [
        (want("volume/data", size_gb=10), "where to make it"),
        (want("floating_ip/in", ip_version="ipv4"), "where to make it"),
        (
            want("primary_ip/a", ip_version="ipv4", location="fsn1", auto_delete=True, protected=True),
            "exclude each other",
        ),
    ],
)
def test_what_the_api_never_takes_is_refused_when_planning(desired: Desired, words: str) -> None:
    with pytest.raises(PlanError, match=words):
        create(desired)


def test_a_firewall_without_rules_is_written_as_an_empty_list() -> None:
    before = there(want("firewall/web", {"firewall_rule": [{"direction": "in", "protocol": "icmp"}]}))
    (call,) = update(want("firewall/web", {"firewall_rule": []}), before)
    assert body(call) == {"rules": []}


def test_a_firewall_lets_go_of_its_selectors_before_it_goes() -> None:
    calls = delete(there(want("firewall/web", label_selectors=("env=prod",))))
    assert operations(calls) == ["firewall.remove_from_resources", "firewall.delete"]
    assert [call.deletes for call in calls] == [False, True]


def test_a_volume_is_made_where_it_shall_be_and_attached_then() -> None:
    here, anywhere = (
        want("volume/a", size_gb=10, location="fsn1", server="vm/web-1"),
        want("volume/b", size_gb=10, server="vm/web-1"),
    )
    assert operations(create(here)) == ["volume.create", "volume.attach"]
    assert operations(create(anywhere)) == ["volume.create"]


def test_a_volume_comes_off_its_machine_before_it_goes_even_if_the_machine_went_first() -> None:
    detach, gone = delete(there(want("volume/a", size_gb=10, server="vm/web-1")))
    assert (detach.operation, detach.best_effort) == ("volume.detach", True)
    assert gone.deletes


@pytest.mark.parametrize("address", ["vm/a", "volume/a", "network/a", "floating_ip/a", "primary_ip/a"])
def test_protection_is_never_lifted_in_passing(address: str) -> None:
    required: dict[str, dict[str, Value]] = {"vm": SIZE, "network": {"ip_range": "10.0.0.0/16"}}
    values = required.get(address.split("/")[0], {}) | {"protected": True}
    with pytest.raises(PlanError, match="protected"):
        delete(there(wanted(CATALOG, "hetzner", address, values)))


def test_protection_and_automatic_deletion_never_overlap() -> None:
    base = want("primary_ip/a", ip_version="ipv4", location="fsn1")
    guarded = changed(CATALOG, base, protected=True, auto_delete=False)
    loose = changed(CATALOG, base, protected=False, auto_delete=True)
    assert operations(update(guarded, there(loose))) == ["primary_ip.update", "primary_ip.change_protection"]
    assert operations(update(loose, there(guarded))) == ["primary_ip.change_protection", "primary_ip.update"]


def test_an_adoption_looks_then_writes_labels_and_then_what_differs() -> None:
    desired = replace(vm(server_type="cx32"), tags={"theirs": "1"})
    recorded = replace(there(desired, "running", server_type="cx22"), tags={"theirs": "1"})
    request = LowerRequest(Action.ADOPT, desired, recorded, diff(desired, recorded, CATALOG))
    look, call, *rest = HetznerDriver.lower(request)
    assert look.reads
    assert [each.operation for each in (look, *rest)] == [
        each.operation for each in HetznerDriver.lower(replace(request, action=Action.UPDATE))
    ]
    assert HetznerDriver.lower(replace(request, diff=Diff(request.diff.address))) == (call,)
    assert (call.method, call.path) == ("PUT", "/servers/{id}")
    labels = body(call)["labels"]
    assert isinstance(labels, dict)
    assert set(labels) == {"theirs", "reconciler/owner", "reconciler/resource", "reconciler/operation"}


def test_a_type_that_is_not_offered_is_refused() -> None:
    address = Address.parse("container/a")
    desired = Desired(address, "container", "hetzner", "hetzner", {})
    with pytest.raises(PlanError, match="has no container"):
        create(desired)
