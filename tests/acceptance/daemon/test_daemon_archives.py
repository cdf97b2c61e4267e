"""The daemon takes what is old out of the database by itself, and goes on; its processes are real ones."""

from __future__ import annotations

import json
from pathlib import Path

from tests.rigs.daemon import Cloud, Site, fleet, server, ssh_key, until
from tests.rigs.git import commit
from tests.rigs.processes import Cli


def aged(site: Site) -> None:
    """Give its history a month of 2024, and a machine that was deleted then."""
    site.run("SET ROLE reconciler_owner; SELECT make_history_month('changesets', '2024-03-01Z')")
    site.run(
        "INSERT INTO changesets (changed_at, epoch, actor, cause, db_user)"
        " VALUES ('2024-03-07Z', 1, 'ada', 'manual', 'ada')"
    )
    site.run(
        "INSERT INTO resources (resource_type_id, provider_endpoint_id, address, name, state_id, external_id,"
        " is_root) SELECT t.id, e.id, 'vm/old', 'old', s.id, '4711', TRUE"
        " FROM resource_types AS t, provider_endpoints AS e, resource_states AS s"
        " WHERE t.name = 'vm' AND e.name = 'cloud' AND s.name = 'running'"
    )
    site.run(
        "UPDATE resources SET deleted_at = '2024-03-07Z', presence = 'absent',"
        " state_id = (SELECT id FROM resource_states WHERE name = 'deleted') WHERE address = 'vm/old'"
    )


def test_what_is_old_goes_into_files_while_the_daemon_goes_on(
    site: Site, cloud: Cloud, repository: Path, cli: Cli, tmp_path: Path
) -> None:
    commit(repository, fleet(cloud, ssh_key()))
    daemon = site.start()
    until(lambda: cloud.names("ssh_keys") == ["admin"])
    daemon.settled()
    assert daemon.stop() == 0
    aged(site)

    folder = tmp_path / "old"
    daemon = site.start(archive_keep=1, archive_deleted=30, archive_to=str(folder))
    daemon.until_said("history archived", history="changesets", rows=1)
    (gone,) = daemon.said("deleted resources archived", resources=1)
    assert sorted(each.name for each in folder.iterdir()) == sorted(
        ["changesets-2024-03.csv.gz", Path(gone["file"]).name]
    )
    until(lambda: daemon.metric("reconciler_archived_history_rows") == 1)
    assert daemon.metric("reconciler_archived_resources") == 1
    assert site.rows("SELECT count(*) FROM resources WHERE address = 'vm/old'") == [(0,)]

    # It goes on: a commit becomes a machine, under the name of the one that is away too.
    commit(repository, fleet(cloud, ssh_key(), server("old")))
    until(lambda: cloud.names("servers") == ["old"])
    daemon.settled()
    assert daemon.said("what is old is not archived") == []
    assert daemon.metric("reconciler_stray_history_rows") == 0

    # A person sees it, and brings it back beside the daemon and the new machine.
    listed = json.loads(cli.ok("db", "archive", "list", "-o", "json").out)
    assert [each.get("history", each.get("resources")) for each in listed] == ["changesets", 1]
    assert "1 resource deleted 2024-03-07 to 2024-03-07" in cli.ok("db", "archive", "list").out
    assert f"rows from {gone['file']}" in cli.ok("db", "archive", "restore", "vm/old").out.replace(
        "1 row ", "rows "
    )
    assert "1 row" in cli.ok("db", "archive", "restore", "2024-03").out
    assert site.rows("SELECT count(*) FROM resources WHERE address = 'vm/old'") == [(2,)]
    daemon.settled()
    assert daemon.stop() == 0
