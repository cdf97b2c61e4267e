"""Objects that have a key of their own and no room for a mark: what is ours is what the database says.

A plug-in's provider keeps grants in a folder, one file each, named by who may do what; nothing of ours can
be written into one. That a request's answer is lost is made by a file that the plug-in finds there.
"""

from __future__ import annotations

import pytest

from tests.rigs.databases import TestDatabase
from tests.rigs.plugins import install
from tests.rigs.processes import Cli

CATALOG = """
provider_type: {name: gate, display_name: Gates}
resource_types:
  gate_grant: {kind: GateGrant, description: Who may pass where.}
attributes:
  gate_who: {description: The person.}
  gate_where: {description: The gate.}
  gate_hours: {description: From when to when.}
offers:
  gate_grant:
    identity: key
    tags: false
    attributes:
      gate_who: {change: replace, required: true}
      gate_where: {change: replace, required: true}
      gate_hours: {change: in_place, default: 9-17}
"""

DRIVER = """
from pathlib import Path

from reconciler.catalog import load_part
from reconciler.errors import ErrorCode, ProviderError
from reconciler.model.plan import Action, Call, ExternalId
from reconciler.model.resource import Observed
from reconciler.providers.driver import Observation, Submission, TaskState, TaskStatus


class GateDriver:
    catalog = load_part("gate_guard")

    def __init__(self, access):
        self.folder = Path(access.url.removeprefix("gate://local"))

    @staticmethod
    def key_of(desired):
        return f"{desired.attributes['gate_who']}@{desired.attributes['gate_where']}"

    def observe(self, request):
        seen = []
        for file in sorted(self.folder.glob("*@*")):
            who, where = file.name.split("@")
            values = {"gate_who": who, "gate_where": where, "gate_hours": file.read_text()}
            seen.append(Observed("gate_grant", file.name, who, "available", values, markable=False))
        ids = {item.external_id for item in seen}
        absent = frozenset(target for target in request.targets if target[1] not in ids)
        return Observation(tuple(seen), frozenset(request.types), absent)

    @staticmethod
    def lower(request):
        if request.action is Action.ADOPT and not request.diff:
            return ()
        item = request.desired or request.recorded
        if request.action is Action.DELETE:
            path = (("key", ExternalId(item.address)),)
            return (Call("revoke", "DELETE", "/{key}", "revoke", path, deletes=True),)
        creates = request.action is Action.CREATE
        key = GateDriver.key_of(item) if creates else ExternalId(item.address)
        params = (("hours", item.attributes["gate_hours"]),)
        method = "POST" if creates else "PUT"
        return (Call("grant", method, "/{key}", "grant", (("key", key),), params, creates=creates),)

    def submit(self, request):
        file = self.folder / request.path_params["key"]
        if request.method == "DELETE":
            file.unlink()
            return Submission()
        if request.method == "POST" and file.exists():
            raise ProviderError("there is such a grant", code=ErrorCode.ALREADY_EXISTS)
        file.write_text(request.params["hours"])
        if (self.folder / "lose").exists():
            raise ProviderError("no answer", code=ErrorCode.TIMEOUT, transient=True, ambiguous=True)
        return Submission(external_id=file.name if request.method == "POST" else None)

    def poll(self, tasks):
        return {task: TaskStatus(TaskState.DONE) for task in tasks}
"""

INVENTORY = """
apiVersion: reconciler/v1
kind: Provider
metadata: {{name: gates}}
spec: {{type: gate}}
---
apiVersion: reconciler/v1
kind: ProviderEndpoint
metadata: {{name: gates-1}}
spec: {{provider: gates, url: "gate://local{folder}"}}
---
"""
GRANT = """
apiVersion: reconciler/v1
kind: GateGrant
metadata: {{name: {name}}}
spec: {{gate_who: ada, gate_where: {where}, gate_hours: {hours}}}
lifecycle: {{{lifecycle}}}
"""


class Gates:
    """The installed plug-in, its folder, and a source of manifests."""

    def __init__(self, cli: Cli) -> None:
        self.cli, self.fleet, self.folder = cli, cli.folder / "fleet", cli.folder / "gates"
        self.fleet.mkdir()
        self.folder.mkdir()

    def want(self, *names: str, hours: str = "9-17", lifecycle: str = "", where: str = "north") -> None:
        grants = [GRANT.format(name=name, hours=hours, lifecycle=lifecycle, where=where) for name in names]
        text = INVENTORY.format(folder=self.folder) + "---\n".join(grants)
        (self.fleet / "all.yaml").write_text(text)

    def apply(self, code: int = 0) -> str:
        done = self.cli.run("apply", "-f", str(self.fleet), "--yes")
        assert done.code == code, done.said
        return done.said

    def plan(self) -> str:
        return self.cli.run("plan", "-f", str(self.fleet)).said

    def there(self) -> dict[str, str]:
        return {file.name: file.read_text() for file in self.folder.glob("*@*")}


