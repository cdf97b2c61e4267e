"""Secrets are found where their credential says, kept where nobody can read them, and shown to nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import errors as pg

from reconciler.errors import CredentialError
from reconciler.model.inventory import Credential
from reconciler.store.database.session import Actor, Store, Transaction
from reconciler.store.inventory.rows import write
from reconciler.store.inventory.secrets import note_expiry, note_fingerprint, resolve, store_secret, stored_id
from reconciler.store.inventory.vault import Vault
from reconciler.store.views import credentials
from tests.rigs.databases import TestDatabase
from tests.rigs.tables import Tables
from tests.rigs.vaults import FIRST, vault_of

VALUE = "hunter2-§-secret"


@pytest.fixture
def vault(store: Store) -> Vault:
    with store.transaction(Actor("test")) as tx:
        for name in ("a", "b"):
            write(tx, Credential(name))
    return vault_of(store)


@pytest.fixture
def tx(vault: Vault) -> Iterator[Transaction]:
    with vault.store.transaction(Actor("test")) as opened:
        yield opened


def put(vault: Vault, name: str, value: str = VALUE) -> None:
    with vault.store.transaction(Actor("test")) as tx:
        store_secret(tx, vault, name, value)


@pytest.mark.every_server
def test_a_stored_secret_comes_back_and_lies_encrypted(vault: Vault, database: TestDatabase) -> None:
    put(vault, "a")
    with vault.store.transaction(Actor("test")) as tx:
        assert resolve(tx, vault, "a") == VALUE
    with psycopg.connect(database.admin) as connection:
        ((text,),) = Tables(connection).all("SELECT s::text FROM vault.secrets AS s")
        assert VALUE.encode().hex() not in text
        assert FIRST.secret.hex() not in text


def test_each_value_has_a_data_key_of_its_own(vault: Vault, database: TestDatabase) -> None:
    seen = set()
    for version in (1, 2, 3):
        put(vault, "a")  # the same each time
        with psycopg.connect(database.admin) as connection:
            ((number, *rest),) = Tables(connection).all(
                "SELECT key_version, nonce, ciphertext, key_nonce, wrapped_key FROM vault.secrets"
            )
        assert number == version
        seen.update(rest)
    assert len(seen) == 12


def test_of_two_values_stored_at_once_the_later_is_refused(vault: Vault) -> None:
    put(vault, "a", "first")
    with vault.store.transaction(Actor("test")) as slow:
        number = stored_id(slow, "a")
        asked = slow.value("secrets.next_version", credential_id=number)
        put(vault, "a", "second")
        assert not slow.value(
            "secrets.write",
            credential_id=number,
            key_version=asked,
            nonce=bytes(12),
            ciphertext=b"",
            master_key_id=FIRST.id,
            key_nonce=bytes(12),
            wrapped_key=bytes(48),
        )
    assert vault.read("a") == "second"


def test_the_program_reads_one_secret_and_never_the_table(database: TestDatabase) -> None:
    with psycopg.connect(database.runtime, autocommit=True) as connection:
        for table in ("secrets", "secret_reads", "secret_changes", "installation_key"):
            for statement in ("SELECT * FROM", "DELETE FROM", "TRUNCATE"):
                with pytest.raises(pg.InsufficientPrivilege):
                    Tables(connection).run(f"{statement} vault.{table}")


def test_a_fingerprint_tells_values_apart_and_says_nothing_else(vault: Vault, tx: Transaction) -> None:
    store_secret(tx, vault, "a", VALUE)
    (row, _) = credentials(tx, vault=True)
    assert row.fingerprint == vault.key.fingerprint(VALUE)
    assert row.key_id == FIRST.id
    assert vault.key.fingerprint(VALUE) != vault.key.fingerprint(VALUE + "x")
    assert len(vault.key.fingerprint(VALUE)) == 12
    assert not note_fingerprint(tx, vault.key, "a", VALUE)
    assert note_fingerprint(tx, vault.key, "a", "new value")


def test_what_was_known_of_the_end_of_a_value_ends_with_it(vault: Vault, tx: Transaction) -> None:
    at = datetime(2027, 1, 31, tzinfo=UTC)
    write(tx, Credential("a", expires_at=datetime(2028, 1, 1, tzinfo=UTC)))
    store_secret(tx, vault, "a", VALUE, at)
    assert [row.expires_at for row in credentials(tx, vault=True)] == [at, None]
    assert not note_expiry(tx, "a", at)
    store_secret(tx, vault, "a", "another")
    assert [row.expires_at for row in credentials(tx, vault=True)] == [datetime(2028, 1, 1, tzinfo=UTC), None]
    assert note_expiry(tx, "a", at)
    note_fingerprint(tx, vault.key, "a", "seen to be another")
    assert credentials(tx, vault=True)[0].expires_at == datetime(2028, 1, 1, tzinfo=UTC)


def test_the_history_of_a_credential_has_its_ends(vault: Vault, database: TestDatabase) -> None:
    at = datetime(2027, 1, 31, tzinfo=UTC)
    with vault.store.transaction(Actor("test")) as tx:
        write(tx, Credential("a", expires_at=at))
        note_expiry(tx, "a", at.replace(day=1))
    with psycopg.connect(database.admin) as connection:
        rows = Tables(connection).all(
            "SELECT expires_at, value_expires_at FROM provider_credential_history WHERE name = 'a'"
            " ORDER BY change"
        )
    assert rows == [(None, None), (at, None), (at, at.replace(day=1))]


def test_values_come_from_the_environment_and_from_files(
    vault: Vault, tx: Transaction, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{VALUE}\n")
    write(tx, Credential("env", environment="TOKEN"))
    write(tx, Credential("file", file=str(file)))
    assert resolve(tx, vault, "env", {"TOKEN": VALUE}) == VALUE
    assert resolve(tx, vault, "file") == VALUE
    for environ in ({}, {"TOKEN": ""}):
        with pytest.raises(CredentialError, match="TOKEN is not set, or empty"):
            resolve(tx, vault, "env", environ)
    file.unlink()
    with pytest.raises(CredentialError, match="cannot be read"):
        resolve(tx, vault, "file")
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(CredentialError, match="not UTF-8"):
        resolve(tx, vault, "file")
    with pytest.raises(CredentialError, match="no credential named nobody"):
        resolve(tx, vault, "nobody")


def test_only_what_is_to_be_stored_is_stored(vault: Vault, tx: Transaction) -> None:
    write(tx, Credential("env", environment="TOKEN"))
    for name in ("env", "nobody"):
        with pytest.raises(CredentialError, match="source is `stored`"):
            store_secret(tx, vault, name, VALUE)
    with pytest.raises(CredentialError, match="empty"):
        store_secret(tx, vault, "a", "")
    with pytest.raises(CredentialError, match="nothing is stored"):
        resolve(tx, vault, "a")
