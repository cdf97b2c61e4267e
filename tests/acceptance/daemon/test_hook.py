"""Promises of the hook: a push that is told of is carried out at once; who else posts changes nothing.

Every interval of these daemons is an hour, so what comes after the start comes by the hook or not at all.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path

import pytest
import requests

from tests.rigs.canaries import canary
from tests.rigs.daemon import Cloud, Daemon, Site, fleet, git, server, ssh_key, until
from tests.rigs.git import commit, new_repository, served

SECRET = canary("hook-secret")
HOUR = {"source_poll": 3600.0, "reconcile_interval": 3600.0, "observe_interval": 3600.0}
CREDENTIAL = (
    "apiVersion: reconciler/v1\nkind: Credential\nmetadata: {name: hook}\nspec: {environment: HOOK_SECRET}\n"
)


@pytest.fixture(autouse=True)
def known_to_the_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", SECRET)


def post(daemon: Daemon, said: object, secret: str = SECRET, **headers: str) -> tuple[int, str]:
    """As GitHub does."""
    body = json.dumps(said).encode()
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    answer = requests.post(
        f"http://127.0.0.1:{daemon.port}/hook",
        data=body,
        headers={"X-GitHub-Event": "push", "X-Hub-Signature-256": signature, **headers},
        timeout=30,
    )
    return answer.status_code, answer.text


def pushed(url: str, branch: str = "main") -> dict[str, object]:
    return {
        "ref": f"refs/heads/{branch}",
        "after": "0" * 40,
        "repository": {"full_name": "ops/fleet", "clone_url": url, "default_branch": "main"},
    }


def ready(daemon: Daemon) -> None:
    until(lambda: daemon.get("/readyz")[0] == 200, "the first reconcile has ended")


def test_a_push_is_carried_out_at_once(site: Site, cloud: Cloud, repository: Path) -> None:
    inventory = {**fleet(cloud, ssh_key()), "hook.yaml": CREDENTIAL}
    commit(repository, inventory)
    with served(repository) as url:
        sources: list[dict[str, object]] = [{"git": url, "name": "fleet", "branch": "main"}]
        daemon = site.start(sources=sources, hook_credentials=["hook"], **HOUR)
        ready(daemon)
        assert cloud.names("ssh_keys") == ["admin"]
        tip = commit(repository, {**inventory, "web.yaml": server("web-1")})
        # Whatever is not signed, not a push, or of another repository or branch, is no reason to look.
        assert post(daemon, pushed(url), "another secret")[0] == 401
        assert (
            requests.post(f"http://127.0.0.1:{daemon.port}/hook", json=pushed(url), timeout=30).status_code
            == 401
        )
        assert post(daemon, {"zen": "!"}, **{"X-GitHub-Event": "ping"})[0] == 202
        assert post(daemon, pushed("https://forge.example.com/other/thing.git"))[0] == 202
        assert post(daemon, pushed(url, "next"))[0] == 202
        assert site.rows("SELECT count(*) FROM revisions WHERE commit_id = %s", tip) == [(0,)]
        assert daemon.metric("reconciler_hooks_total", outcome="woken") == 0
        looked = len(cloud.ledger())
        status, text = post(daemon, pushed(url))
        assert (status, text) == (202, "looking at fleet\n")
        until(lambda: cloud.names("servers") == ["web-1"], "the machine is made")
        assert len(cloud.ledger()) > looked
        assert site.rows("SELECT count(*) FROM revisions WHERE commit_id = %s", tip) == [(1,)]
        assert daemon.metric("reconciler_hooks_total", outcome="refused") == 2
        assert daemon.metric("reconciler_hooks_total", outcome="unconcerned") == 3
        assert len(daemon.said("a hook was refused")) == 1, "one line a minute"
        assert daemon.stop() == 0


def test_a_request_that_is_sent_again_changes_nothing(site: Site, cloud: Cloud, repository: Path) -> None:
    files = {**fleet(cloud, ssh_key()), "hook.yaml": CREDENTIAL}
    commit(repository, files)
    with served(repository) as url:
        daemon = site.start(sources=[{"git": url, "name": "fleet"}], hook_credentials=["hook"], **HOUR)
        ready(daemon)
        commit(repository, {**files, "web.yaml": server("web-1")})
        for _ in range(3):
            assert post(daemon, pushed(url))[0] == 202
        until(lambda: cloud.names("servers") == ["web-1"])
        sent, revisions = cloud.mutations(), site.rows("SELECT count(*) FROM revisions")
        # Its last push comes after all of the replays: what they would have done is done by then.
        for _ in range(3):
            assert post(daemon, pushed(url))[0] == 202
        commit(repository, {**files, "web.yaml": server("web-1"), "more.yaml": server("web-2")})
        assert post(daemon, pushed(url))[0] == 202
        until(lambda: cloud.names("servers") == ["web-1", "web-2"])
        until(lambda: len(cloud.mutations()) == len(sent) + 1, "one machine more, and nothing else")
        ((before,),), ((after,),) = revisions, site.rows("SELECT count(*) FROM revisions")
        assert after == before + 1


def test_only_the_source_that_was_pushed_to_is_read(
    site: Site, cloud: Cloud, repository: Path, tmp_path: Path
) -> None:
    other = new_repository(tmp_path / "other.git")
    commit(repository, {**fleet(cloud, ssh_key()), "hook.yaml": CREDENTIAL})
    commit(other, {"web.yaml": server("web-1")})
    daemon = site.start(
        sources=[*git(repository), {"git": str(other), "name": "other"}], hook_credentials=["hook"], **HOUR
    )
    ready(daemon)
    until(lambda: cloud.names("servers") == ["web-1"])
    unread = commit(repository, {**fleet(cloud, ssh_key(env="test")), "hook.yaml": CREDENTIAL})
    commit(other, {"web.yaml": server("web-1"), "more.yaml": server("web-2")})
    # A hook of git's own knows the path, and a script the source's name.
    assert post(daemon, {"repository": str(other), "ref": "refs/heads/main"}) == (202, "looking at other\n")
    until(lambda: cloud.names("servers") == ["web-1", "web-2"])
    assert site.rows("SELECT count(*) FROM revisions WHERE commit_id = %s", unread) == [(0,)]
    assert post(daemon, {"source": "fleet"}) == (202, "looking at fleet\n")
    until(lambda: cloud.the("ssh_keys", "admin")["labels"]["env"] == "test")


def test_there_is_no_hook_where_none_was_asked_for_and_none_before_its_secret_is_known(
    site: Site, cloud: Cloud, repository: Path
) -> None:
    commit(repository, fleet(cloud, ssh_key()))
    without = site.start(**HOUR)
    ready(without)
    assert post(without, {})[0] == 404
    assert without.stop() == 0
    undeclared = site.start(hook_credentials=["hook"], **HOUR)
    ready(undeclared)
    assert post(undeclared, {})[0] == 503
    assert undeclared.said("the hook takes nothing that is signed with a credential that nobody declared")
