"""Machines at Hetzner: what goes with one, and what is known to fail before one is stopped or given up.

Through the engine, against the simulator: what counts is its ground truth and its ledger afterwards.
"""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.engine.approval import Permit
from reconciler.engine.planning import PlanOptions
from reconciler.engine.results import Applied
from reconciler.errors import ManifestError
from reconciler.model.plan import Action, Blocked, BlockReason
from reconciler.planner import Selection, parse_selector
from reconciler.store.work.plans import find_plan
from tests.rigs.stage import Stage, document, result_of, results
from tests.scenario.test_executor import names


def address(more: str = "", rest: str = "") -> str:
    return document("PrimaryIp", "addr", f"ip_version: ipv4, location: fsn1, endpoint: hetzner-1{more}", rest)


def web(more: str = "", rest: str = "", *, size: str = "cx22", image: str = "debian-12") -> str:
    spec = f"server_type: {size}, image: {image}, location: fsn1, endpoint: hetzner-1{more}"
    return document("VirtualMachine", "web", spec, rest)


USING = ", ipv4: primary_ip/addr"
DOWNTIME = "lifecycle: {allow_downtime: true}"
REPLACE = "lifecycle: {replace: allowed}"


def one(stage: Stage, kind: str, name: str) -> dict[str, Any]:
    return next(item for item in stage.hcloud.state()[kind] if item["name"] == name)


def approve(stage: Stage, waves: int = 4) -> Applied:
    """Apply all that the plan shows, as somebody who has read it."""
    return stage.apply(Permit.for_plan(stage.plan()), waves=waves)


def approve_saved(stage: Stage) -> Applied:
    """Save the plan, and apply what was saved."""
    session = stage.session()
    session.observe()
    number = session.save(session.preview())
    with stage.engine.store.read() as tx:
        permit = Permit.for_saved(find_plan(tx, str(number)))
    return stage.apply(permit)


def why(blocked: tuple[Blocked, ...], where: str = "vm/web") -> str:
    (found,) = [f"{item.message} ({item.hint})" for item in blocked if str(item.address) == where]
    return found


# -- what goes with a machine ----------------------------------------------------------------------------


@pytest.mark.parametrize("life", ["", "lifecycle: {prevent_destroy: true}"])
@pytest.mark.parametrize("by_hand", [True, False])
def test_an_address_that_is_wanted_outlives_the_removal_of_its_machine(
    stage: Stage, life: str, by_hand: bool
) -> None:
    stage.want(address("" if by_hand else ", auto_delete: true", life), web(USING))
    stage.settle()
    if by_hand:
        stage.hcloud.change(op="set", type="primary_ips", name="addr", set={"auto_delete": True})
    before = one(stage, "primary_ips", "addr")
    stage.want(address("" if by_hand else ", auto_delete: true", life))
    (step,) = [step for step in stage.plan().steps if step.action is Action.DELETE]
    assert step.calls[0].operation == "primary_ip.update", "a call of the plan, for everybody to see"
    approve(stage)
    after = one(stage, "primary_ips", "addr")
    assert names(stage, "servers") == []
    assert (after["id"], after["ip"]) == (before["id"], before["ip"])
    assert after["auto_delete"] is not by_hand, "as its manifest wants it, or switched off"
    assert stage.settle().outcomes == ()


def test_an_address_outlives_the_replacement_of_its_machine_which_keeps_it(stage: Stage) -> None:
    stage.want(address(", auto_delete: true"), web(USING))
    stage.settle()
    before = one(stage, "primary_ips", "addr")
    stage.want(address(", auto_delete: true"), web(USING, REPLACE, image="debian-13"))
    applied = approve(stage)
    assert (result_of(applied, "vm/web"), applied.left.steps) == ("done", ())
    after = one(stage, "primary_ips", "addr")
    assert (after["id"], after["ip"], after["auto_delete"]) == (before["id"], before["ip"], True)
    assert one(stage, "servers", "web")["public_net"]["ipv4"]["ip"] == before["ip"]


