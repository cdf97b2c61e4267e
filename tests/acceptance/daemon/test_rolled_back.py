"""What a person rolled back the daemon holds: it says so, and corrects drift, until the manifest agrees."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.rigs.daemon import TOKEN, Cloud, Site, fleet, server, ssh_key, until
from tests.rigs.git import commit


def rollback(site: Site, *words: str) -> str:
    """As a person does, beside the daemon, which may be the faster of the two; gives what was said."""
    env = {"RECONCILER_DATABASE_URL": site.database.admin, "RECONCILER_HOME": str(site.folder / "home")}
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", "rollback", *words, "--yes"],
        env={**os.environ, **env, "TEST_TOKEN": TOKEN},
        check=False,
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr


def test_the_daemon_holds_what_was_rolled_back_until_a_commit_agrees(
    site: Site, cloud: Cloud, repository: Path
) -> None:
    def env() -> str:
        return str(cloud.the("ssh_keys", "admin")["labels"]["env"])

    first = commit(repository, fleet(cloud, ssh_key()))
    daemon = site.start()
    until(lambda: cloud.names("ssh_keys") == ["admin"])
    commit(repository, fleet(cloud, ssh_key(env="test")))
    until(lambda: env() == "test")
    shown = rollback(site, "--to", first)
    assert "Rollback to revision" in shown, shown
    until(lambda: env() == "prod", shown)
    said = daemon.until_said("plan")
    assert said["warning"].startswith("ssh_key/admin is rolled back to revision")

    cloud.ask(
        "POST", "change", {"op": "set", "type": "ssh_keys", "name": "admin", "set": {"labels.env": "x"}}
    )
    until(lambda: env() == "prod")
    commit(repository, fleet(cloud, ssh_key(env="test"), server("web-1")))
    until(lambda: cloud.names("servers") == ["web-1"])
    daemon.settled()
    assert env() == "prod", "the rest of the source is followed, and this is not"
    assert len([line for line in daemon.said("plan") if "rolled back" in line["warning"]]) == 1

    commit(repository, fleet(cloud, ssh_key(), server("web-1")))
    ended = daemon.until_said("pin ended")
    assert ended["what"].startswith("ssh_key/admin: its manifest agrees")
    commit(repository, fleet(cloud, ssh_key(env="stage"), server("web-1")))
    until(lambda: env() == "stage")
