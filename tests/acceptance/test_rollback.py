"""`rollback`: back to what manifests said, by an ordinary plan, and kept so until the manifests agree."""

from __future__ import annotations

import subprocess

import pytest

from tests.rigs.processes import NETWORK, SSH_KEY, Fleet

FIRST = """\
# The keys of the people who look after this.
apiVersion: reconciler/v1
kind: SshKey
metadata:
  name: admin  # the only one
  tags:
    env: prod     # not to be touched
    team: "core"
spec:
  # Where it is.
  endpoint: hz
  public_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
"""
SECOND = FIRST.replace("env: prod ", "env: test ").replace('    team: "core"\n', "    tier: one\n")
OTHER = """\
---
# Beside it.
apiVersion: reconciler/v1
kind: Network
metadata: {name: prod}   # flow
spec: {endpoint: hz, ip_range: 10.0.0.0/16}
"""


@pytest.fixture(autouse=True)
def git_says_who(world: Fleet) -> None:
    """As somebody's own settings would."""
    world.cli.env |= {"GIT_CONFIG_NOSYSTEM": "1"}


def git(world: Fleet, *words: str) -> str:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *who, *words], cwd=world.folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(world: Fleet, subject: str) -> str:
    git(world, "add", "-A")
    git(world, "commit", "-qm", subject)
    return git(world, "rev-parse", "HEAD")


def revision(world: Fleet) -> str:
    return str(world.cli.ok("get", "revisions", "-o", "json").json()[0]["id"])


def labels(world: Fleet) -> dict[str, str]:
    found = world.sim.item("ssh_keys", "admin")["labels"]
    return {key: value for key, value in found.items() if key in ("env", "team", "tier")}


def test_what_is_rolled_back_stays_so_until_its_manifest_agrees(world: Fleet) -> None:
    world.made(key=SSH_KEY)
    first = revision(world)
    world.made(key=SSH_KEY.replace("env: prod", "env: test"))
    assert labels(world) == {"env": "test"}
    shown = world.cli.ok("rollback", "--to", first, "--dry-run")
    assert f"Rollback to revision {first}" in shown.out
    assert "tag env: test → prod" in shown.said
    assert labels(world) == {"env": "test"}
    world.cli.ok("rollback", "--to", first, "--yes")
    assert labels(world) == {"env": "prod"}
    kept = world.cli.ok("plan", "-f", "fleet")
    assert f"ssh_key/admin is rolled back to revision {first}" in kept.said
    assert "No changes." in kept.said
    world.cli.ok("apply", "-f", "fleet", "--yes")
    assert labels(world) == {"env": "prod"}
    world.write(key=SSH_KEY)
    agreed = world.cli.ok("plan", "-f", "fleet")
    assert "is rolled back" not in agreed.said
    assert "No changes." in agreed.said


def test_the_patch_lets_the_manifests_follow_with_their_comments(world: Fleet) -> None:
    git(world, "init", "-q")
    world.write(fleet=FIRST + OTHER)
    first = commit(world, "The first fleet")
    world.cli.ok("apply", "-f", "fleet", "--yes")
    world.write(fleet=SECOND + OTHER)
    commit(world, "Another environment")
    world.cli.ok("apply", "-f", "fleet", "--yes")
    assert labels(world) == {"env": "test", "tier": "one"}
    world.cli.ok("rollback", "--to", first[:8], "ssh_key/admin", "--yes", "--patch", "back.patch")
    assert labels(world) == {"env": "prod", "team": "core"}
    git(world, "apply", "--check", "../back.patch")
    git(world, "apply", "../back.patch")
    text = (world.folder / "fleet.yaml").read_text()
    assert text.endswith(OTHER)
    assert "    env: prod     # not to be touched\n" in text
    assert "# The keys of the people who look after this." in text
    assert "tier" not in text
    world.cli.ok("validate", "-f", "fleet")
    after = world.cli.ok("plan", "-f", "fleet")
    assert "No changes." in after.said
    assert "is rolled back" not in after.said
    world.cli.ok("apply", "-f", "fleet", "--yes")
    assert world.cli.ok("get", "pins", "-o", "json").json() == []


def test_a_branch_gets_the_same_as_a_commit_and_the_work_tree_stays(world: Fleet) -> None:
    git(world, "init", "-q")
    world.write(fleet=FIRST)
    world.cli.ok("validate", "-f", "fleet")
    first = commit(world, "The first fleet")
    world.cli.ok("apply", "-f", "fleet", "--yes")
    world.write(fleet=SECOND, network=NETWORK)
    second = commit(world, "Another environment")
    world.cli.ok("apply", "-f", "fleet", "--yes")
    done = world.cli.ok("rollback", "--to", first, "--yes", "--branch", "back")
    assert "on the branch back" in done.said
    assert world.sim.names("networks") == []
    assert git(world, "rev-parse", "HEAD") == second
    assert git(world, "status", "--porcelain") == ""
    assert git(world, "diff", "--name-status", "HEAD", "back").split("\n") == [
        "M\tfleet.yaml",
        "D\tnetwork.yaml",
    ]
    git(world, "merge", "-q", "back")
    after = world.cli.ok("plan", "-f", "fleet")
    assert "No changes." in after.said
    assert "is rolled back" not in after.said