def test_an_address_that_was_put_on_by_hand_outlives_a_replacement_too(stage: Stage) -> None:
    """The manifest of the machine does not speak of it."""
    stage.want(address(), web(", ipv4_enabled: false"))
    stage.settle()
    stage.hcloud.change(op="power", name="web", to="off")
    number, server = one(stage, "primary_ips", "addr")["id"], one(stage, "servers", "web")["id"]
    body = {"assignee_type": "server", "assignee_id": server}
    path = f"/primary_ips/{number}/actions/assign"
    stage.hcloud.change(op="request", method="POST", path=path, body=body)
    stage.hcloud.change(op="set", type="primary_ips", name="addr", set={"auto_delete": True})
    stage.want(address(), web("", REPLACE, image="debian-13"))
    approve(stage)
    assert one(stage, "servers", "web")["image"]["name"] == "debian-13"
    assert one(stage, "primary_ips", "addr")["id"] == number


def test_a_guarded_address_whose_manifest_goes_with_its_machines_outlives_it(stage: Stage) -> None:
    stage.want(address(", auto_delete: true", "lifecycle: {prevent_destroy: true}"), web(USING))
    stage.settle()
    stage.want(document("Network", "net", "ip_range: 10.0.0.0/16"))
    approve(stage)
    assert names(stage, "servers") == []
    assert "addr" in names(stage, "primary_ips")


def test_an_address_that_is_removed_with_its_machine_goes_by_its_own_step(stage: Stage) -> None:
    stage.want(
        address(", auto_delete: true"), web(USING), document("Network", "net", "ip_range: 10.0.0.0/16")
    )
    stage.settle()
    stage.want(document("Network", "net", "ip_range: 10.0.0.0/16"))
    applied = approve(stage)
    assert results(applied) == {"done": 2}
    assert names(stage, "servers") == names(stage, "primary_ips") == []
    assert stage.settle().outcomes == ()


def test_a_destroyed_machine_leaves_its_address_as_it_was(stage: Stage) -> None:
    stage.want(address(", auto_delete: true"), web(USING))
    stage.settle()
    stage.options = PlanOptions(selection=Selection((parse_selector("vm/web"),)), destroy=True)
    approve(stage)
    assert names(stage, "servers") == []
    assert one(stage, "primary_ips", "addr")["auto_delete"] is True


def test_a_step_that_was_cut_off_between_loses_no_address_when_it_is_planned_again(stage: Stage) -> None:
    """The switch is off and the manifest wants it on: both are put right in one plan, in the right order."""
    stage.want(address(", auto_delete: true"), web(USING))
    stage.settle()
    number = one(stage, "primary_ips", "addr")["id"]
    stage.want(address(", auto_delete: true"), web(USING, REPLACE, image="debian-13"))
    stage.hcloud.fault("status", method="DELETE", path="/v1/servers/.*", status=403, times=1)
    assert result_of(approve(stage, waves=1), "vm/web") == "failed"
    assert one(stage, "primary_ips", "addr")["auto_delete"] is False
    approve(stage)
    assert one(stage, "servers", "web")["image"]["name"] == "debian-13"
    after = one(stage, "primary_ips", "addr")
    assert (after["id"], after["auto_delete"]) == (number, True)


def test_what_goes_with_a_machine_is_said_before(stage: Stage) -> None:
    stage.want(web(", backups: true"), address())
    stage.settle()
    ip = one(stage, "servers", "web")["public_net"]["ipv4"]["ip"]
    stage.want(address())
    told = "\n".join(stage.plan().warnings)
    assert "vm/web: its backups go with it" in told
    assert ip in told


def test_switching_backups_off_waits_for_an_approval_and_obeys_the_guard(stage: Stage) -> None:
    stage.want(web(", backups: true"))
    stage.settle()
    stage.want(web(", backups: false"))
    (step,) = stage.plan().steps
    assert step.approvals == ("vm/web: its backups are deleted",)
    stage.want(web(", backups: false", "lifecycle: {prevent_destroy: true}"))
    plan = stage.plan()
    assert (plan.steps, [item.reason for item in plan.blocked]) == ((), [BlockReason.PREVENT_DESTROY])


