"""A credential goes only where the operator said, with a host that listens for more.

Property 26 in docs/safety.md.
"""

from __future__ import annotations

import socket
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dulwich import porcelain

from tests.rigs.processes import TOKEN, Fleet, inventory

HOSTILE = """
    apiVersion: reconciler/v1
    kind: Provider
    metadata: {name: theirs}
    spec: {type: hetzner}
    ---
    apiVersion: reconciler/v1
    kind: Credential
    metadata: {name: bait}
    spec: {SOURCE}
    ---
    apiVersion: reconciler/v1
    kind: ProviderEndpoint
    metadata: {name: theirs}
    spec: {provider: theirs, url: "{url}", credential: bait}
"""
REDECLARED = """
    apiVersion: reconciler/v1
    kind: ProviderEndpoint
    metadata: {name: hz}
    spec: {provider: rented, url: "{url}", credential: token}
"""
KNOWN = """
    apiVersion: reconciler/v1
    kind: ProviderEndpoint
    metadata: {name: other}
    spec: {provider: rented, url: "{url}", credential: token}
"""
KEY = """
    apiVersion: reconciler/v1
    kind: SshKey
    metadata: {name: admin}
    spec:
      endpoint: hz
      public_key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f a@b"
"""


class Listener:
    """A host that takes connections and keeps what it was sent."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.socket = socket.create_server((host, 0))
        self.host, self.received = host, []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.socket.getsockname()[1]}/v1"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.received.append(connection.recv(65536))
            connection.close()

    received: list[bytes]


@contextmanager
def listening(host: str = "127.0.0.1") -> Iterator[Listener]:
    found = Listener(host)
    try:
        yield found
    finally:
        found.socket.close()


def branch(folder: Path, text: str) -> str:
    """A repository whose manifests are `text`."""
    folder.mkdir()
    (folder / "all.yaml").write_text(textwrap.dedent(text))
    porcelain.init(str(folder))
    porcelain.add(str(folder), [str(folder / "all.yaml")])
    porcelain.commit(str(folder), message=b"trust me", author=b"a <a@b>", committer=b"a <a@b>")
    return str(folder)


@pytest.mark.parametrize(
    "text",
    [
        HOSTILE.replace("{SOURCE}", "{file: /proc/self/environ}"),
        HOSTILE.replace("{SOURCE}", "{environment: FLEET_TOKEN}"),
        HOSTILE.replace("{SOURCE}", "{stored: true}"),
        REDECLARED,
        KNOWN,
    ],
    ids=["a file", "a variable", "the vault", "a known endpoint elsewhere", "a known credential"],
)
def test_the_preview_of_a_branch_sends_nothing_to_where_the_branch_says(
    world: Fleet, tmp_path: Path, text: str
) -> None:
    world.made(admin=KEY)
    with listening() as host:
        url = branch(tmp_path / "branch", text.replace("{url}", host.url))
        world.cli.afresh = "/proc/self/environ" in text
        done = world.cli.run("plan", "--git", url)
        assert host.received == []
    assert done.code == 1
    assert "this source may not declare a ProviderEndpoint" in done.said
    assert "all.yaml:" in done.said
    assert "--trust-inventory" in done.said


def test_a_source_that_the_operator_marks_may_declare_inventory(world: Fleet, tmp_path: Path) -> None:
    text = "\n---\n".join(textwrap.dedent(each) for each in (inventory(world.sim.url), KEY))
    (world.folder / "inventory.yaml").unlink(missing_ok=True)
    url = branch(tmp_path / "mine", text)
    done = world.cli.run("plan", "--git", url, "--trust-inventory")
    assert done.code == 0, done.said
    assert "ssh_key/admin" in done.said


def test_an_endpoint_that_moves_to_another_host_waits_for_the_operator(world: Fleet) -> None:
    world.made(admin=KEY)
    with listening("127.0.0.2") as host:
        world.write(inventory=inventory(host.url))
        done = world.cli.run("plan", "-f", "fleet")
        assert "was given for 127.0.0.1, and is not sent to 127.0.0.2" in done.said
        assert "reconciler credentials bind token 127.0.0.2" in done.said
        world.cli.run("apply", "-f", "fleet", "--yes")
        assert host.received == []
        world.cli.ok("credentials", "bind", "token", "127.0.0.2")
        world.cli.run("plan", "-f", "fleet")
        assert host.received != []


PLACE = """
    apiVersion: reconciler/v1
    kind: Location
    metadata: {name: fsn1}
    spec: {display_name: Elsewhere}
"""
BUILDING = """
    apiVersion: reconciler/v1
    kind: Datacenter
    metadata: {name: park}
    spec: {location: fsn1}
