"""What each role may do to each table, view, sequence and function: known by name, and tried.

`golden/rights.txt` has a line for every object and role. Written anew with RECONCILER_WRITE_GOLDEN=1; an
object that is not in it fails, so that nobody makes a table without asking who may read it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors as pg
from psycopg import sql

from tests.rigs.databases import TestDatabase

GOLDEN = Path(__file__).parent / "golden" / "rights.txt"
ROLES = ("owner", "vault", "runtime", "planner", "reader", "auditor")
RELATIONS = """
    SELECT n.nspname, c.relname, c.relkind::text
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('public', 'vault') AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      AND NOT c.relispartition ORDER BY 1, 2"""
FUNCTIONS = """
    SELECT p.oid::regprocedure::text, p.prorettype = 'trigger'::regtype
    FROM pg_proc p WHERE p.pronamespace IN ('public'::regnamespace, 'vault'::regnamespace)"""
RIGHTS = """
    SELECT format('%%s.%%s', n.nspname, c.relname), p.privilege,
      CASE WHEN c.relkind = 'S' THEN NULL ELSE (
        SELECT array_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          AND CASE WHEN p.privilege IN ('SELECT', 'INSERT', 'UPDATE')
              THEN has_column_privilege(%(role)s, c.oid, a.attnum, p.privilege) END) END,
      CASE WHEN c.relkind = 'S' THEN has_sequence_privilege(%(role)s, c.oid, p.privilege)
           ELSE has_table_privilege(%(role)s, c.oid, p.privilege) END
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('USAGE')) AS p (privilege)
      ON (p.privilege IN ('SELECT', 'UPDATE', 'USAGE')) OR c.relkind <> 'S'
    WHERE n.nspname IN ('public', 'vault') AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      AND NOT c.relispartition AND (c.relkind = 'S') >= (p.privilege = 'USAGE')
      AND has_schema_privilege(%(role)s, n.oid, 'USAGE')
    ORDER BY 1, p.privilege = 'USAGE', p.privilege <> 'SELECT', p.privilege"""
EXECUTABLE = """
    SELECT p.oid::regprocedure::text
    FROM pg_proc p
    WHERE p.pronamespace IN ('public'::regnamespace, 'vault'::regnamespace)
      AND p.prorettype <> 'trigger'::regtype AND has_function_privilege(%(role)s, p.oid, 'EXECUTE')
      AND has_schema_privilege(%(role)s, p.pronamespace, 'USAGE')
    ORDER BY 1"""


@pytest.fixture
def admin(database: TestDatabase) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.admin, autocommit=True) as connection:
        yield connection


def rights_of(admin: psycopg.Connection, role: str) -> dict[str, list[str]]:
    """What a role may do, by object; a right on some columns names them."""
    name = {"role": f"reconciler_{role}"}
    found: dict[str, list[str]] = {}
    for relation, privilege, columns, whole in admin.execute(RIGHTS.encode(), name):
        if whole:
            found.setdefault(relation, []).append(privilege.lower())
        elif columns:
            found.setdefault(relation, []).append(f"{privilege.lower()}({', '.join(columns)})")
    for (function,) in admin.execute(EXECUTABLE.encode(), name):
        found.setdefault(function, []).append("execute")
    return found


def objects_of(admin: psycopg.Connection) -> list[str]:
    relations = [f"{schema}.{name}" for schema, name, _ in admin.execute(RELATIONS.encode())]
    functions = [name for name, is_trigger in admin.execute(FUNCTIONS.encode()) if not is_trigger]
    return [*sorted(relations), *sorted(functions)]


@pytest.mark.every_server
def test_who_may_do_what_is_written_down_for_every_object(admin: psycopg.Connection) -> None:
    by_role = {role: rights_of(admin, role) for role in ROLES}
    lines = []
    for name in objects_of(admin):
        rights = {role: " ".join(by_role[role].get(name, ["nothing"])) for role in ROLES}
        if len(set(rights.values())) == 1:
            lines.append(f"{name}: everybody: {rights['owner']}")
        else:
            lines += [f"{name}: {role}: {may}" for role, may in rights.items() if may != "nothing"]
    if os.environ.get("RECONCILER_WRITE_GOLDEN"):
        GOLDEN.write_text("".join(f"{line}\n" for line in lines))
    assert lines == GOLDEN.read_text().splitlines()


@pytest.mark.parametrize("role", ROLES)
def test_what_is_written_down_is_what_the_server_does(admin: psycopg.Connection, role: str) -> None:
    """Each statement on each relation, and each function, by the role itself: refused or not as promised."""
    promised = rights_of(admin, role)
    relations = [(schema, name) for schema, name, kind in admin.execute(RELATIONS.encode()) if kind != "S"]
    functions = [name for name, is_trigger in admin.execute(FUNCTIONS.encode()) if not is_trigger]
    admin.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(f"reconciler_{role}")))
    wrong = []
    for schema, name in relations:
        table = sql.Identifier(schema, name)
        had = {right.partition("(")[0] for right in promised.get(f"{schema}.{name}", ())}
        for what, text in {
            "select": sql.SQL("EXPLAIN SELECT FROM {}").format(table),
            "insert": sql.SQL("EXPLAIN INSERT INTO {} DEFAULT VALUES").format(table),
            "delete": sql.SQL("EXPLAIN DELETE FROM {}").format(table),
        }.items():
            if what != "select" and _is_view(admin, schema, name):
                continue  # no view takes rows: 55000 comes before any right is asked for
            if (what in had) != _permitted(admin, text):
                wrong.append(f"{what} {schema}.{name}")
            if what == "insert" and what in had:
                wrong += [
                    f"{schema}.{name}.{column}"
                    for column, may in _columns(admin, schema, name, role)
                    if may != _permitted(admin, _insert(table, column))
                ]
    wrong += [
        function
        for function in functions
        if ("execute" in promised.get(function, ())) != _permitted(admin, _call(function))
    ]
    assert wrong == []
    assert len(relations) > 80
    assert len(functions) > 10


def _columns(admin: psycopg.Connection, schema: str, name: str, role: str) -> list[tuple[str, bool]]:
    """Each column, and whether the role is to be let write it in a new row."""
    return admin.execute(
        "SELECT a.attname, has_column_privilege(%(role)s, a.attrelid, a.attnum, 'INSERT') FROM pg_attribute a"
        " JOIN pg_class c ON c.oid = a.attrelid WHERE c.relname = %(name)s AND a.attnum > 0"
        " AND c.relnamespace = to_regnamespace(%(schema)s) AND NOT a.attisdropped",
        {"role": f"reconciler_{role}", "schema": schema, "name": name},
    ).fetchall()


def _insert(table: sql.Identifier, column: str) -> sql.Composed:
    return sql.SQL("EXPLAIN INSERT INTO {} ({}) VALUES (DEFAULT)").format(table, sql.Identifier(column))


def _is_view(admin: psycopg.Connection, schema: str, name: str) -> bool:
    row = admin.execute(
        "SELECT relkind = 'v' FROM pg_class WHERE relname = %s AND relnamespace = to_regnamespace(%s)",
        [name, schema],
    ).fetchone()
    return bool(row and row[0])


def _call(function: str) -> sql.Composed:
    """With nothing for each argument, of which there may be none."""
    name, _, rest = function.partition("(")
    types = [each for each in rest.removesuffix(")").split(",") if each]
    arguments = sql.SQL(", ").join(sql.SQL("NULL::" + each) for each in types)
    return sql.SQL("SELECT {}({})").format(sql.Identifier(*name.split(".")), arguments)


def _permitted(admin: psycopg.Connection, text: sql.Composed) -> bool:
    """Whether it is not refused for want of a right to it. It is undone; other errors do not count."""
    try:
        with admin.transaction(force_rollback=True):
            admin.execute(text)
    except pg.InsufficientPrivilege as error:
        return error.diag.context is not None  # within a function that was called, or not
    except psycopg.Error:
        return True
    return True


def test_partitions_are_open_to_nobody_and_new_ones_neither(admin: psycopg.Connection) -> None:
    admin.execute("SELECT make_history_partitions(2)")
    partitions = [
        name
        for (name,) in admin.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relispartition AND relkind = 'r'"
        )
    ]
    assert len(partitions) >= 15
    admin.execute("SELECT grant_reading()")
    for role in ("runtime", "planner", "reader", "auditor"):
        admin.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(f"reconciler_{role}")))
        for name in partitions:
            with pytest.raises(pg.InsufficientPrivilege):
                admin.execute(sql.SQL("SELECT FROM {} LIMIT 1").format(sql.Identifier(name)))
        admin.execute("RESET ROLE")


def test_nobody_who_reads_may_log_in_as_a_group_or_goes_by_the_policies(admin: psycopg.Connection) -> None:
    assert admin.execute(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'reconciler\\_%' AND rolcanlogin"
    ).fetchall() == [("reconciler_runtime",)]
    assert (
        admin.execute(
            "SELECT rolname FROM pg_roles WHERE rolname LIKE 'reconciler\\_%'"
            " AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb)"
        ).fetchall()
        == []
    )