# -- what can be known to fail ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said", "instead"),
    [
        ({"size": "cax11"}, "arm type", "cx32"),
        ({"size": "cx99"}, "no server type `cx99`", "cx32"),
        ({"size": "sold-out"}, "sold out in fsn1", "cx32"),
        ({"size": "elsewhere"}, "not sold in fsn1", "cx32"),
    ],
)
def test_a_type_that_cannot_be_had_is_refused_in_the_plan(
    stage: Stage, change: dict[str, str], said: str, instead: str
) -> None:
    stage.want(web("", DOWNTIME))
    stage.settle()
    size = {"sold-out": "cx42", "elsewhere": "cx52"}.get(change["size"], change["size"])
    stage.hcloud.change(op="set", type="server_types", name="cx42", set={"locations.fsn1.available": False})
    gone = {"announced": "2020-01-01T00:00:00Z", "unavailable_after": "2020-06-01T00:00:00Z"}
    stage.hcloud.change(op="set", type="server_types", name="cx52", set={"locations.fsn1.deprecation": gone})
    stage.want(web("", DOWNTIME, size=size))
    before = len(stage.hcloud.sent())
    applied = stage.apply()
    text = why(applied.left.blocked)
    assert (said in text, instead in text) == (True, True), text
    assert (len(stage.hcloud.sent()), one(stage, "servers", "web")["status"]) == (before, "running")


def test_a_smaller_disk_is_refused_in_the_plan(stage: Stage) -> None:
    stage.want(web("", DOWNTIME, size="cx32"))
    stage.settle()
    stage.want(web("", DOWNTIME, size="cx22"))
    applied = stage.apply()
    assert "a disk cannot shrink" in why(applied.left.blocked)
    assert one(stage, "servers", "web")["status"] == "running"


def test_a_type_that_sold_out_after_the_plan_stops_no_machine(stage: Stage) -> None:
    stage.want(web("", DOWNTIME))
    stage.settle()
    stage.want(web("", DOWNTIME, size="cx32"))
    before = len(stage.hcloud.sent())
    session = stage.session()
    session.observe()
    stage.hcloud.change(op="set", type="server_types", name="cx32", set={"locations.fsn1.available": False})
    applied = session.apply(Permit())
    assert result_of(applied, "vm/web") == "failed"
    assert "sold out in fsn1" in next(iter(applied.failed)).message
    assert stage.hcloud.sent()[before:] == [], "neither stopped nor started"


@pytest.mark.parametrize("size", ["cx42", "cx32"])
def test_a_replacement_gives_nothing_up_for_what_cannot_be_made(stage: Stage, size: str) -> None:
    """`cx42` is sold out before the plan, `cx32` after it; the image goes after it too."""
    stage.want(web())
    stage.settle()
    server = one(stage, "servers", "web")["id"]
    stage.want(web("", REPLACE, size=size, image="debian-13"))
    sold_out = {"locations.fsn1.available": False}
    stage.hcloud.change(op="set", type="server_types", name="cx42", set=sold_out)
    session = stage.session()
    session.observe()
    stage.hcloud.change(op="set", type="server_types", name="cx32", set=sold_out)
    session.apply(Permit.for_plan(session.preview().plan))
    assert one(stage, "servers", "web")["id"] == server


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"image": "debian-99"}, "no image `debian-99`"),
        ({"image": "windows", "size": "cax11"}, "no image `windows`"),
        ({"size": "cx1"}, "no server type"),
    ],
)
def test_a_machine_that_cannot_be_made_is_refused_before_anything_is_sent(
    stage: Stage, more: dict[str, str], said: str
) -> None:
    stage.want(web(**more))
    applied = stage.apply()
    assert said in why(applied.left.blocked)
    assert stage.hcloud.sent() == []


def test_a_plan_without_an_observation_says_what_it_did_not_look_up(stage: Stage) -> None:
    stage.want(web())
    plan = stage.session().preview().plan
    assert [step.action for step in plan.steps] == [Action.CREATE]
    assert plan.warnings == ("vm/web: not looked up: whether cx22 is to be had there",)
    assert stage.plan().warnings == ()


# -- other words for the same thing ----------------------------------------------------------------------


def number_of(stage: Stage, kind: str, name: str) -> str:
    api: Any = stage.hcloud.server.api
    return str(api.project.catalogue.find(kind, name)["id"])


def test_what_is_given_by_its_number_is_compared_by_number_and_name(stage: Stage) -> None:
    image, size = number_of(stage, "images", "debian-12"), number_of(stage, "server_types", "cx22")
    stage.want(web(size=f'"{size}"', image=f'"{image}"'))
    stage.settle()
    before = len(stage.hcloud.sent())
    for manifest in (web(), web(size=f'"{size}"'), web(image=f'"{image}"')):
        stage.want(manifest)
        stage.settle()
    other = number_of(stage, "images", "debian-13")
    stage.want(web(image=f'"{other}"'))
    (blocked,) = stage.plan().blocked
    assert blocked.reason is BlockReason.REPLACE_NOT_ALLOWED
    assert len(stage.hcloud.sent()) == before


