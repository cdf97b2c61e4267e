"""Promises of the daemon: what is committed comes to be and stays so, and nothing else ever happens.

The daemon, the provider and the database are processes; the repository is a real one.
"""

from __future__ import annotations

import json
import signal
from pathlib import Path

import psycopg
import pytest

from tests.rigs.daemon import (
    TOKEN,
    Cloud,
    Site,
    fleet,
    server,
    ssh_key,
    until,
    volume,
)
from tests.rigs.git import commit


def test_a_commit_becomes_a_machine_and_the_history_names_commit_and_author(
    site: Site, cloud: Cloud, repository: Path
) -> None:
    commit(repository, fleet(cloud, ssh_key()))
    daemon = site.start()
    until(lambda: cloud.names("ssh_keys") == ["admin"])

    made = commit(repository, fleet(cloud, ssh_key(), server("web-1")), message="Add a web server\n")
    until(lambda: cloud.names("servers") == ["web-1"])
    daemon.settled()

    assert daemon.get("/readyz")[0] == 200
    assert daemon.metric("reconciler_source_revision_info", source="fleet", commit=made) == 1
    history = site.rows(
        "SELECT DISTINCT h.commit_id, v.author, v.message"
        " FROM v_history h JOIN revisions v ON v.id = h.revision_id"
        " WHERE h.address = 'vm/web-1' AND h.cause = 'operation'"
    )
    assert history == [(made, "Jane Doe <jane@example.com>", "Add a web server\n")]
    assert daemon.said("revision in force", commit=made, author="Jane Doe <jane@example.com>")
    assert daemon.said("step done", resource="vm/web-1", action="create")[0]["operation"]


def test_drift_is_healed_and_an_idle_daemon_changes_nothing(
    site: Site, cloud: Cloud, repository: Path
) -> None:
    commit(repository, fleet(cloud, ssh_key()))
    daemon = site.start()
    until(lambda: cloud.names("ssh_keys") == ["admin"])
    daemon.settled()

    cloud.ask(
        "POST", "change", {"op": "set", "type": "ssh_keys", "name": "admin", "set": {"labels.env": "x"}}
    )
    until(lambda: cloud.the("ssh_keys", "admin")["labels"]["env"] == "prod")
    until(lambda: daemon.metric("reconciler_drift_healed_total") == 1)
    assert daemon.metric("reconciler_drift_found_total") == 1
    daemon.settled()

    mutations = cloud.mutations()
    daemon.settled()
    assert cloud.mutations() == mutations
    assert daemon.metric("reconciler_drifted_resources") == 0


@pytest.mark.parametrize(
    "broken", ["spec: {endpoint: nowhere}", "spec: [", "spec: {endpoint: cloud, public_key: 5, wrong: 1}"]
)
def test_a_broken_commit_changes_nothing_and_says_why_once(
    site: Site, cloud: Cloud, repository: Path, broken: str
) -> None:
    commit(repository, fleet(cloud, ssh_key(), server("web-1")))
    daemon = site.start()
    until(lambda: cloud.names("servers") == ["web-1"])
    daemon.settled()
    mutations = cloud.mutations()

    document = f"apiVersion: reconciler/v1\nkind: SshKey\nmetadata: {{name: other}}\n{broken}\n"
    commit(repository, fleet(cloud, document))  # the server is gone from it too
    said = daemon.until_said(
        "the source cannot be used; its last revision stays and nothing is removed because of it"
    )
    daemon.cycles(3)

    assert "fleet/0.yaml:" in said["problem"]
    assert cloud.mutations() == mutations
    assert daemon.metric("reconciler_source_problems", source="fleet") > 0
    problems = [line["problem"] for line in daemon.said(said["event"])]
    assert len(problems) == len(set(problems))

    commit(repository, fleet(cloud, ssh_key(), server("web-1"), server("web-2")))
    until(lambda: cloud.names("servers") == ["web-1", "web-2"])
    daemon.until_said("the source can be used again")
    assert daemon.metric("reconciler_source_problems", source="fleet") == 0


def test_a_repository_that_is_gone_removes_nothing(site: Site, cloud: Cloud, repository: Path) -> None:
    commit(repository, fleet(cloud, ssh_key(), server("web-1")))
    daemon = site.start()
    until(lambda: cloud.names("servers") == ["web-1"])
    daemon.settled()
    mutations = cloud.mutations()

    repository.rename(repository.with_name("elsewhere"))
    until(lambda: daemon.metric("reconciler_source_problems", source="fleet") == 1)
    daemon.cycles(3)
    assert cloud.mutations() == mutations

    cloud.ask("POST", "change", {"op": "delete", "type": "ssh_keys", "name": "admin"})
    until(lambda: cloud.names("ssh_keys") == ["admin"])  # what was recorded last is still kept true


