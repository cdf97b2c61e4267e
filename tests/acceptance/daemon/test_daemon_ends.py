"""Promises of the daemon about ends: told to stop, killed, without a database, or with a twin beside it.

However it ends, what was begun is finished by the next one, and nothing is done twice.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from reconciler.store.database.migrate import migrate
from reconciler.store.embedded import EmbeddedServer
from tests.rigs.daemon import Cloud, Daemon, Site, fleet, git, server, ssh_key, until
from tests.rigs.databases import fastest_folder
from tests.rigs.git import commit

CREATE = "POST /v1/servers"


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that the database's own account can go through, where root runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="daemon-test-", dir=fastest_folder()))
    folder.chmod(0o711)
    yield folder
    for data in folder.glob("**/pgdata"):
        EmbeddedServer.stop(data.parent, force=True)
    shutil.rmtree(folder)


def begun(cloud: Cloud) -> bool:
    """Whether a server's creation has arrived at the provider."""
    return CREATE in cloud.mutations()


def test_told_to_stop_it_lets_what_is_under_way_end_and_begins_nothing_new(
    site: Site, cloud: Cloud, repository: Path
) -> None:
    cloud.fault("latency", method="POST", path="/v1/servers", seconds=2, times=1)
    names = [f"web-{number}" for number in range(12)]  # more than run side by side
    commit(repository, fleet(cloud, *map(server, names)))
    daemon = site.start()
    until(lambda: begun(cloud))
    daemon.signal(signal.SIGTERM)
    assert daemon.stopped() == 0

    made = cloud.names("servers")
    assert 0 < len(made) < len(names)
    assert site.rows("SELECT count(*) FROM v_open_operations") == [(0,)]
    assert site.rows("SELECT count(*) FROM v_resources WHERE state = 'running'") == [(len(made),)]
    assert daemon.said("daemon ended")

    site.start().settled()
    assert cloud.names("servers") == sorted(names)
    assert cloud.mutations().count(CREATE) == len(names)


def test_past_the_bound_it_ends_all_the_same_and_the_next_run_finishes_what_was_open(
    site: Site, cloud: Cloud, repository: Path
) -> None:
    cloud.fault("latency", method="POST", path="/v1/servers", seconds=1.5, times=1)
    commit(repository, fleet(cloud, server("web-1")))
    daemon = site.start(shutdown_timeout=0.3)
    until(lambda: begun(cloud))
    daemon.signal(signal.SIGTERM)
    assert daemon.stopped() == 1
    assert daemon.said("what is under way did not end in time; it is left to the recovery of the next run")
    assert site.rows("SELECT status FROM v_open_operations") == [("sending",)]

    until(lambda: cloud.names("servers") == ["web-1"])  # the request was on its way all the same
    next_one = site.start()
    next_one.settled()
    assert cloud.names("servers") == ["web-1"]
    assert cloud.mutations().count(CREATE) == 1
    assert next_one.said("an operation of a dead worker was taken up", resource="vm/web-1", settled=True)


def test_killed_in_the_middle_of_a_create_the_next_run_finishes_it_and_nothing_is_there_twice(
    site: Site, cloud: Cloud, repository: Path
) -> None:
    cloud.fault("latency", method="POST", path="/v1/servers", seconds=1, times=1)
    commit(repository, fleet(cloud, server("web-1"), ssh_key()))
    daemon = site.start()
    until(lambda: begun(cloud))
    daemon.kill()
    until(lambda: cloud.names("servers") == ["web-1"], "the simulator goes on with what it was sent")

    site.start().settled()
    assert cloud.names("servers") == ["web-1"]
    assert cloud.names("ssh_keys") == ["admin"]
    assert cloud.mutations().count(CREATE) == 1
    assert site.rows("SELECT count(*) FROM v_open_operations") == [(0,)]


def test_two_daemons_on_one_database_do_nothing_twice(site: Site, cloud: Cloud, repository: Path) -> None:
    names = [f"web-{number}" for number in range(5)]
    commit(repository, fleet(cloud, *map(server, names)))
    daemons = [site.start(), site.start()]
    for daemon in daemons:
        daemon.settled()
    assert cloud.names("servers") == names

    one_more = [*names, "web-5"]
    commit(repository, fleet(cloud, *map(server, one_more)))
    until(lambda: cloud.names("servers") == one_more)
    for daemon in daemons:
        daemon.settled()
    assert cloud.mutations().count(CREATE) == len(one_more)
    assert [m for m in cloud.mutations() if m.startswith("DELETE")] == []

    daemons[0].kill()
    cloud.ask("POST", "change", {"op": "set", "type": "servers", "name": "web-0", "set": {"labels.env": "x"}})
    until(lambda: cloud.the("servers", "web-0")["labels"]["env"] == "prod")  # the other one goes on


