"""Promises of the daemon about remote repositories: one that hangs holds up nothing, whatever it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rigs.daemon import Cloud, Site, fleet, git, server, ssh_key, until, volume
from tests.rigs.git import commit, new_repository, served, silent

BOUND = "RECONCILER_GIT_TIMEOUT"


def drift(cloud: Cloud) -> None:
    change = {"op": "set", "type": "ssh_keys", "name": "admin", "set": {"labels.env": "x"}}
    cloud.ask("POST", "change", change)


def healed(cloud: Cloud) -> bool:
    return bool(cloud.the("ssh_keys", "admin")["labels"]["env"] == "prod")


def test_while_a_remote_hangs_its_last_revision_goes_on_and_other_sources_too(
    site: Site, cloud: Cloud, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BOUND, "600")
    other = new_repository(tmp_path / "other.git")
    commit(repository, fleet(cloud, ssh_key()))
    commit(other, {"data.yaml": volume("data")})
    with served(repository) as url:
        sources = [{"git": url, "name": "far"}, {"git": str(other), "name": "near"}]
        daemon = site.start(sources=sources)
        until(lambda: cloud.names("ssh_keys") == ["admin"])
        daemon.settled()
    port = int(url.rpartition(":")[2].partition("/")[0])
    with silent(port):
        drift(cloud)
        until(lambda: healed(cloud), "the last revision goes on")
        commit(other, {"data.yaml": volume("data"), "web.yaml": server("web-1")})
        until(lambda: cloud.names("servers") == ["web-1"], "the other source goes on")
        assert daemon.get("/healthz")[0] == 200
        assert daemon.stop() == 0, "it ends in good order while a fetch hangs"


def test_a_remote_that_hangs_is_told_of_and_read_again_when_it_answers(
    site: Site, cloud: Cloud, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BOUND, "2")
    commit(repository, fleet(cloud, ssh_key()))
    with silent() as port:
        daemon = site.start(sources=[{"git": f"http://127.0.0.1:{port}/fleet.git", "name": "far"}])
        said = daemon.until_said(
            "the source cannot be used; its last revision stays and nothing is removed because of it"
        )
        assert "within 2 s" in said["problem"]
        assert cloud.names("ssh_keys") == []
    with served(repository, port=port):
        until(lambda: cloud.names("ssh_keys") == ["admin"])
        assert daemon.said("the source can be used again", source="far")


def test_a_remote_is_read_with_the_credential_of_the_source(
    site: Site, cloud: Cloud, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_TOKEN", "ada:a-git-token")
    near = new_repository(tmp_path / "near.git")
    pin = (
        "apiVersion: reconciler/v1\nkind: Credential\nmetadata: {name: git}\nspec: {environment: GIT_TOKEN}\n"
    )
    commit(near, {**fleet(cloud), "git.yaml": pin})
    commit(repository, {"key.yaml": ssh_key()})
    with served(repository, "ada:a-git-token") as url:
        far: dict[str, object] = {"git": url, "name": "far", "credential": "git"}
        daemon = site.start(sources=[*git(near), far])
        until(lambda: cloud.names("ssh_keys") == ["admin"])
        assert "a-git-token" not in daemon.log.read_text()


def test_a_daemon_that_reads_an_older_commit_does_not_record_it_over_a_newer_one(
    site: Site, cloud: Cloud, repository: Path
) -> None:
    commit(repository, fleet(cloud, ssh_key()))
    with served(repository) as url:
        daemons = [site.start(sources=[{"git": url, "name": "far"}]) for _ in range(2)]
        for each in daemons:
            each.settled()
        names = ["web-0", "web-1", "web-2"]
        for wanted in (names[:1], names[:2], names):
            commit(repository, fleet(cloud, ssh_key(), *map(server, wanted)))
            until(lambda wanted=wanted: cloud.names("servers") == wanted)  # type: ignore[misc]
        commits = [row[0] for row in site.rows("SELECT commit_id FROM revisions ORDER BY id")]
        assert len(commits) == len(set(commits)), "no commit comes back"