# -- values that no two may have -------------------------------------------------------------------------


def nets(**called: str) -> list[str]:
    return [
        document("Network", address, f'ip_range: 10.{ord(address[1])}.0.0/16, name: "{name}"')
        for address, name in called.items()
    ]


def test_two_names_that_would_be_swapped_are_refused_in_the_plan(stage: Stage) -> None:
    stage.want(*nets(one="a", two="b"))
    stage.settle()
    before = len(stage.hcloud.sent())
    stage.want(*nets(one="b", two="a"))
    applied = stage.apply()
    assert "would swap `name` b with network/two" in why(applied.left.blocked, "network/one")
    assert "would swap `name` a with network/one" in why(applied.left.blocked, "network/two")
    assert len(stage.hcloud.sent()) == before


def test_names_that_move_up_go_one_after_the_other(stage: Stage) -> None:
    stage.want(*nets(one="a", two="b", three="c"))
    stage.settle()
    stage.want(*nets(one="b", two="c", three="d"))
    assert [str(step.address) for step in stage.plan().steps] == [
        "network/three",
        "network/two",
        "network/one",
    ]
    stage.settle()
    assert names(stage, "networks") == ["b", "c", "d"]


def test_a_name_that_a_removed_one_has_comes_after_its_removal(stage: Stage) -> None:
    stage.want(*nets(one="a", two="b"))
    stage.settle()
    stage.want(*nets(two="a"))
    approve(stage)
    assert names(stage, "networks") == ["a"]


def test_a_name_that_its_holder_keeps_is_refused_in_the_plan(stage: Stage) -> None:
    stage.want(*nets(one="a"))
    stage.settle()
    body = {"name": "c", "ip_range": "10.9.0.0/16"}
    stage.hcloud.change(op="create", type="networks", body=body)
    stage.want(*nets(one="a", two="a"))
    assert "held by network/one" in why(stage.plan().blocked, "network/two")
    stage.want(*nets(one="c"))
    assert "which is not ours" in why(stage.plan().blocked, "network/one")


def member(name: str, ip: str, rest: str = "") -> str:
    spec = (
        f"server_type: cx22, image: debian-12, location: fsn1, endpoint: hetzner-1, "
        f"networks: [{{network: network/net, ip: {ip}}}]"
    )
    return document("VirtualMachine", name, spec, rest)


def ground(*ranges: str) -> str:
    subnets = ", ".join(f"{{ip_range: {each}, network_zone: eu-central}}" for each in ranges)
    return document("Network", "net", f"ip_range: 10.0.0.0/16, subnets: [{subnets}]")


def private(stage: Stage) -> dict[str, str]:
    return {item["name"]: item["private_net"][0]["ip"] for item in stage.hcloud.state()["servers"]}


def test_two_private_addresses_that_would_be_swapped_are_refused_in_the_plan(stage: Stage) -> None:
    stage.want(ground("10.0.1.0/24"), member("a", "10.0.1.5"), member("b", "10.0.1.6"))
    stage.settle()
    stage.want(ground("10.0.1.0/24"), member("a", "10.0.1.6"), member("b", "10.0.1.5"))
    applied = stage.apply()
    assert "would swap `ip` 10.0.1.6 in network/net with vm/b" in why(applied.left.blocked, "vm/a")
    assert private(stage) == {"a": "10.0.1.5", "b": "10.0.1.6"}


def test_a_private_address_is_taken_after_it_was_given_up(stage: Stage) -> None:
    stage.want(ground("10.0.1.0/24"), member("a", "10.0.1.5"), member("b", "10.0.1.6"))
    stage.settle()
    stage.want(ground("10.0.1.0/24"), member("a", "10.0.1.6"), member("b", "10.0.1.7"))
    stage.settle()
    assert private(stage) == {"a": "10.0.1.6", "b": "10.0.1.7"}


def test_a_machine_does_not_leave_its_network_for_an_address_that_it_cannot_get(stage: Stage) -> None:
    stage.want(ground("10.0.1.0/24"), member("a", "10.0.1.5"))
    stage.settle()
    before = len(stage.hcloud.sent())
    stage.want(ground("10.0.1.0/24"), member("a", "10.0.2.5"))
    applied = stage.apply()
    assert "10.0.2.5 is in no subnet of network/net" in why(applied.left.blocked, "vm/a")
    assert len(stage.hcloud.sent()) == before


