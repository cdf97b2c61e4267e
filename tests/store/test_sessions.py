"""Connections that lie idle: one whose session the server ended is found out before it is used."""

from __future__ import annotations

import psycopg

from reconciler.store.database.session import Actor, Store
from tests.rigs.databases import TestDatabase
from tests.rigs.statements import counted

ACTOR = Actor("ada", "a test", "maintenance")


def test_a_session_that_the_server_ended_is_replaced(store: Store, database: TestDatabase) -> None:
    with store.read() as tx:
        before = tx._connection.info.backend_pid
    with psycopg.connect(database.server.superuser_dsn(), autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 10000)", [before])
    with store.transaction(ACTOR) as tx:
        assert tx.value("installation.uid")
        assert tx._connection.info.backend_pid != before


def test_a_statement_that_is_a_transaction_by_itself_is_all_that_is_sent(database: TestDatabase) -> None:
    with counted(database) as statements, Store.open(database.runtime, max_size=1) as store:
        for name in ("first", "second", "third"):
            with store.at_once(ACTOR) as tx:
                tx.value("observations.now")
            statements.mark(name)
        cost = statements.between("first", "third")
        assert (cost.statements - 1, cost.transactions - 1) == (2, 2), "the mark between is the third"