def test_something_new_in_the_manifest_ends_the_pin(world: Fleet) -> None:
    world.made(key=SSH_KEY)
    first = revision(world)
    world.made(key=SSH_KEY.replace("env: prod", "env: test"))
    world.cli.ok("rollback", "--to", first, "--yes")
    world.made(key=SSH_KEY.replace("env: prod", "env: stage"))
    assert labels(world) == {"env": "stage"}
    assert "is rolled back" not in world.cli.ok("plan", "-f", "fleet").said


def test_the_end_of_a_rollback_is_a_plan_too(world: Fleet) -> None:
    world.made(key=SSH_KEY)
    first = revision(world)
    world.made(key=SSH_KEY.replace("env: prod", "env: test"), network=NETWORK)
    world.cli.ok("rollback", "--to", first, "--yes")
    assert (labels(world), world.sim.names("networks")) == ({"env": "prod"}, [])
    shown = world.cli.ok("rollback", "--undo", "ssh_key/admin", "--dry-run")
    assert "tag env: prod → test" in shown.said
    assert "network/prod" not in shown.out.split("Warnings")[0]
    world.cli.ok("rollback", "--undo", "--yes")
    assert (labels(world), world.sim.names("networks")) == ({"env": "test"}, ["prod"])
    assert "is rolled back" not in world.cli.ok("plan", "-f", "fleet").said


def test_what_was_made_since_and_what_was_removed_since_change_places(world: Fleet) -> None:
    world.made(network=NETWORK)
    first = revision(world)
    world.remove("network")
    world.made(key=SSH_KEY)
    assert (world.sim.names("networks"), world.sim.names("ssh_keys")) == ([], ["admin"])
    shown = world.cli.ok("rollback", "--to", first, "--dry-run")
    assert "network/prod: the object with id" in shown.said
    world.cli.ok("rollback", "--to", first, "--yes")
    assert (world.sim.names("networks"), world.sim.names("ssh_keys")) == (["prod"], [])
    world.cli.ok("apply", "-f", "fleet", "--yes")
    assert (world.sim.names("networks"), world.sim.names("ssh_keys")) == (["prod"], [])
    patch = world.cli.ok("rollback", "--patch", "-").out
    assert "deleted file mode 100644" in patch
    assert "+kind: Network" in patch


def two_sources(world: Fleet) -> None:
    """Two sources, a/ and b/, in one repository: a network and a key."""
    git(world, "init", "-q")
    world.write(fleet=FIRST)
    for name in ("a", "b"):
        (world.folder / name).mkdir()
        (world.folder / name / "reconciler.yaml").write_text(f"name: {name}\n")
    for file in world.folder.glob("*.yaml"):
        file.rename(world.folder / ("b" if file.name == "fleet.yaml" else "a") / file.name)


def test_two_sources_in_one_repository_get_one_commit(world: Fleet) -> None:
    two_sources(world)
    (world.folder / "a" / "net.yaml").write_text(NETWORK)
    commit(world, "One")
    both = ("-f", "fleet/a", "-f", "fleet/b")
    world.cli.ok("apply", *both, "--yes")
    first = revision(world)
    (world.folder / "a" / "net.yaml").write_text(
        NETWORK.replace("name: prod", "name: prod, tags: {env: two}")
    )
    (world.folder / "b" / "fleet.yaml").write_text(SECOND)
    commit(world, "Two")
    world.cli.ok("apply", *both, "--yes")
    done = world.cli.ok("rollback", "--to", first, "--yes", "--branch", "back")
    assert done.said.count("on the branch back") == 1
    assert git(world, "rev-list", "--count", "HEAD..back") == "1"
    assert git(world, "diff", "--name-only", "HEAD", "back").split("\n") == ["a/net.yaml", "b/fleet.yaml"]


@pytest.mark.parametrize(
    ("option", "name", "said"),
    [
        ("--patch", "nowhere/x.patch", "nowhere/x.patch cannot be written"),
        ("--branch", "a..b", "no branch can be called"),
        ("--branch", "main", "there is a branch main already"),
        ("--branch", "main/x", "beside the branch main"),
        ("--branch", "taken", "beside the branch taken/by"),
        ("--branch", "new", "are not as committed"),
    ],
)
def test_what_could_not_follow_is_said_before_anything_is_changed(
    world: Fleet, option: str, name: str, said: str
) -> None:
    git(world, "init", "-q")
    world.write(key=SSH_KEY)
    commit(world, "One")
    git(world, "branch", "taken/by")
    world.cli.ok("apply", "-f", "fleet", "--yes")
    first = revision(world)
    world.write(key=SSH_KEY.replace("env: prod", "env: test"))
    if name != "new":
        commit(world, "Two")
    world.cli.ok("apply", "-f", "fleet", "--yes")
    done = world.cli.run("rollback", "--to", first, "--yes", option, name)
    assert done.code != 0
    assert said in done.said, done.said
    assert labels(world) == {"env": "test"}
    assert world.cli.ok("get", "pins", "-o", "json").json() == []