def test_an_address_that_is_not_free_yet_is_waited_for(stage: Stage) -> None:
    stage.want(ground("10.0.1.0/24"), member("a", "10.0.1.5"))
    stage.settle()
    stage.hcloud.fault(
        "refused", method="POST", path=".*/attach_to_network", options={"code": "ip_not_available"}, times=7
    )
    stage.want(ground("10.0.1.0/24"), member("a", "10.0.1.6"))
    stage.settle()
    assert private(stage) == {"a": "10.0.1.6"}


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"


def test_a_key_that_is_there_under_another_name_is_named_in_the_plan(stage: Stage) -> None:
    body = {"name": "of-old", "public_key": f"{KEY} somebody@else"}
    stage.hcloud.change(op="create", type="ssh_keys", body=body)
    number = one(stage, "ssh_keys", "of-old")["id"]
    stage.want(document("SshKey", "mine", f'public_key: "{KEY} me@here"'))
    plan = stage.plan()
    assert (plan.steps, [item.reason for item in plan.blocked]) == ((), [BlockReason.NOT_OURS])
    assert f"ssh_key/of-old (id {number})" in why(plan.blocked, "ssh_key/mine")


def test_a_key_that_came_after_the_plan_is_named_by_the_apply(stage: Stage) -> None:
    stage.want(ground("10.0.1.0/24"))
    stage.settle()
    stage.want(ground("10.0.1.0/24"), document("SshKey", "mine", f'public_key: "{KEY} me@here"'))
    session = stage.session()
    session.observe()
    body = {"name": "of-old", "public_key": f"{KEY} somebody@else"}
    stage.hcloud.change(op="create", type="ssh_keys", body=body)
    (failed,) = session.apply(Permit()).failed
    number = one(stage, "ssh_keys", "of-old")["id"]
    assert f"`public_key` is held by ssh_key of-old (id {number})" in failed.message


# -- a renumbered subnet ---------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["shown", "saved", "by itself"])
def test_a_subnet_is_renumbered_with_its_machines_in_one_apply(stage: Stage, how: str) -> None:
    stage.want(ground("10.0.1.0/24"), member("a", "10.0.1.5"), member("b", "10.0.1.6"))
    stage.settle()
    stage.want(ground("10.0.2.0/24"), member("a", "10.0.2.5"), member("b", "10.0.2.6"))
    assert (
        "network/net: 10.0.1.0/24 goes once vm/a, vm/b have left it, in the same apply"
        in stage.plan().warnings
    )
    applied = {"shown": approve, "saved": approve_saved, "by itself": Stage.settle}[how](stage)
    assert (applied.failed, applied.left.steps, applied.left.blocked) == ((), (), ())
    assert private(stage) == {"a": "10.0.2.5", "b": "10.0.2.6"}
    (net,) = stage.hcloud.state()["networks"]
    assert [subnet["ip_range"] for subnet in net["subnets"]] == ["10.0.2.0/24"]
    moves = [
        each.rpartition("/")[2] for each in stage.hcloud.applied() if "subnet" in each or "detach" in each
    ]
    assert moves[0] == "add_subnet", "there is room before anything moves"
    assert moves[-1] == "delete_subnet"


def test_a_subnet_that_somebody_stays_in_stays_and_says_who(stage: Stage) -> None:
    stage.want(ground("10.0.1.0/24"), member("a", "10.0.1.5"), member("b", "10.0.1.6"))
    stage.settle()
    body = {"name": "c", "server_type": "cx22", "image": "debian-12", "location": "fsn1"}
    number = next(int(item["id"]) for item in stage.hcloud.state()["networks"])
    stage.hcloud.change(op="create", type="servers", body={**body, "networks": [number]})
    stage.want(ground("10.0.2.0/24"), member("a", "10.0.2.5"), member("b", "10.0.2.6"))
    applied = stage.apply()
    assert "subnet 10.0.1.0/24 cannot go: vm/c has an address in it" in why(
        applied.left.blocked, "network/net"
    )
    assert (applied.failed, len(private(stage))) == ((), 3)
    assert {"a": "10.0.2.5", "b": "10.0.2.6"}.items() <= private(stage).items()


