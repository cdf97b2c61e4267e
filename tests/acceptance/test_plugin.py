"""A provider that nobody here wrote: an installed distribution brings it, and nothing of ours changes.

The plug-in's provider is a folder in which each object is a file; that is enough to show that its types,
attributes and objects go the whole path, schema and history included.
"""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest

from tests.rigs.databases import TestDatabase
from tests.rigs.plugins import install
from tests.rigs.processes import Cli

CATALOG = """
provider_type:
  name: acme
  display_name: Acme cloud
resource_types:
  acme_bucket: {kind: AcmeBucket, description: Where Acme keeps things.}
attributes:
  acme_colour: {description: The bucket's colour.}
  acme_litres: {type: integer, unit: l, description: How much goes in.}
offers:
  acme_bucket:
    identity: name
    unique_name: true
    attributes:
      acme_colour: {change: in_place, required: true, allowed: [red, blue]}
      acme_litres: {change: replace, default: 10, minimum: 1}
"""

DRIVER = """
import json
from pathlib import Path
from uuid import UUID

from reconciler.catalog import load_part
from reconciler.errors import ErrorCode, ProviderError
from reconciler.model.plan import Action, Call, ExternalId, MarkValue
from reconciler.model.resource import Mark, Observed
from reconciler.providers.driver import Observation, Submission, TaskState, TaskStatus


class AcmeDriver:
    catalog = load_part("acme_cloud")

    def __init__(self, access):
        self.folder = Path(access.url.removeprefix("acme://local"))

    def observe(self, request):
        seen = tuple(self._observed(file) for file in sorted(self.folder.glob("*.json")))
        ids = {item.external_id for item in seen}
        absent = frozenset(target for target in request.targets if target[1] not in ids)
        return Observation(seen, frozenset(request.types), absent)

    def _observed(self, file):
        data = json.loads(file.read_text())
        values = {"acme_colour": data["colour"], "acme_litres": data["litres"]}
        mark = Mark(UUID(data["owner"]), UUID(data["resource"]))
        return Observed("acme_bucket", file.stem, data["name"], "available", values, data["tags"], mark)

    @staticmethod
    def lower(request):
        item = request.desired or request.recorded
        address = item.address
        if request.action is Action.DELETE:
            path = (("id", ExternalId(address)),)
            return (Call("delete", "DELETE", "/{id}", "delete", path, deletes=True),)
        params = [("colour", item.attributes["acme_colour"]), ("litres", item.attributes["acme_litres"])]
        params += [(f"tags.{key}", value) for key, value in sorted(item.tags.items())]
        params += [("owner", MarkValue("owner")), ("resource", MarkValue("resource"))]
        creates = request.action is Action.CREATE
        path = (("id", address.name if creates else ExternalId(address)),)
        return (Call("put", "PUT", "/{id}", "write", path, tuple(params), creates=creates),)

    def submit(self, request):
        name = request.path_params["id"]
        file = self.folder / f"{name}.json"
        if request.method == "DELETE":
            if not file.exists():
                raise ProviderError("no such bucket", code=ErrorCode.NOT_FOUND)
            file.unlink()
            return Submission()
        data = {key: value for key, value in request.params.items() if not key.startswith("tags.")}
        data["tags"] = {k[5:]: v for k, v in request.params.items() if k.startswith("tags.")}
        file.write_text(json.dumps({"name": name, **data}))
        return Submission(external_id=name)

    def poll(self, tasks):
        return {task: TaskStatus(TaskState.DONE) for task in tasks}
"""

MANIFESTS = """
apiVersion: reconciler/v1
kind: Provider
metadata: {{name: acme}}
spec: {{type: acme}}
---
apiVersion: reconciler/v1
kind: ProviderEndpoint
metadata: {{name: acme-1}}
spec: {{provider: acme, url: "acme://local{folder}"}}
---
apiVersion: reconciler/v1
kind: AcmeBucket
metadata: {{name: beach, tags: {{for: sand}}}}
spec: {{acme_colour: {colour}}}
lifecycle: {{replace: allowed}}
"""


@pytest.fixture
def acme(cli: Cli) -> Path:
    """The plug-in, installed for this program only, and the folder that is its provider."""
    site = cli.folder / "site"
    install(site, "acme", "acme_cloud", CATALOG, DRIVER)
    cli.env["PYTHONPATH"] = str(site)
    cloud = cli.folder / "cloud"
    cloud.mkdir()
    return cloud


def test_a_driver_that_would_do_what_no_plan_may_is_found_out(cli: Cli, acme: Path) -> None:
    """Its change of a colour makes another bucket, which a change may not."""
    fleet = write(cli, acme, "red")
    cli.ok("apply", "-f", fleet, "--yes")
    driver = cli.folder / "site" / "acme_cloud" / "__init__.py"
    driver.write_text(driver.read_text().replace("creates=creates)", "creates=True)"))
    write(cli, acme, "blue")
    for words, checks in ((("--check-plans",), ""), ((), "1")):
        cli.env["RECONCILER_CHECK_PLANS"] = checks
        for command in (("plan", "-f", fleet), ("apply", "-f", fleet, "--yes")):
            done = cli.run(*command, *words)
            assert done.code == 70, done.said
            assert "fault: this plan is not what a plan must be, and nothing of it was done" in done.said
            assert "acme_bucket/beach: update makes or deletes the object by put" in done.said
            assert "a fault of reconciler, or of a driver" in done.said
    assert json.loads((acme / "beach.json").read_text())["colour"] == "red"
    cli.env["RECONCILER_CHECK_PLANS"] = ""
    assert cli.run("plan", "-f", fleet).code == 0


def write(cli: Cli, cloud: Path, colour: str) -> str:
    fleet = cli.folder / "acme-fleet"
    fleet.mkdir(exist_ok=True)
    (fleet / "all.yaml").write_text(MANIFESTS.format(folder=cloud, colour=colour))
    return str(fleet)


def test_a_plug_in_s_provider_goes_the_whole_path(cli: Cli, acme: Path, database: TestDatabase) -> None:
    fleet = write(cli, acme, "red")
    applied = cli.run("apply", "-f", fleet, "--yes")
    assert applied.code == 0, applied.said
    assert json.loads((acme / "beach.json").read_text())["colour"] == "red"
    assert cli.run("plan", "-f", fleet, "--detailed-exitcode").code == 0

    write(cli, acme, "blue")
    assert cli.run("apply", "-f", fleet, "--yes").code == 0
    assert json.loads((acme / "beach.json").read_text())["colour"] == "blue"

    bucket = json.loads((acme / "beach.json").read_text())
    (acme / "beach.json").write_text(json.dumps({**bucket, "litres": 99}))
    drift = cli.run("drift")
    assert "acme_litres" in drift.said
    with psycopg.connect(database.admin) as connection:
        row = connection.execute("SELECT count(*) FROM resource_attribute_history").fetchone()
    assert row is not None
    assert row[0] == 4  # two at creation, the colour's change, the litres' drift


def test_a_plug_in_s_rules_hold_in_manifests(cli: Cli, acme: Path) -> None:
    said = cli.run("validate", "-f", write(cli, acme, "green"))
    assert said.code == 1
    assert "acme_colour" in said.said
    assert "red" in said.said
