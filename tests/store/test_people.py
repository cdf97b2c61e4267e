"""Roles of people: what a grant does about roles that were there before, and about who can not use it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from reconciler.errors import ConfigurationError
from reconciler.store.database import people
from tests.rigs.databases import TestDatabase
from tests.rigs.tables import Tables

pytestmark = pytest.mark.every_server

HELD = "SELECT role FROM access_grants WHERE member = %s AND revoked_at IS NULL ORDER BY role"
MakeRole = Callable[[str], str]


@pytest.fixture
def admin(database: TestDatabase) -> Iterator[Tables]:
    with psycopg.connect(database.admin, autocommit=True) as connection:
        yield Tables(connection).begin()


@pytest.fixture
def role(admin: Tables) -> Iterator[MakeRole]:
    """Makes a role of the attributes that are said; what is there of it at the end is dropped."""
    made: list[str] = []

    def make(attributes: str) -> str:
        made.append(f"person_{uuid4().hex[:8]}")
        admin.run(f"CREATE ROLE {made[-1]} LOGIN PASSWORD 'x' {attributes}")
        return made[-1]

    yield make
    for name in made:
        admin.connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))


def seen(database: TestDatabase, member: str) -> list[tuple[str, ...]]:
    """The providers' names, as that person."""
    with psycopg.connect(f"{database.admin} user={member} password=x") as connection:
        return connection.execute("SELECT name FROM providers").fetchall()


@pytest.mark.parametrize("of", ["reconciler_owner", "reconciler_runtime", "reconciler_vault"])
def test_who_may_act_as_the_program_s_roles_is_not_granted_a_part(
    database: TestDatabase, admin: Tables, role: MakeRole, of: str
) -> None:
    name = role(f"IN ROLE {of}")
    with pytest.raises(ConfigurationError, match=f"may act as {of} already") as refused:
        people.grant(database.admin, "reader", name, providers=["p1"])
    assert refused.value.hint == f"first: REVOKE {of} FROM {name}"
    assert admin.all(HELD, name) == []


@pytest.mark.parametrize("by", ["the command", "an administrator"])
def test_grants_do_not_pass_to_a_later_role_of_the_same_name(
    database: TestDatabase, admin: Tables, role: MakeRole, by: str
) -> None:
    name = role("")
    people.grant(database.admin, "auditor", name)
    admin.run(f"DROP ROLE {name}")
    if by == "an administrator":
        admin.run(f"CREATE ROLE {name} LOGIN PASSWORD 'x'")
    people.grant(database.admin, "reader", name, providers=["p1"], password="x")
    assert admin.all(HELD, name) == [("reader",)]
    admin.run(
        "INSERT INTO providers (provider_type_id, name) SELECT id, 'another' FROM provider_types LIMIT 1"
    )
    admin.run(f"GRANT reconciler_auditor TO {name}")
    assert seen(database, name) == [("p1",)]


def test_a_further_role_of_the_same_person_leaves_those_before(
    database: TestDatabase, admin: Tables, role: MakeRole
) -> None:
    name = role("")
    people.grant(database.admin, "auditor", name, providers=["p1"])
    (granted,) = admin.all("SELECT id FROM access_grants WHERE member = %s", name)
    people.grant(database.admin, "reader", name, providers=["p1"])
    assert admin.all(HELD, name) == [("auditor",), ("reader",)]
    assert granted in admin.all("SELECT id FROM access_grants WHERE revoked_at IS NULL")


def test_what_a_role_was_granted_can_be_revoked_when_it_is_gone(
    database: TestDatabase, admin: Tables, role: MakeRole
) -> None:
    name = role("")
    people.grant(database.admin, "auditor", name)
    admin.run(f"DROP ROLE {name}")
    with pytest.raises(ConfigurationError, match=f"the server has no role {name}"):
        people.revoke(database.admin, "reader", name)
    assert people.revoke(database.admin, "auditor", name) is False
    assert admin.all(HELD, name) == []
    assert admin.all("SELECT revoked_by FROM access_grants WHERE member = %s", name) == [
        (admin.connection.info.user,)
    ]
    with pytest.raises(ConfigurationError, match=f"the server has no role {name}"):
        people.revoke(database.admin, "auditor", name)


def test_a_name_that_the_server_would_cut_is_refused(database: TestDatabase, admin: Tables) -> None:
    for name in ("l" * 64, "ü" * 32):
        with pytest.raises(ConfigurationError, match="more than the 63 bytes"):
            people.grant(database.admin, "reader", name, password="x")
        assert admin.all("SELECT FROM pg_roles WHERE rolname = %s", name[:63]) == []
    longest = "l" * 63
    try:
        assert people.grant(database.admin, "reader", longest, password="x")
        assert seen(database, longest) == [("p1",)]
    finally:
        admin.run(f"DROP ROLE IF EXISTS {longest}")


def test_who_inherits_nothing_is_granted_so_that_it_can_read_or_not_at_all(
    database: TestDatabase, admin: Tables, role: MakeRole
) -> None:
    name = role("NOINHERIT")
    if admin.connection.info.server_version < 160000:
        with pytest.raises(ConfigurationError, match=f"{name} inherits no rights") as refused:
            people.grant(database.admin, "reader", name)
        assert admin.all(HELD, name) == []
        hint = str(refused.value.hint)
        assert hint == f"first: ALTER ROLE {name} INHERIT"
        admin.run(hint.removeprefix("first: "))
    people.grant(database.admin, "reader", name)
    assert seen(database, name) == [("p1",)]