@pytest.fixture
def gates(cli: Cli) -> Gates:
    site = cli.folder / "site"
    install(site, "gate", "gate_guard", CATALOG, DRIVER)
    cli.env["PYTHONPATH"] = str(site)
    return Gates(cli)


def test_what_was_made_is_ours_though_nothing_says_so_there(gates: Gates, database: TestDatabase) -> None:
    gates.want("ada")
    gates.apply()
    assert gates.there() == {"ada@north": "9-17"}
    (gates.folder / "ada@north").write_text("0-24")  # drift
    gates.apply()
    assert gates.there() == {"ada@north": "9-17"}
    assert "No changes" in gates.plan()
    gates.want("ada", hours="10-12")
    gates.apply()
    assert gates.there() == {"ada@north": "10-12"}
    gates.want("ada", where="south", lifecycle="replace: allowed")
    gates.apply()
    assert gates.there() == {"ada@south": "9-17"}
    gates.want()
    gates.apply()
    assert gates.there() == {}


def test_what_stands_at_the_key_is_not_touched_before_somebody_says_so(gates: Gates) -> None:
    (gates.folder / "ada@north").write_text("0-24")
    gates.want("ada")
    said = gates.apply(code=1)
    assert "an object of that key exists at gates-1 (id ada@north) and is not ours" in said
    assert gates.there() == {"ada@north": "0-24"}
    gates.want("ada", lifecycle='adopt: "ada@north"')
    assert "taken over" in gates.plan()
    gates.apply()
    assert gates.there() == {"ada@north": "9-17"}
    assert "No changes" in gates.plan()


def test_nothing_is_given_up_for_a_key_that_somebody_else_has(gates: Gates) -> None:
    gates.want("ada", lifecycle="replace: allowed")
    gates.apply()
    (gates.folder / "ada@south").write_text("0-24")
    gates.want("ada", where="south", lifecycle="replace: allowed")
    said = gates.apply(code=1)
    assert "gate_grant/ada would be replaced" in said
    assert "an object of that key exists at gates-1 (id ada@south) and is not ours" in said
    assert gates.there() == {"ada@north": "9-17", "ada@south": "0-24"}


def test_a_name_says_nothing_of_what_has_a_key(gates: Gates) -> None:
    (gates.folder / "ada@north").write_text("0-24")  # its name at the provider is `ada`, as the manifest's
    gates.want("ada", where="south")
    gates.apply()
    assert gates.there() == {"ada@north": "0-24", "ada@south": "9-17"}


def test_after_a_lost_answer_a_person_is_asked_and_nothing_is_stuck(gates: Gates) -> None:
    gates.want()
    gates.apply()
    (gates.folder / "lose").touch()
    gates.want("ada")
    gates.apply(code=1)
    (gates.folder / "lose").unlink()
    said = gates.apply(code=1)
    assert 'set lifecycle.adopt: "ada@north"' in said
    assert gates.there() == {"ada@north": "9-17"}
    gates.want("ada", lifecycle='adopt: "ada@north"')
    gates.apply()
    assert "No changes" in gates.plan()
    assert gates.there() == {"ada@north": "9-17"}


def test_one_key_is_one_manifests(gates: Gates) -> None:
    gates.want("ada", "also")
    said = gates.apply(code=1)
    assert "gate_grant/also is the same object: its key is ada@north" in said
    assert gates.there() == {}
    gates.want("ada")
    gates.apply()
    gates.want("also")
    said = gates.plan()
    assert "the object with the key ada@north is managed as gate_grant/ada" in said
    assert gates.there() == {"ada@north": "9-17"}


def test_a_part_of_a_part_is_refused_with_words(gates: Gates) -> None:
    catalog = gates.cli.folder / "site" / "gate_guard" / "catalog.yaml"
    parts = (
        "  gate_rule: {kind: GateRule, parents: [gate_grant], collection: rules, key: [gate_who]}\n"
        "  gate_day: {kind: GateDay, parents: [gate_rule], collection: days, key: [gate_where]}\n"
        "attributes:\n"
    )
    catalog.write_text(CATALOG.replace("attributes:\n", parts, 1))
    gates.want("ada")
    said = gates.plan()
    assert "resource type gate_day: its parent `gate_rule` is a part itself, and no part has parts" in said
    assert "make it a part of gate_grant whose key names the gate_rule, or attributes" in said
