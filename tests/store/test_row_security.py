"""Who sees which rows: of every table, by what the table hangs on. A table that nobody thought of fails.

The rows are those of `tests.rigs.places`; what each was written for is known, whatever the
policies say.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors as pg
from psycopg import sql

from tests.rigs.databases import TestDatabase
from tests.rigs.places import Places
from tests.rigs.tables import Tables

pytestmark = pytest.mark.every_server

OPEN = {
    "what a type is is the same for all providers of it": (
        "attribute_definitions", "attribute_projections", "attribute_reference_types", "catalog_parts",
        "extension_types", "operation_types", "provider_resource_types",
        "provider_type_attribute_allowed_values", "provider_type_attribute_defaults",
        "provider_type_attributes", "provider_type_settings", "provider_types",
        "relationship_types", "resource_initial_states", "resource_state_transitions", "resource_states",
        "resource_type_attributes", "resource_type_keys", "resource_type_parents", "resource_types",
    ),
    "and so is what became of it": (
        "attribute_definition_history", "attribute_reference_type_history", "provider_resource_type_history",
        "provider_type_attribute_allowed_value_history", "provider_type_attribute_default_history",
        "provider_type_attribute_history", "provider_type_history", "provider_type_setting_history",
        "relationship_type_history", "resource_type_attribute_history", "resource_type_history",
        "resource_type_key_history", "resource_type_parent_history",
    ),
    "a place on earth is nobody's": ("locations", "location_history"),
    "a source may be of several providers; it says where manifests are, and who wrote them": (
        "manifest_sources", "manifest_source_history", "revisions",
    ),
    "a plan is of several providers; its steps are hidden, its number, hash and approvals are not": (
        "plans", "plan_approvals", "plan_approval_history", "plan_sources",
    ),
    "who runs the program, and which schema there is": (
        "installation", "installation_history", "schema_migrations", "workers",
    ),
    "who changed something, when and why; what they gave as the reason may name addresses and credentials": (
        "changesets",
    ),
    "when something was looked at, moved or archived, and by whom": (
        "cluster_epochs", "history_archives", "resource_archives", "marks",
    ),
    "nobody may read it": ("rehearsals", "archive_moves"),
}  # fmt: skip
HIDDEN = {"plan_messages", "plan_inventory_steps", "plan_inventory_values", "plan_inventory_approvals"}
"""Of a plan as a whole: shown to who sees everything."""
PROVIDERS = {
    "p1": ("p1", "d1", "d2", "p1 d1", "p1 d2"),
    "p3": ("p3", "d3", "p3 d3"),
}
POLICIED = """
    SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    AND NOT c.relispartition AND c.relrowsecurity = %(has)s ORDER BY 1"""


@pytest.fixture(scope="module")
def places(module_database: TestDatabase) -> Iterator[Places]:
    with psycopg.connect(module_database.admin, autocommit=True) as admin:
        yield Places.made(admin)


@contextmanager
def person(
    places: Places, *grants: tuple[str | None, str | None], role: str = "reader"
) -> Iterator[psycopg.Connection]:
    """A connection as somebody with a role and with grants of (provider, datacenter)."""
    admin = places.world.connection
    name = f"person_{uuid4().hex[:8]}"
    user = sql.Identifier(name)
    admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x'").format(user))
    admin.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(f"reconciler_{role}"), user))
    for provider, datacenter in grants:
        admin.execute(
            "INSERT INTO access_grants (member, role, provider_id, datacenter_id) SELECT %s, %s,"
            " (SELECT id FROM providers WHERE name = %s), (SELECT id FROM datacenters WHERE name = %s)",
            [name, role, provider, datacenter],
        )
    dsn = admin.info.dsn
    try:
        with psycopg.connect(dsn, user=name, password="x", autocommit=True) as connection:
            yield connection
    finally:
        admin.execute(sql.SQL("DROP ROLE {}").format(user))


def policied(places: Places, *, has: bool = True) -> list[str]:
    return [name for (name,) in places.world.connection.execute(POLICIED.encode(), {"has": has})]


def test_every_table_hangs_on_something_or_is_listed_with_its_reason(places: Places) -> None:
    listed = [table for tables in OPEN.values() for table in tables]
    assert sorted(listed) == policied(places, has=False)
    assert (
        places.world.all(
            "SELECT relname FROM pg_class WHERE relrowsecurity <> relforcerowsecurity AND NOT relispartition"
        )
        == []
    )


def test_every_policy_is_of_a_table_with_rows_of_several(places: Places) -> None:
    """Otherwise the tests below would hold of it whatever it said."""
    alike = [
        table
        for table in policied(places)
        if table != "access_grants"
        and len([owner for owner, tables in places.written.items() if tables[table]]) < 3
    ]
    assert alike == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_who_is_limited_to_a_provider_sees_its_rows_and_no_others(places: Places, provider: str) -> None:
    with person(places, (provider, None)) as reader:
        wrong = _wrong(places, reader, PROVIDERS[provider])
    assert wrong == {}


def test_who_is_limited_to_a_datacenter_sees_what_stands_there(places: Places) -> None:
    with person(places, (None, "d1")) as reader:
        assert _wrong(places, reader, ("p1", "p2", "d1", "p1 d1", "p2 d1")) == {}


def test_who_is_limited_to_both_sees_what_is_of_both(places: Places) -> None:
    with person(places, ("p1", "d1")) as reader:
        assert _wrong(places, reader, ("p1", "d1", "p1 d1")) == {}


def test_several_grants_add_up_and_one_without_limits_shows_everything(places: Places) -> None:
    with person(places, ("p1", "d1"), ("p3", None)) as reader:
        assert _wrong(places, reader, ("p1", "p3", "d1", "d3", "p1 d1", "p3 d3")) == {}
    with person(places, ("p1", None), (None, None)) as reader:
        tables = policied(places)
        admin = places.world.connection
        assert {t: places.seen(reader, t) for t in tables} == {t: places.seen(admin, t) for t in tables}


def test_a_member_that_no_grant_names_sees_nothing(places: Places) -> None:
    with person(places) as reader:
        assert _wrong(places, reader, ()) == {}


def test_the_views_show_no_more_than_the_tables(places: Places) -> None:
    admin = places.world.connection
    views = [
        name
        for (name,) in admin.execute(
            "SELECT c.relname FROM pg_class c"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'address'"
            " WHERE c.relkind = 'v' AND c.relnamespace = 'public'::regnamespace"
            " AND c.relname NOT IN ('v_inventory_history', 'v_catalog_history')"
        )
    ]
    assert len(views) >= 8
    with person(places, ("p1", None)) as reader:
        for view in views:
            text = sql.SQL("SELECT DISTINCT address FROM {} WHERE address LIKE '%/p%'").format(
                sql.Identifier(view)
            )
            everything = {row[0] for row in admin.execute(text)}
            shown = {row[0] for row in reader.execute(text)}
            assert shown == {address for address in everything if "/p1-" in address}, view


def _wrong(places: Places, reader: psycopg.Connection, owners: tuple[str, ...]) -> dict[str, object]:
    """The tables that show other rows than those written for `owners`, with what is too much and missing."""
    wrong: dict[str, object] = {}
    for table in policied(places):
        expected = frozenset() if table in HIDDEN or not owners else places.of(table, *owners)
        shown = places.seen(reader, table)
        if table == "access_grants":
            assert len(shown) <= 2
        elif shown != expected:
            wrong[table] = (shown - expected, expected - shown)
    return wrong


def test_a_tag_that_only_history_has_left_is_seen_by_who_sees_its_resource(places: Places) -> None:
    was = "SELECT value FROM tags WHERE key = 'was' ORDER BY 1"
    used = "SELECT FROM resource_tags AS rt JOIN tags AS t ON t.id = rt.tag_id WHERE t.key = 'was'"
    assert places.world.all(used) == []
    assert len(places.world.all(was)) == 5
    with person(places, ("p1", None)) as reader:
        assert reader.execute(was.encode()).fetchall() == [("p1-d1",), ("p1-d2",)]


def test_set_role_gives_nobody_another_s_view(places: Places) -> None:
    with person(places, ("p1", None)) as reader:
        reader.execute("SET ROLE reconciler_reader")
        assert _wrong(places, reader, PROVIDERS["p1"]) == {}
        with pytest.raises(pg.InsufficientPrivilege):
            reader.execute("SET SESSION AUTHORIZATION reconciler_runtime")


def test_a_grant_counts_for_the_members_of_a_group_and_until_it_is_revoked(places: Places) -> None:
    admin = places.world.connection
    with person(places, ("p1", None)) as team:
        group = sql.Identifier(team.info.user)
        with person(places) as member:
            assert places.seen(member, "resources") == frozenset()
            admin.execute(sql.SQL("GRANT {} TO {}").format(group, sql.Identifier(member.info.user)))
            assert places.seen(member, "resources") == places.of("resources", "p1 d1", "p1 d2")
            admin.execute(
                "UPDATE access_grants SET revoked_at = now(), revoked_by = 'ada' WHERE member = %s",
                [team.info.user],
            )
            assert places.seen(member, "resources") == frozenset()


def test_a_grant_is_worth_nothing_to_who_has_lost_the_role(places: Places) -> None:
    admin = places.world.connection
    with person(places, (None, None), role="auditor") as lost:
        user = sql.Identifier(lost.info.user)
        assert places.seen(lost, "resources")
        admin.execute(sql.SQL("GRANT reconciler_reader TO {}").format(user))
        admin.execute(sql.SQL("REVOKE reconciler_auditor FROM {}").format(user))
        assert places.seen(lost, "resources") == frozenset()


def test_the_owner_is_judged_by_a_policy_and_passes(places: Places) -> None:
    admin = places.world.connection
    everything = places.seen(admin, "resources")
    with admin.transaction(force_rollback=True):
        admin.execute("SET LOCAL ROLE reconciler_owner")
        assert places.seen(admin, "resources") == everything
        admin.execute("DROP POLICY program ON resources")
        assert places.seen(admin, "resources") == frozenset()


def test_the_program_s_plans_are_the_same_as_without_policies(places: Places) -> None:
    """Its policy folds away, also for operators that are not leakproof and would skip an index."""
    admin = places.world.connection
    texts = (
        "SELECT * FROM resources WHERE id = 1",
        "SELECT * FROM resources WHERE address LIKE 'vm/p1%'",
        "SELECT count(*) FROM resource_attributes WHERE value_integer = 2 AND attribute_definition_id = 1",
        "SELECT * FROM v_resources WHERE address = 'vm/p1-d1'",
    )

    def plans(role: str) -> list[str]:
        with admin.transaction(force_rollback=True):
            admin.execute("SET LOCAL enable_seqscan = off")
            admin.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
            return [row[0] for text in texts for row in admin.execute(f"EXPLAIN (COSTS OFF) {text}".encode())]

    bypassing = admin.info.user  # the superuser
    assert plans("reconciler_runtime") == plans(bypassing)


def test_no_copy_goes_by_the_policies(places: Places) -> None:
    admin = places.world.connection
    with admin.transaction(force_rollback=True):
        admin.execute("SET LOCAL ROLE reconciler_runtime")
        with (
            pytest.raises(pg.FeatureNotSupported, match="row-level security"),
            admin.cursor().copy("COPY resource_attributes FROM STDIN"),
        ):
            pass


@pytest.mark.parametrize("table", ["secret_reads", "secret_changes"])
def test_an_auditor_sees_who_read_and_stored_which_secret_of_its_providers(
    places: Places, table: str
) -> None:
    admin = places.world.connection
    for name in ("c-p1", "c-p2"):
        with admin.transaction():
            admin.execute("SET LOCAL ROLE reconciler_runtime")
            admin.execute(
                "SELECT vault.write_secret(id, 1, %(nonce)s, '', '0123456789abcdef', %(nonce)s, %(key)s)"
                " FROM provider_credentials WHERE name = %(name)s",
                {"name": name, "nonce": bytes(12), "key": bytes(48)},
            )
            admin.execute("SELECT vault.ask_for_secret(%s)", [name])
    seen = (
        f"SELECT c.name FROM vault.{table} AS r"  # noqa: S608
        " JOIN public.provider_credentials AS c ON c.id = r.credential_id ORDER BY 1"
    )
    with person(places, ("p1", None), role="auditor") as auditor:
        assert auditor.execute(seen.encode()).fetchall() == [("c-p1",)]
        for hidden in ("secrets", "installation_key"):
            with pytest.raises(pg.InsufficientPrivilege):
                auditor.execute(f"SELECT FROM vault.{hidden}".encode())
    with person(places, (None, None), role="reader") as reader, pytest.raises(pg.InsufficientPrivilege):
        reader.execute(seen.encode())


def test_a_planner_writes_what_it_sees_and_commits_none_of_it(places: Places) -> None:
    keep = "UPDATE resources SET prevent_destroy = true WHERE address = %s"
    with person(places, ("p1", None), role="planner") as planner:
        with planner.transaction(force_rollback=True):
            assert planner.execute(keep, ["vm/p1-d1"]).rowcount == 1
            assert planner.execute(keep, ["vm/p2-d1"]).rowcount == 0
        with pytest.raises(psycopg.Error) as caught, planner.transaction():
            planner.execute(keep, ["vm/p1-d1"])
        assert caught.value.sqlstate == "RC020"
        with planner.transaction(force_rollback=True):
            planner.execute(keep, ["vm/p1-d1"])
            with pytest.raises(psycopg.Error) as caught:
                planner.execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert caught.value.sqlstate == "RC020"
    assert places.world.all("SELECT address FROM resources WHERE prevent_destroy") == []


def test_every_table_that_a_planner_may_write_refuses_its_commit(places: Places) -> None:
    assert (
        places.world.all(
            "SELECT c.relname FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition"
            " AND c.relnamespace = 'public'::regnamespace"
            " AND (has_table_privilege('reconciler_planner', c.oid, 'DELETE')"
            "   OR has_any_column_privilege('reconciler_planner', c.oid, 'INSERT, UPDATE'))"
            " AND NOT EXISTS"
            " (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'note_rehearsal')"
        )
        == []
    )


def test_who_did_it_is_named_by_the_database_and_by_nobody_else(places: Places) -> None:
    admin: psycopg.Connection = places.world.connection
    tables = Tables(admin)
    named = tables.all(
        "SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " WHERE a.attname = 'db_user'"
        " AND c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition"
        " AND c.relname NOT LIKE '%%\\_history' ORDER BY 1"
    )
    assert named == [
        ("marks",),
        ("plan_approvals",),
        ("plans",),
        ("resource_operations",),
        ("revisions",),
    ]
    for (table,) in named:
        for role in ("runtime", "planner", "reader", "auditor"):
            for right in ("INSERT", "UPDATE"):
                assert not tables.one(
                    "SELECT has_column_privilege(%s, %s, 'db_user', %s)", f"reconciler_{role}", table, right
                )
    assert tables.one("SELECT db_user = session_user FROM plans") is True