def test_a_removed_manifest_removes_its_object(site: Site, cloud: Cloud, repository: Path) -> None:
    commit(repository, fleet(cloud, ssh_key(), ssh_key("second").replace("IAAB", "IAAC")))
    daemon = site.start()
    until(lambda: cloud.names("ssh_keys") == ["admin", "second"])
    daemon.settled()
    commit(repository, fleet(cloud, ssh_key()))
    until(lambda: cloud.names("ssh_keys") == ["admin"])


def test_report_only_changes_nothing(site: Site, cloud: Cloud, repository: Path) -> None:
    commit(repository, fleet(cloud, ssh_key(), server("web-1")))
    daemon = site.start(report_only=True)
    daemon.until_said("would be done", resource="vm/web-1", action="create")
    daemon.cycles(3)
    assert cloud.mutations() == []
    assert len(daemon.said("would be done", resource="vm/web-1")) == 1


def test_an_endpoint_whose_drift_is_only_reported_keeps_it(
    site: Site, cloud: Cloud, repository: Path
) -> None:
    commit(repository, fleet(cloud, ssh_key(), drift="report"))
    daemon = site.start()
    until(lambda: cloud.names("ssh_keys") == ["admin"])
    daemon.settled()
    mutations = cloud.mutations()
    cloud.ask(
        "POST", "change", {"op": "set", "type": "ssh_keys", "name": "admin", "set": {"labels.env": "x"}}
    )
    until(lambda: daemon.metric("reconciler_drifted_resources") == 1)
    daemon.cycles(2)
    assert cloud.mutations() == mutations
    assert daemon.metric("reconciler_blocked_resources", hindrance="report_only") == 1
    assert daemon.metric("reconciler_drift_found_total") == 1


def test_what_holds_data_waits_for_an_approval_and_goes_once_it_is_given(
    site: Site, cloud: Cloud, repository: Path
) -> None:
    commit(repository, fleet(cloud, ssh_key(), volume("data")))
    daemon = site.start()
    until(lambda: cloud.names("volumes") == ["data"])
    daemon.settled()

    commit(repository, fleet(cloud, ssh_key()))
    said = daemon.until_said("a plan waits for an approval")
    daemon.cycles(3)
    assert cloud.names("volumes") == ["data"]
    assert said["command"] == f"reconciler approve {said['plan']}"
    assert said["resources"] == ["volume/data"]
    assert len(daemon.said("a plan waits for an approval")) == 1
    until(lambda: daemon.metric("reconciler_waiting_approvals") == 1)

    site.run(
        "INSERT INTO plan_approvals (uid, plan_id, hash, approved_by, mac)"
        " SELECT gen_random_uuid(), id, hash, 'mallory', sha256('') FROM plans WHERE id = %s",
        said["plan"],
    )
    daemon.cycles(3)
    assert cloud.names("volumes") == ["data"], "whoever can only write rows approves nothing"
    site.approve(said["plan"])
    until(lambda: cloud.names("volumes") == [])
    daemon.settled()
    assert site.status(said["plan"]) == "applied"
    assert site.rows("SELECT count(*) FROM plan_approvals WHERE used_at IS NULL") == [(0,)]
    until(lambda: daemon.metric("reconciler_waiting_approvals") == 0)


def test_an_endpoint_that_moves_to_another_host_waits_for_an_approval(
    site: Site, cloud: Cloud, repository: Path
) -> None:
    commit(repository, fleet(cloud, ssh_key()))
    daemon = site.start()
    until(lambda: cloud.names("ssh_keys") == ["admin"])
    daemon.settled()
    moved = fleet(cloud, ssh_key(), server("web-1"))
    moved["inventory.yaml"] = moved["inventory.yaml"].replace("127.0.0.1", "localhost")
    commit(repository, moved)

    assert daemon.until_said("revision in force", inventory=["endpoint/cloud"])
    said = daemon.until_said("a plan waits for an approval", inventory=["credential/token"])
    assert said["reasons"] == ["cloud would send it to localhost; it was given for 127.0.0.1"]
    daemon.cycles(1)
    asked = len(cloud.ledger())
    daemon.cycles(3)
    assert len(daemon.said("a plan waits for an approval")) == 1
    assert len(cloud.ledger()) == asked

    site.approve(said["plan"])
    until(lambda: cloud.names("servers") == ["web-1"])
    daemon.settled()
    assert site.status(said["plan"]) == "applied"
    assert site.rows("SELECT count(*) FROM plan_approvals WHERE used_at IS NULL") == [(0,)]


def test_a_plan_that_nobody_approved_expires_when_its_ground_moves(
    site: Site, cloud: Cloud, repository: Path
) -> None:
    commit(repository, fleet(cloud, ssh_key(), volume("data")))
    daemon = site.start()
    until(lambda: cloud.names("volumes") == ["data"])
    daemon.settled()
    commit(repository, fleet(cloud, ssh_key()))
    said = daemon.until_said("a plan waits for an approval")
    commit(repository, fleet(cloud, ssh_key(), volume("data")))
    until(lambda: site.status(said["plan"]) == "expired")
    assert cloud.names("volumes") == ["data"]