def test_a_subnet_that_overlaps_the_one_it_replaces_is_refused_while_that_is_used(stage: Stage) -> None:
    stage.want(ground("10.0.1.0/24"), member("a", "10.0.1.5"))
    stage.settle()
    before = len(stage.hcloud.sent())
    stage.want(ground("10.0.1.0/25"), member("a", "10.0.1.5"))
    applied = stage.apply()
    assert "overlaps what it shall replace, where vm/a has an address" in why(
        applied.left.blocked, "network/net"
    )
    assert len(stage.hcloud.sent()) == before


# -- what is only half made ------------------------------------------------------------------------------


def test_a_machine_whose_creation_failed_is_started_and_not_called_done(stage: Stage) -> None:
    stage.want(web())
    stage.hcloud.fault("action_error", method="POST", path="/v1/servers", times=1)
    assert results(stage.apply(waves=1)) == {"failed": 1}
    assert one(stage, "servers", "web")["status"] == "off"
    stage.settle()
    assert one(stage, "servers", "web")["status"] == "running"
    assert stage.settle().outcomes == ()


def test_a_machine_that_a_person_stopped_is_not_started_for_a_change_that_was_not_begun(stage: Stage) -> None:
    stage.want(web("", DOWNTIME))
    stage.settle()
    stage.want(web("", DOWNTIME, size="cx32"))
    session = stage.session()
    session.observe()
    sold_out = {"locations.fsn1.available": False}
    stage.hcloud.change(op="set", type="server_types", name="cx32", set=sold_out)
    session.apply(Permit())
    stage.hcloud.change(op="power", name="web", to="off")
    stage.want(web("", DOWNTIME))
    assert stage.settle().outcomes == ()
    assert one(stage, "servers", "web")["status"] == "off"


# -- names of addresses ----------------------------------------------------------------------------------


def test_the_providers_own_name_of_an_address_is_no_name_that_was_given(stage: Stage) -> None:
    stage.want(address(', reverse_dns: "a.example.com"'), web())
    stage.settle()
    assert stage.rows(
        "SELECT count(*) FROM resource_attributes a JOIN attribute_definitions d"
        " ON d.id = a.attribute_definition_id WHERE d.name = 'ipv4_reverse_dns'"
    ) == [(0,)]
    stage.want(address(', reverse_dns: "static.1.0.18.198.clients.your-server.de"'), web())
    assert "write null" in why(stage.plan().blocked, "primary_ip/addr")


# -- what no request can bring about ---------------------------------------------------------------------

NO_ADDRESS = ", ipv4_enabled: false, ipv6_enabled: false"


@pytest.mark.parametrize(
    ("documents", "where", "said"),
    [
        ([web(NO_ADDRESS)], "vm/web", "neither a public address nor a private network"),
        (
            [web(f"{NO_ADDRESS}, power_state: stopped, firewalls: [fw]"), document("Firewall", "fw")],
            "vm/web",
            "a firewall is for public traffic",
        ),
        (
            [
                web(f", firewalls: [{', '.join(f'f{n}' for n in range(6))}]"),
                *(document("Firewall", f"f{n}") for n in range(6)),
            ],
            "vm/web",
            "6 firewalls are more than the 5",
        ),
        (
            [web(), document("Volume", "data", "size: 10, server: vm/web, automount: true")],
            "volume/data",
            "`automount` needs a file system",
        ),
    ],
)
def test_what_the_provider_would_refuse_is_refused_in_the_plan(
    stage: Stage, documents: list[str], where: str, said: str
) -> None:
    stage.want(*documents)
    assert said in why(stage.plan().blocked, where)


def test_a_machine_that_is_off_may_have_no_network_at_all(stage: Stage) -> None:
    stage.want(web(f"{NO_ADDRESS}, power_state: stopped"))
    stage.settle()
    assert one(stage, "servers", "web")["status"] == "off"


@pytest.mark.parametrize("name", ["data+1", "a" * 65])
def test_a_name_that_the_provider_does_not_take_is_refused_with_its_manifest(stage: Stage, name: str) -> None:
    stage.want(document("Volume", name, "size: 10, location: fsn1"))
    with pytest.raises(ManifestError) as caught:
        stage.plan()
    (problem,) = caught.value.problems
    assert problem.code.endswith("own_name")
