"""`validate`: every problem at once, each where it is, without a database or a provider."""

from __future__ import annotations

import textwrap

import pytest

from tests.rigs.processes import SSH_KEY, Cli, inventory


@pytest.fixture
def offline(bare: Cli) -> Cli:
    bare.env["RECONCILER_DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/nowhere"
    (bare.folder / "fleet").mkdir()
    (bare.folder / "fleet" / "inventory.yaml").write_text(textwrap.dedent(inventory("http://127.0.0.1:1/v1")))
    return bare


def test_every_problem_is_a_line_with_its_place_and_a_hint(offline: Cli) -> None:
    (offline.folder / "fleet" / "keys.yaml").write_text(
        "apiVersion: reconciler/v1\n"
        "kind: SshKey\n"
        "metadata: {name: admin}\n"
        "spec:\n"
        "  endpoint: hz\n"
        "  public_kee: ssh-ed25519 AAAA\n"
        "---\n"
        "apiVersion: reconciler/v1\n"
        "kind: SshKee\n"
        "metadata: {name: other}\n"
    )
    done = offline.run("validate", "-f", "fleet")
    assert done.code == 1
    lines = done.out.splitlines()
    assert (
        "fleet/keys.yaml:6:3: ssh_key/admin: SshKey has no attribute `public_kee` on hetzner"
        " (did you mean public_key?)"
    ) in lines
    assert [line for line in lines if line.startswith("fleet/keys.yaml:9:7: ") and "SshKee" in line]
    assert done.err == f"{len(lines)} problems\n"


def test_valid_manifests_are_said_to_be_valid(offline: Cli) -> None:
    (offline.folder / "fleet" / "keys.yaml").write_text(textwrap.dedent(SSH_KEY))
    assert offline.ok("validate", "-f", "fleet").out == "Valid: 1 resource in 2 files.\n"


def test_manifests_may_come_from_standard_input(offline: Cli) -> None:
    done = offline.run("validate", "-f", "-", stdin="kind: [\n")
    assert done.code == 1
    assert done.out.startswith("<stdin>:")


def test_problems_as_json_have_codes_and_places(offline: Cli) -> None:
    (offline.folder / "fleet" / "broken.yaml").write_text("a: 1\na: 2\n")
    found = offline.run("validate", "-f", "fleet", "-o", "json").json()
    assert all(problem["code"].startswith("manifest.") for problem in found["problems"])
    places = [problem["location"] for problem in found["problems"]]
    assert {"file": "fleet/broken.yaml", "line": 2, "column": 1} in places


@pytest.mark.parametrize("path", ["nowhere", "empty"])
def test_a_folder_that_is_missing_or_empty_is_a_problem(offline: Cli, path: str) -> None:
    (offline.folder / "empty").mkdir()
    done = offline.run("validate", "-f", path)
    assert done.code == 1
    assert done.out.startswith(f"{path}: ")


def test_a_folder_full_of_one_mistake_is_said_in_few_words(offline: Cli) -> None:
    (offline.folder / "fleet" / "empty.yaml").write_text("{}\n---\n" * 5000)
    done = offline.run("validate", "-f", "fleet")
    assert done.code == 1
    assert len(done.out.splitlines()) == 1001
    assert "… and 14000 more; these are the first 1000" in done.out
    assert "15000 problems" in done.err
    found = offline.run("validate", "-f", "fleet", "-o", "json").json()
    assert (found["count"], len(found["problems"])) == (15000, 1000)