"""


@pytest.mark.parametrize(
    ("text", "whose"),
    [(REDECLARED, "endpoint hz"), (PLACE, "location fsn1"), (BUILDING, "datacenter park")],
    ids=["an endpoint", "a location", "a datacenter"],
)
def test_inventory_belongs_to_one_source(world: Fleet, tmp_path: Path, text: str, whose: str) -> None:
    world.made(admin=KEY, building=BUILDING)
    second = tmp_path / "second"
    second.mkdir()
    with listening() as host:
        (second / "all.yaml").write_text(textwrap.dedent(text.replace("{url}", host.url)))
        done = world.cli.run("plan", "-f", str(second))
        assert host.received == []
    assert done.code == 1
    address = whose.replace(" ", "/")
    assert f"{address}: the {whose} is already declared by the source {world.folder}" in done.said


def test_what_changes_of_the_inventory_is_in_the_plan_and_nothing_of_it_before_the_apply(
    world: Fleet,
) -> None:
    world.write(admin=KEY)
    plan = world.cli.ok("plan", "-f", "fleet", "--save", "-o", "json").json()
    assert [f"{step['kind']}/{step['name']}" for step in plan["inventory"]] == [
        "location/fsn1",
        "credential/token",
        "provider/rented",
        "endpoint/hz",
    ]
    assert {"name": "url", "before": None, "after": world.sim.url} in plan["inventory"][3]["changes"]
    assert world.cli.ok("get", "endpoints", "-o", "json").json() == []
    world.cli.ok("apply", "--plan", str(plan["saved_as"]))
    assert [row["name"] for row in world.cli.ok("get", "endpoints", "-o", "json").json()] == ["hz"]

    world.write(
        inventory=inventory(world.sim.url).replace("credential: token", "credential: token, drift: report")
    )
    done = world.cli.run("plan", "-f", "fleet", "--detailed-exitcode")
    assert done.code == 2
    assert "~ endpoint/hz will be changed" in done.out
    assert "heal → report" in done.out
    assert "Inventory: 1 to change." in done.out
    assert "✓ endpoint/hz changed" in world.cli.ok("apply", "-f", "fleet", "--yes").out
    assert world.cli.is_settled()


def test_a_provider_that_a_datacenter_names_no_more_leaves_it(world: Fleet) -> None:
    here = BUILDING.replace("location: fsn1", "location: fsn1, providers: [rented]")
    world.made(admin=KEY, building=here)
    assert world.cli.is_settled()
    world.write(building=BUILDING)
    (step,) = world.cli.ok("plan", "-f", "fleet", "-o", "json").json()["inventory"]
    assert (step["kind"], step["name"]) == ("datacenter", "park")
    assert step["changes"] == [{"name": "provider", "before": "rented", "after": None}]
    assert "✓ datacenter/park changed" in world.cli.ok("apply", "-f", "fleet", "--yes").out
    assert world.cli.is_settled()


def test_a_saved_plan_takes_no_inventory_that_came_later(world: Fleet) -> None:
    world.write(admin=KEY)
    number = str(world.cli.ok("plan", "-f", "fleet", "--save", "-o", "json").json()["saved_as"])
    world.write(other=KNOWN.replace("{url}", world.sim.url))
    done = world.cli.run("apply", "--plan", number)
    assert done.code == 1
    assert "endpoint/other changed since the plan was made" in done.said
    assert world.cli.ok("get", "endpoints", "-o", "json").json() == []


def test_a_saved_plan_of_the_inventory_alone_does_that_and_nothing_else(world: Fleet) -> None:
    world.made(admin=KEY)
    changed = inventory(world.sim.url).replace("credential: token", "credential: token, drift: report")
    world.write(inventory=changed)
    number = str(world.cli.ok("plan", "-f", "fleet", "--save", "-o", "json").json()["saved_as"])
    world.write(second=KEY.replace("admin", "second").replace("AAIA", "AAIB"))
    done = world.cli.ok("apply", "--plan", number)
    assert "✓ endpoint/hz changed" in done.out
    assert "left" not in done.out
    assert world.sim.names("ssh_keys") == ["admin"]
    status = {str(row["id"]): row["status"] for row in world.cli.ok("get", "plans", "-o", "json").json()}
    assert status[number] == "applied"


def _elsewhere(world: Fleet) -> str:
    """The same simulator under another host's name."""
    return world.sim.url.replace("127.0.0.1", "localhost")


def test_a_move_to_another_host_is_a_step_that_an_approval_lets_go_on(world: Fleet) -> None:
    world.made(admin=KEY)
    world.write(
        inventory=inventory(_elsewhere(world)), second=KEY.replace("admin", "second").replace("AAIA", "AAIB")
    )
    done = world.cli.run("apply", "-f", "fleet", "--yes", "-o", "json")
    assert done.code == 1
    applied = done.json()
    assert applied["withheld"] == ["credential/token"]
    assert applied["inventory"] == ["endpoint/hz"]
    waits = world.cli.run("plan", "-f", "fleet")
    assert "needs an approval: hz would send it to localhost; it was given for 127.0.0.1" in waits.out

    world.cli.ok("approve", str(applied["saved_as"]))
    done = world.cli.ok("apply", "-f", "fleet", "--yes")
    assert "✓ credential/token changed" in done.out
    assert world.sim.names("ssh_keys") == ["admin", "second"]
    assert world.cli.is_settled()


def test_who_sees_the_move_and_says_yes_has_approved_it(world: Fleet) -> None:
    world.made(admin=KEY)
    world.write(inventory=inventory(_elsewhere(world)))
    done = world.cli.at_terminal("yes", "apply", "-f", "fleet")
    assert done.code == 0, done.said
    assert world.cli.is_settled()


@pytest.mark.parametrize("how", ["a new endpoint", "another credential at a known endpoint"])
def test_a_known_credential_goes_to_no_further_host_without_an_approval(world: Fleet, how: str) -> None:
    world.made(admin=KEY)
    with listening("127.0.0.2") as host:
        spare = """
            apiVersion: reconciler/v1
            kind: Credential
            metadata: {name: spare}
            spec: {environment: RECONCILER_HOME}
        """
        other = KNOWN.replace("{url}", host.url)
        if how == "a new endpoint":
            world.write(other=other)
        else:
            world.write(spare=spare, other=other.replace("credential: token", "credential: spare"))
            world.cli.run("apply", "-f", "fleet", "--yes")
            assert host.received != []
            world.write(other=other)
        done = world.cli.run("apply", "-f", "fleet", "--yes")
        assert TOKEN.encode() not in b"".join(host.received)
    assert "other would send it to 127.0.0.2; it was given for 127.0.0.1" in done.said
