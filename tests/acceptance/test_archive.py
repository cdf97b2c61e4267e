"""`db archive` and `db partitions`, as a person types them, on a database of the program's own."""

from __future__ import annotations

import psycopg

from reconciler.cli.exit_codes import ExitCode
from tests.rigs.databases import TestDatabase
from tests.rigs.processes import Cli

NOTHING = "Nothing is archived."


def aged(database: TestDatabase) -> None:
    """Give its history a month of 2024, with one change in it."""
    with psycopg.connect(database.admin, autocommit=True) as connection:
        connection.execute("SET ROLE reconciler_owner")
        connection.execute("SELECT make_history_month('changesets', '2024-03-01Z')")
        connection.execute(
            "INSERT INTO changesets (changed_at, epoch, actor, cause, db_user)"
            " VALUES ('2024-03-07Z', 1, 'ada', 'manual', 'ada')"
        )


def test_a_month_goes_and_comes_back(cli: Cli, database: TestDatabase) -> None:
    aged(database)
    assert NOTHING in cli.ok("db", "archive", "list").said
    done = cli.ok("db", "archive", "--before", "2024-06")
    assert "changesets 2024-03: 1 row" in done.out
    (listed,) = cli.ok("db", "archive", "list", "-o", "json").json()
    assert (listed["history"], listed["rows"], listed["restored_at"]) == ("changesets", 1, None)
    assert "Nothing is older than 2024-06" in cli.ok("db", "archive", "--before", "2024-06").said
    assert "1 row" in cli.ok("db", "archive", "restore", "2024-03").out
    with psycopg.connect(database.admin) as connection:
        back = connection.execute("SELECT actor FROM changesets WHERE changed_at < '2024-06-01'")
        assert back.fetchall() == [("ada",)]
    again = cli.run("db", "archive", "restore", "2024-03")
    assert (again.code, "nothing of 2024-03 is in the archive" in again.said) == (ExitCode.FAILED, True)
    wrong = cli.run("db", "archive", "--before", "last year")
    assert (wrong.code, "is not a month" in wrong.said) == (ExitCode.FAILED, True)


def test_rows_without_a_month_are_told_and_moved(cli: Cli, database: TestDatabase) -> None:
    assert cli.ok("db", "partitions", "-o", "json").json()["without_a_month"] == {}
    with psycopg.connect(database.admin, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO changesets (changed_at, epoch, actor, cause, db_user)"
            " VALUES ('2101-03-07Z', 1, 'ada', 'manual', 'ada')"
        )
    assert "changesets has 1 in its default" in cli.ok("db", "status").said
    assert "changesets has 1 in its default" in cli.ok("db", "partitions").said
    assert "Moved 1 row" in cli.ok("db", "partitions", "--move").said
    assert cli.ok("db", "partitions", "-o", "json").json()["without_a_month"] == {}
