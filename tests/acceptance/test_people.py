"""People with database roles of their own: what each of the program's commands lets them do, as processes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from reconciler.cli.exit_codes import ExitCode
from tests.rigs.databases import TestDatabase
from tests.rigs.processes import NETWORK, SSH_KEY, VM, Cli, Done, Fleet

PASSWORD = "correct horse"


@dataclass
class People:
    """Makes people with the program's own command; each is the program with that person's URL."""

    world: Fleet
    database: TestDatabase
    made: list[str]

    def granted(self, role: str, *options: str) -> tuple[str, Cli]:
        name = f"{role}_{uuid4().hex[:8]}"
        self.made.append(name)
        self.world.cli.ok("db", "grant", role, "to", name, *options, stdin=f"{PASSWORD}\n")
        return name, self.cli(name)

    def cli(self, name: str) -> Cli:
        cli = self.world.cli
        url = f"{self.database.admin} user={name} password='{PASSWORD}'"
        return replace(cli, env={**cli.env, "RECONCILER_DATABASE_URL": url})


@pytest.fixture
def people(world: Fleet, database: TestDatabase) -> Iterator[People]:
    made = People(world, database, [])
    yield made
    with psycopg.connect(database.server.superuser_dsn(), autocommit=True) as connection:
        for name in made.made:
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def test_a_reader_reads_everything_and_changes_nothing(people: People) -> None:
    world = people.world
    world.made(key=SSH_KEY, vm=VM)
    name, reader = people.granted("reader")
    assert reader.ok("get", "all", "-o", "name").out == "ssh_key/admin\nvm/web-1\n"
    assert "cx22" in reader.ok("describe", "vm/web-1").out
    assert "created" in reader.ok("history", "vm/web-1").said
    assert "managed: 2" in reader.ok("db", "status").said
    drift = reader.ok("drift", "-f", "fleet")
    assert "may not look at providers" in drift.err
    assert name in reader.ok("db", "grants").out
    before = world.sim.ledger()
    for refused, command in (
        ("preview", ("plan", "-f", "fleet")),
        ("run the program", ("apply", "-f", "fleet", "--yes")),
        ("run the program", ("observe",)),
        ("permission denied for table holds", ("hold", "vm/web-1", "--reason", "mine")),
        ("permission denied for table provider_credential_hosts", ("credentials", "bind", "token", "x.lan")),
    ):
        done = reader.run(*command, stdin="x")
        assert done.code == ExitCode.FAILED, command
        assert "your database role may not" in done.err, (command, done)
        assert refused in done.said, (command, done)
    assert world.sim.ledger() == before


def test_a_planner_previews_what_the_program_would_do_and_keeps_nothing(people: People) -> None:
    world = people.world
    world.made(key=SSH_KEY)
    _, planner = people.granted("planner")
    world.write(network=NETWORK)
    ours = world.cli.ok("plan", "-f", "fleet", "--format", "json", "--no-observe").json()
    before, asked = _counted(people.database), world.sim.ledger()
    shown = planner.ok("plan", "-f", "fleet", "--format", "json")
    assert "what is recorded is taken to be there" in shown.err
    assert world.sim.ledger() == asked  # it was given no secret to ask with
    assert [step["hash"] for step in shown.json()["steps"]] == [step["hash"] for step in ours["steps"]]
    assert len(ours["steps"]) == 1
    assert _counted(people.database) == before
    saved = planner.run("plan", "-f", "fleet", "--save")
    assert "your database role may not save a plan" in saved.err
    refused = planner.run("apply", "-f", "fleet", "--yes")
    assert "may not run the program: it is that of a planner" in refused.said
    assert _counted(people.database) == before


def test_who_is_limited_to_a_provider_is_shown_no_other_s(people: People) -> None:
    world = people.world
    world.made(key=SSH_KEY)
    nothing = people.world.cli.run(
        "db", "grant", "reader", "to", "x", "--provider", "nowhere", stdin=PASSWORD
    )
    assert "there is no provider `nowhere`" in nothing.err
    (provider,) = world.cli.ok("get", "providers", "-o", "name").out.split()
    name, reader = people.granted("reader", "--provider", provider)
    assert reader.ok("get", "all", "-o", "name").out == "ssh_key/admin\n"
    assert f"what {provider} has" in reader.ok("db", "grants").said
    with psycopg.connect(people.database.admin) as admin:
        admin.execute(
            "INSERT INTO providers (provider_type_id, name) SELECT provider_type_id, 'other' FROM providers"
        )
    again = world.cli.ok("db", "grant", "reader", "to", name, "--provider", "other")
    assert f"{name} is a reader now, and sees what other has." in again.said
    assert reader.ok("get", "all", "-o", "name").out == ""
    assert reader.ok("get", "endpoints", "-o", "name").out == ""


def test_a_role_that_was_revoked_opens_nothing(people: People) -> None:
    name, reader = people.granted("auditor")
    assert [(g["member"], g["role"], g["is_member"]) for g in _grants(people, name)] == [
        (name, "auditor", True)
    ]
    assert "is no auditor any more" in people.world.cli.ok("db", "revoke", "auditor", "from", name).said
    assert _grants(people, name) == []
    refused = reader.run("get", "all")
    assert "may not act as it, nor read" in refused.err
    assert "reconciler db grant reader to" in refused.err


def test_who_may_make_no_roles_is_told_what_to_hand_to_an_administrator(people: People) -> None:
    _, reader = people.granted("reader")
    refused: Done = reader.run("db", "grant", "reader", "to", "ada", stdin=PASSWORD)
    assert "CREATE ROLE ada LOGIN" in refused.said
    assert "GRANT reconciler_reader TO ada" in refused.said
    assert PASSWORD not in refused.said
    with psycopg.connect(people.database.admin) as admin:
        assert admin.execute("SELECT FROM pg_roles WHERE rolname = 'ada'").fetchall() == []
    without = people.world.cli.run("db", "grant", "reader", "to", "ada", "--no-create")
    assert "the server has no role ada" in without.err
    for taken in ("reconciler_owner", "pg_monitor"):
        assert "cannot be a person's role" in people.world.cli.run("db", "grant", "reader", "to", taken).err
    postgres = people.world.cli.run("db", "grant", "reader", "to", "postgres")
    assert "no policy stops postgres" in postgres.err


def _grants(people: People, name: str) -> list[dict[str, object]]:
    return [g for g in people.world.cli.ok("db", "grants", "-o", "json").json() if g["member"] == name]


def _counted(database: TestDatabase) -> dict[str, int]:
    """The rows of every table."""
    with psycopg.connect(database.admin) as admin:
        tables = admin.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'public'::regnamespace"
        ).fetchall()
        return {
            name: admin.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchall()[
                0
            ][0]
            for (name,) in tables
        }
