"""Several sources of manifests, and parts of them: a run is about its own, and leaves those of others."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path

import pytest

from tests.rigs.processes import NETWORK, SSH_KEY, VM, Fleet

OTHER = """
    apiVersion: reconciler/v1
    kind: Network
    metadata: {name: other, tags: {env: b}}
    spec: {endpoint: hz, ip_range: 10.1.0.0/16}
"""
THIRD = OTHER.replace("other", "third").replace("10.1.", "10.2.")


def put(folder: Path, **manifests: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in manifests.items():
        (folder / f"{name}.yaml").write_text(textwrap.dedent(text))
    return folder


@pytest.fixture
def two(world: Fleet) -> Fleet:
    """The fleet with a network, and a second source `b` with another one; all is made."""
    world.made(network=NETWORK)
    put(world.cli.folder / "b", other=OTHER)
    world.cli.ok("apply", "-f", "b", "--yes")
    return world


def steps(world: Fleet, *words: str) -> list[tuple[str, str]]:
    plan = world.cli.run("plan", *words, "-o", "json").json()
    return [(step["action"], step["address"]) for step in plan["steps"]]


# -- a run is about its own sources ----------------------------------------------------------------------


def test_a_plan_is_about_its_own_source_and_counts_the_others(two: Fleet) -> None:
    put(two.cli.folder / "b", third=THIRD)
    two.cli.ok("apply", "-f", "b", "--yes", "--exclude", "network/third")
    two.sim.change("set", type="networks", name="other", set={"labels.env": "mine"})
    assert steps(two, "-f", "fleet") == []
    said = two.cli.ok("plan", "-f", "fleet").out
    assert "elsewhere differ" in said
    assert "--all" in said
    assert ("create", "network/third") in steps(two, "-f", "fleet", "--all")
    assert ("create", "network/third") in steps(two), "without a source it is about everything"
    assert two.cli.ok("plan", "-f", "fleet", "-o", "json").json()["elsewhere"] >= 1
    assert two.cli.ok("plan", "-f", "fleet", "-o", "markdown").out.count("elsewhere") == 1


def test_an_apply_leaves_what_others_wait_for(two: Fleet) -> None:
    (two.cli.folder / "b" / "other.yaml").unlink()
    put(two.cli.folder / "b", third=THIRD)
    two.cli.run("apply", "-f", "b", "--yes", "--target", "type=volume")  # recorded, and not carried out
    two.write(key=SSH_KEY)
    assert two.cli.apply().code == 0
    assert two.sim.names("networks") == ["other", "prod"]
    assert two.sim.names("ssh_keys") == ["admin"]
    two.cli.ok("apply", "-f", "b", "--yes")
    assert two.sim.names("networks") == ["prod", "third"]


def test_what_a_source_removed_belongs_to_it(two: Fleet) -> None:
    put(two.cli.folder / "b", third=THIRD)
    (two.cli.folder / "b" / "other.yaml").unlink()
    assert steps(two, "-f", "fleet") == []
    assert ("delete", "network/other") in steps(two, "-f", "b")


def test_a_destroy_of_a_source_leaves_the_others(two: Fleet) -> None:
    done = two.cli.ok("destroy", "-f", "b", "--yes")
    assert two.sim.names("networks") == ["prod"]
    assert "network/other is declared by the source" in done.said


def test_drift_is_told_of_the_named_source(two: Fleet) -> None:
    two.write(network=NETWORK.replace("name: prod", "name: prod, tags: {env: a}"))
    two.cli.apply()
    for name in ("other", "prod"):
        two.sim.change("set", type="networks", name=name, set={"labels.env": "mine"})
    drifted = {item["address"] for item in two.cli.ok("drift", "-f", "b", "-o", "json").json()}
    assert drifted == {"network/other"}


# -- two sources at once, and handing over ---------------------------------------------------------------


def test_a_resource_moves_from_one_source_to_another_in_one_run(two: Fleet) -> None:
    shutil.move(two.cli.folder / "b" / "other.yaml", two.folder / "other.yaml")
    put(two.cli.folder / "b", third=THIRD)
    said = two.cli.run("plan", "-f", "fleet").said
    assert "already declared by the source" in said
    assert steps(two, "-f", "fleet", "-f", "b") == [("create", "network/third")]
    two.cli.ok("apply", "-f", "fleet", "-f", "b", "--yes")
    assert two.sim.names("networks") == ["other", "prod", "third"]
    assert steps(two, "-f", "fleet") == steps(two, "-f", "b") == []
    owner = two.cli.ok("get", "network/other", "-o", "json").json()[0]["source"]
    assert owner == str(two.folder)


def test_sources_in_one_run_may_refer_to_each_other(world: Fleet) -> None:
    put(world.cli.folder / "keys", key=SSH_KEY)
    put(world.cli.folder / "machines", vm=VM + "      ssh_keys: [admin]\n")
    world.cli.ok("apply", "-f", "machines", "-f", "keys", "-f", "fleet", "--yes")
    assert world.sim.names("servers") == ["web-1"]


def test_the_same_resource_in_two_sources_of_one_run_is_an_error(two: Fleet) -> None:
    put(two.cli.folder / "b", network=NETWORK)
    done = two.cli.run("plan", "-f", "b", "-f", "fleet")
    assert done.code == 1
    assert "network/prod" in done.said


# -- a part of a source ----------------------------------------------------------------------------------


def test_one_file_of_a_source_is_a_part_of_it(world: Fleet) -> None:
    world.made(network=NETWORK, key=SSH_KEY)
    world.write(network=NETWORK.replace("metadata: {name: prod}", "metadata: {name: prod, tags: {a: b}}"))
    world.write(key=SSH_KEY.replace("env: prod", "env: test"))
    assert steps(world, "-f", "fleet/network.yaml") == [("update", "network/prod")]
    world.cli.ok("apply", "-f", "fleet/network.yaml", "--yes")
    assert world.sim.item("networks", "prod")["labels"]["a"] == "b"
    assert world.sim.item("ssh_keys", "admin")["labels"]["env"] == "prod"
    assert steps(world, "-f", "fleet") == [("update", "ssh_key/admin")]


def test_what_a_file_does_not_declare_any_more_is_removed_and_nothing_else(world: Fleet) -> None:
    world.made(
        nets=f"{NETWORK}\n---\n{textwrap.dedent(OTHER)}" if False else NETWORK, key=SSH_KEY, other=OTHER
    )
    world.write(other=THIRD)
    world.remove("key")
    found = steps(world, "-f", "fleet/other.yaml")
    assert sorted(found) == [("create", "network/third"), ("delete", "network/other")]


def test_what_moved_to_another_file_is_not_removed(world: Fleet) -> None:
    world.made(a=NETWORK, b=OTHER)
    world.write(c=NETWORK)
    world.write(a=THIRD)
    assert steps(world, "-f", "fleet/a.yaml") == [("create", "network/third")]
    world.cli.ok("apply", "-f", "fleet", "--yes")
    world.write(a=SSH_KEY)
    assert ("delete", "network/prod") not in steps(world, "-f", "fleet/a.yaml")
    world.write(c=SSH_KEY.replace("admin", "second"))
    assert ("delete", "network/prod") in steps(world, "-f", "fleet/c.yaml")


def test_a_file_that_is_broken_empty_or_gone_removes_nothing(world: Fleet) -> None:
    world.made(network=NETWORK, key=SSH_KEY)
    for text in ("", "{broken", "apiVersion: reconciler/v1\nkind: Nothing\n"):
        (world.folder / "network.yaml").write_text(text)
        assert world.cli.run("apply", "-f", "fleet/network.yaml", "--yes").code == 1
    world.remove("network")
    assert world.cli.run("apply", "-f", "fleet/network.yaml", "--yes").code == 1
    assert world.sim.names("networks") == ["prod"]


# -- names -----------------------------------------------------------------------------------------------


def test_a_clone_elsewhere_is_the_same_source(world: Fleet) -> None:
    (world.cli.folder / "reconciler.yaml").write_text("name: fleet-of-mine\nfolder: fleet\n")
    world.made(network=NETWORK)
    clone = world.cli.folder / "elsewhere"
    clone.mkdir()
    shutil.copy(world.cli.folder / "reconciler.yaml", clone)
    shutil.copytree(world.folder, clone / "fleet")
    for words in (("-f", "elsewhere"), ("-f", "elsewhere/fleet"), ("-f", "elsewhere/fleet/network.yaml")):
        done = world.cli.ok("plan", *words)
        assert "No changes" in done.out
        assert "fleet-of-mine" in done.out
    names = [item["name"] for item in world.cli.ok("get", "sources", "-o", "json").json()]
    assert names == ["fleet-of-mine"]


def test_a_source_that_gets_a_reconciler_yaml_is_renamed(world: Fleet) -> None:
    world.made(network=NETWORK)
    (world.cli.folder / "reconciler.yaml").write_text("name: mine\nfolder: fleet\n")
    said = world.cli.ok("plan", "-f", "fleet").said
    assert "is called mine from now on" in said
    assert [i["name"] for i in world.cli.ok("get", "sources", "-o", "json").json()] == [str(world.folder)]
    assert world.cli.apply().code == 0
    assert [i["name"] for i in world.cli.ok("get", "sources", "-o", "json").json()] == ["mine"]
    world.remove("network")
    world.write(key=SSH_KEY)
    assert ("delete", "network/prod") in steps(world, "-f", "fleet")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: x\nfoldr: fleet\n", "reconciler.yaml:2:1: unknown key `foldr`"),
        ("folder: fleet\n", "reconciler.yaml:1:1: it has no name"),
        ("name: x\nfolder: ../up\n", "reconciler.yaml:2:9: the folder `../up` leads out"),
        ("name: [x]\n", "reconciler.yaml:1:7: name is not a text"),
        ("", "reconciler.yaml:1:1: it is empty"),
        ("apiVersion: reconciler/v1\nkind: Network\n", "unknown key `apiVersion`"),
    ],
)
def test_a_reconciler_yaml_that_is_wrong_says_where(world: Fleet, text: str, said: str) -> None:
    (world.cli.folder / "reconciler.yaml").write_text(text)
    done = world.cli.run("validate", "-f", "fleet")
    assert done.code == 1
    assert said in done.said


def test_what_is_ignored_is_no_manifest(world: Fleet) -> None:
    (world.cli.folder / "reconciler.yaml").write_text(
        "name: x\nfolder: fleet\nignore: [drafts/, '*.bak.yaml']\n"
    )
    world.write(network=NETWORK)
    put(world.folder / "drafts", broken="{")
    (world.folder / "old.bak.yaml").write_text("{")
    world.cli.ok("validate", "-f", "fleet")
    world.cli.ok("apply", "-f", "fleet", "--yes")
    assert world.sim.names("networks") == ["prod"]


# -- ways out --------------------------------------------------------------------------------------------


def test_what_is_deleted_by_its_manifest_stays_away_while_the_manifest_stays(two: Fleet) -> None:
    done = two.cli.ok("delete", "-f", "b/other.yaml", "--yes")
    assert "is not made again" in done.said
    assert two.sim.names("networks") == ["prod"]
    assert two.cli.run("apply", "-f", "b", "--yes").code == 0
    assert two.sim.names("networks") == ["prod"]
    two.cli.ok("release", "network/other")
    two.cli.ok("apply", "-f", "b", "--yes")
    assert two.sim.names("networks") == ["other", "prod"]
    two.cli.ok("delete", "network/other", "--yes")
    (two.cli.folder / "b" / "other.yaml").unlink()
    put(two.cli.folder / "b", third=THIRD)
    two.cli.ok("apply", "-f", "b", "--yes")
    assert two.cli.ok("get", "holds", "-o", "json").json() == [], "it ends with the manifest"


def test_a_destroy_of_what_is_wanted_says_whose_manifest_wants_it(two: Fleet) -> None:
    done = two.cli.ok("destroy", "--target", "network/other", "--yes")
    assert f"network/other is declared by the source {two.cli.folder / 'b'} (b/other.yaml:2)" in done.said
    assert "reconciler delete network/other" in done.said
    two.cli.ok("delete", "network/other", "--yes")
    two.cli.ok("delete", "-f", "b/other.yaml", "--yes")
    assert len(two.cli.ok("get", "holds", "-o", "json").json()) == 1, "what is gone is kept away once"
    two.cli.ok("apply", "-f", "b", "--yes")
    assert two.sim.names("networks") == ["prod"]
    refused = two.cli.run("forget", "network/prod")
    assert refused.code == 1
    assert f"is wanted by the source {two.folder}" in refused.said
    assert "reconciler source forget" in refused.said


def test_a_source_that_is_no_more_is_forgotten_and_nothing_is_deleted(two: Fleet) -> None:
    name = str(two.cli.folder / "b")
    shutil.rmtree(two.cli.folder / "b")
    done = two.cli.ok("source", "forget", name)
    assert "network/other" in done.said
    assert [i["name"] for i in two.cli.ok("get", "sources", "-o", "json").json()] == [str(two.folder)]
    assert steps(two) == []
    two.cli.ok("apply", "--yes")
    assert two.sim.names("networks") == ["other", "prod"]
    two.write(other=OTHER)
    assert steps(two, "-f", "fleet") == [], "another source may declare it"
    assert two.cli.run("source", "forget", name).code == 1


def test_a_forgotten_sources_resources_may_be_let_go_of(two: Fleet) -> None:
    two.cli.ok("source", "forget", str(two.cli.folder / "b"), "--release")
    assert two.sim.names("networks") == ["other", "prod"]
    two.cli.ok("observe")
    assert "network/other" in two.cli.ok("get", "unmanaged").out


def test_a_source_is_renamed_by_hand(two: Fleet) -> None:
    two.cli.ok("source", "rename", str(two.cli.folder / "b"), "bee")
    assert steps(two, "-f", "b", "--source", "bee") == []
    assert two.cli.run("source", "rename", "bee", str(two.folder)).code == 1
    (two.cli.folder / "b" / "other.yaml").rename(two.folder / "other.yaml")
    two.cli.ok("source", "rename", "bee", str(two.folder), "--join")
    assert steps(two, "-f", "fleet") == []


def test_a_saved_plan_of_a_part_is_applied_as_it_was(world: Fleet) -> None:
    world.made(network=NETWORK)
    world.write(key=SSH_KEY, other=OTHER)
    number = world.cli.ok("plan", "-f", "fleet/key.yaml", "--save", "-o", "json").json()["saved_as"]
    world.cli.ok("apply", "--plan", str(number))
    assert (world.sim.names("ssh_keys"), world.sim.names("networks")) == (["admin"], ["prod"])