def test_without_a_database_url_it_brings_its_own_and_finds_it_again(
    place: Path, cloud: Cloud, repository: Path, tmp_path: Path
) -> None:
    commit(repository, fleet(cloud, ssh_key()))
    first = Daemon.start(place / "home", tmp_path / "first.log", git(repository))
    first.settled()
    assert cloud.names("ssh_keys") == ["admin"]
    assert first.stop() == 0

    mutations = cloud.mutations()
    second = Daemon.start(place / "home", tmp_path / "second.log", git(repository))
    second.settled()
    assert second.stop() == 0
    assert cloud.mutations() == mutations


def test_without_its_database_it_changes_nothing_and_goes_on_when_it_is_back(
    place: Path, cloud: Cloud, repository: Path, tmp_path: Path
) -> None:
    with EmbeddedServer.open(place / "db", settings={"fsync": "off"}) as held:
        with psycopg.connect(held.superuser_dsn(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE fleet")
        migrate(held.superuser_dsn("fleet"))
        commit(repository, fleet(cloud, ssh_key()))
        daemon = Daemon.start(
            place / "home", tmp_path / "log", git(repository), database_url=held.superuser_dsn("fleet")
        )
        daemon.settled()
        EmbeddedServer.stop(place / "db", force=True)
        until(lambda: daemon.get("/readyz")[0] == 503, patience=90)
        assert daemon.get("/healthz")[0] == 200

        after = len(cloud.ledger())
        change = {"op": "set", "type": "ssh_keys", "name": "admin", "set": {"labels.env": "x"}}
        cloud.ask("POST", "change", change)
        daemon.until_said("the database does not answer; nothing is changed until it does")
        assert cloud.mutations(after) == []

        with EmbeddedServer.open(place / "db", settings={"fsync": "off"}):
            until(lambda: cloud.the("ssh_keys", "admin")["labels"]["env"] == "prod", patience=90)
            assert daemon.get("/readyz")[0] == 200
            assert daemon.stop() == 0


def test_a_daemon_whose_port_is_taken_says_so_and_does_not_run(site: Site, tmp_path: Path) -> None:
    first = site.start()
    second = site.start(port=first.port)
    assert second.stopped() == 1
    assert "another port" in second.said("the daemon cannot run")[0]["hint"]


def test_when_only_its_worker_session_is_cut_it_begins_anew_as_another_worker(
    site: Site, cloud: Cloud, repository: Path
) -> None:
    commit(repository, fleet(cloud, ssh_key()))
    daemon = site.start()
    daemon.settled()
    cut = site.rows(
        "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN workers w"
        " ON (l.classid::bigint << 32) | l.objid::bigint = w.lock_key WHERE l.locktype = 'advisory'"
    )
    assert cut == [(True,)]
    until(lambda: len(daemon.said("database open")) == 2)
    daemon.settled()
    assert site.rows("SELECT count(*) FROM workers") == [(2,)]
    assert daemon.get("/readyz")[0] == 200


def test_an_operation_that_a_fault_left_open_is_taken_up_without_a_restart(
    site: Site, cloud: Cloud, repository: Path
) -> None:
    site.run(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'the disk of the database is on fire'; END $$"
    )
    site.run(
        "CREATE TRIGGER refuse BEFORE UPDATE ON resource_operations FOR EACH ROW"
        " WHEN (NEW.status = 'done') EXECUTE FUNCTION refuse()"
    )
    commit(repository, fleet(cloud, ssh_key()))
    daemon = site.start()
    said = daemon.until_said("the reconcile failed; another worker takes over what it left open")
    assert "on fire" in said["problem"]

    site.run("DROP TRIGGER refuse ON resource_operations")
    daemon.settled()
    assert cloud.mutations() == ["POST /v1/ssh_keys"]
    assert site.rows("SELECT count(*) FROM v_open_operations") == [(0,)]


def test_a_source_that_another_process_reads_just_now_is_left_to_it(
    site: Site, cloud: Cloud, repository: Path
) -> None:
    commit(repository, fleet(cloud, ssh_key()))
    daemon = site.start()
    daemon.settled()
    with psycopg.connect(site.database.admin) as other:
        other.execute("SELECT pg_advisory_lock(hashtext('manifest source'), hashtext('fleet'))")
        made = commit(repository, fleet(cloud, ssh_key(), server("web-1")))
        daemon.cycles(3)
        assert cloud.names("servers") == []
        assert not daemon.said("revision in force", commit=made)
    until(lambda: cloud.names("servers") == ["web-1"])