def test_a_hangup_reads_the_sources_at_once(site: Site, cloud: Cloud, repository: Path) -> None:
    commit(repository, fleet(cloud, ssh_key()))
    daemon = site.start(source_poll=3600, reconcile_interval=3600, observe_interval=3600)
    until(lambda: cloud.names("ssh_keys") == ["admin"])
    commit(repository, fleet(cloud, ssh_key(), server("web-1")))
    daemon.signal(signal.SIGHUP)
    until(lambda: cloud.names("servers") == ["web-1"])


def test_an_endpoint_that_cannot_be_seen_is_left_alone_longer_and_longer_and_nothing_is_deleted(
    site: Site, cloud: Cloud, repository: Path
) -> None:
    commit(repository, fleet(cloud, ssh_key(), server("web-1")))
    daemon = site.start()
    until(lambda: cloud.names("servers") == ["web-1"])
    daemon.settled()
    mutations = cloud.mutations()

    cloud.fault("status", path="/v1/.*", status=500)
    daemon.until_said("the endpoint cannot be seen", endpoint="cloud")
    commit(repository, fleet(cloud, server("web-1")))
    until(lambda: daemon.metric("reconciler_blocked_resources", hindrance="unknown") > 0)
    assert cloud.mutations() == mutations
    assert daemon.metric("reconciler_endpoint_trouble", endpoint="cloud") == 1

    cloud.heal()
    until(lambda: cloud.names("ssh_keys") == [])  # now it is known, and the manifest is gone
    daemon.until_said("the endpoint can be seen again", endpoint="cloud")
    assert len(daemon.said("the endpoint cannot be seen", endpoint="cloud")) == 1


def test_what_fails_backs_off_and_holds_up_nothing_else(site: Site, cloud: Cloud, repository: Path) -> None:
    cloud.fault("status", method="POST", path="/v1/ssh_keys", status=422)
    commit(repository, fleet(cloud, ssh_key(), server("web-1")))
    daemon = site.start()
    until(lambda: cloud.names("servers") == ["web-1"])
    until(lambda: daemon.metric("reconciler_failing_resources") == 1)
    daemon.cycles(2)
    assert daemon.metric("reconciler_steps_total", action="create", result="failed") == 1
    assert daemon.get("/readyz")[0] == 200
    assert daemon.metric("reconciler_last_success_timestamp_seconds") == 0


@pytest.mark.parametrize(
    "wrong",
    [
        'url: "https://127.0.0.1:1/wrong", credential: own-token',
        'url: "https://127.0.0.1:1", credential: own-token, ca_file: /nowhere/ca.pem',
        'url: "https://127.0.0.1:1", credential: token',
    ],
)
def test_an_endpoint_that_is_configured_wrongly_holds_up_no_other(
    site: Site, cloud: Cloud, repository: Path, wrong: str
) -> None:
    broken = f"""
apiVersion: reconciler/v1
kind: Credential
metadata: {{name: own-token}}
spec: {{environment: OWN_TOKEN}}
---
apiVersion: reconciler/v1
kind: Provider
metadata: {{name: own}}
spec: {{type: proxmox}}
---
apiVersion: reconciler/v1
kind: ProviderEndpoint
metadata: {{name: broken}}
spec: {{provider: own, {wrong}}}
"""
    commit(repository, fleet(cloud, ssh_key(), broken))
    daemon = site.start()
    until(lambda: cloud.names("ssh_keys") == ["admin"])
    daemon.until_said("the endpoint cannot be seen", endpoint="broken")
    assert daemon.metric("reconciler_reconciles_total", outcome="error") == 0


def test_a_daemon_traces_what_it_sends(site: Site, cloud: Cloud, repository: Path) -> None:
    commit(repository, fleet(cloud, ssh_key()))
    file = site.folder / "trace.jsonl"
    daemon = site.start(trace=str(file))
    until(lambda: cloud.names("ssh_keys") == ["admin"])
    daemon.settled()
    assert daemon.stop() == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    sent = [(line["method"], line["path"].partition("?")[0], line["status"]) for line in lines]
    assert sorted(sent) == sorted((each["method"], each["path"], each["status"]) for each in cloud.ledger())
    assert {"observe", "ssh_key.create"} <= {line["operation"] for line in lines}
    assert TOKEN not in file.read_text()


def test_housekeeping_does_not_wait_for_its_first_six_hours(site: Site) -> None:
    with psycopg.connect(site.database.admin) as connection:
        connection.execute(
            "INSERT INTO changesets (changed_at, epoch, actor, cause, db_user)"
            " VALUES ('1999-05-07Z', 1, 'ada', 'manual', 'ada')"
        )
    said = site.start().until_said("history that had no month was moved to its own")
    assert said["rows"] == 1
