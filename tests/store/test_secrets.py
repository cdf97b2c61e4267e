"""Secrets are kept where nobody can read them, and shown to nobody."""

from __future__ import annotations

import base64
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors as pg

from reconciler.errors import ConfigurationError, CredentialError
from reconciler.model.inventory import Credential
from reconciler.store.database.session import Actor, Store, Transaction
from reconciler.store.inventory.rows import write
from reconciler.store.inventory.secrets import (
    KEY_VARIABLE,
    Key,
    load_key,
    note_fingerprint,
    resolve,
    rotate_key,
    store_secret,
    take_key,
)
from reconciler.store.views import credentials
from tests.rigs.databases import TestDatabase
from tests.rigs.tables import Tables

VALUE = "hunter2-§-secret"
KEY = Key(bytes(range(32)))
OTHER = Key(bytes(32))


@pytest.fixture
def tx(store: Store) -> Iterator[Transaction]:
    with store.transaction(Actor("test")) as opened:
        for name in ("a", "b"):
            write(opened, Credential(name))
        yield opened


@pytest.mark.every_server
def test_a_stored_secret_comes_back_and_lies_encrypted(store: Store, database: TestDatabase) -> None:
    with store.transaction(Actor("test")) as tx:
        write(tx, Credential("a"))
        store_secret(tx, KEY, "a", VALUE)
    with store.transaction(Actor("test")) as tx:
        assert resolve(tx, KEY, "a") == VALUE
    with psycopg.connect(database.admin) as connection:
        nonce, ciphertext = Tables(connection).all("SELECT nonce, ciphertext FROM vault.secrets")[0]
        assert VALUE.encode() not in bytes(ciphertext)
        assert len(bytes(nonce)) == 12


def test_the_same_secret_never_looks_the_same(tx: Transaction) -> None:
    store_secret(tx, KEY, "a", VALUE)
    first = tx.row("secrets.read", name="a")
    store_secret(tx, KEY, "a", VALUE)
    assert tx.row("secrets.read", name="a") != first


def test_a_ciphertext_moved_to_another_credential_is_refused(store: Store, database: TestDatabase) -> None:
    with store.transaction(Actor("test")) as tx:
        for name in ("a", "b"):
            write(tx, Credential(name))
            store_secret(tx, KEY, name, f"value of {name}")
    with psycopg.connect(database.admin) as connection:
        Tables(connection).run(
            "UPDATE vault.secrets b SET nonce = a.nonce, ciphertext = a.ciphertext"
            " FROM vault.secrets a WHERE a.credential_id < b.credential_id"
        )
    with store.transaction(Actor("test")) as tx, pytest.raises(CredentialError, match="another credential's"):
        resolve(tx, KEY, "b")


def test_another_key_is_told_from_a_damaged_secret(tx: Transaction) -> None:
    store_secret(tx, KEY, "a", VALUE)
    with pytest.raises(CredentialError, match=f"encrypted with the key {KEY.id}"):
        resolve(tx, OTHER, "a")


def test_a_key_can_be_rotated(tx: Transaction) -> None:
    store_secret(tx, KEY, "a", VALUE)
    assert rotate_key(tx, KEY, OTHER) == 1  # nothing is stored for b
    assert resolve(tx, OTHER, "a") == VALUE
    with pytest.raises(CredentialError):
        resolve(tx, KEY, "a")
    with pytest.raises(CredentialError, match="nothing is stored"):
        resolve(tx, OTHER, "b")


def test_with_another_key_everything_stored_is_to_be_stored_again(tx: Transaction) -> None:
    store_secret(tx, KEY, "a", VALUE)
    assert take_key(tx, OTHER) == ["a", "b"]
    assert tx.value("installation.key_id") == OTHER.id
    with pytest.raises(CredentialError, match=f"the key in use is {OTHER.id}"):
        resolve(tx, OTHER, "a")
    store_secret(tx, OTHER, "a", VALUE)
    assert resolve(tx, OTHER, "a") == VALUE


def test_the_program_reads_one_secret_and_never_the_table(database: TestDatabase) -> None:
    with (
        psycopg.connect(database.runtime, autocommit=True) as connection,
        pytest.raises(pg.InsufficientPrivilege),
    ):
        Tables(connection).all("SELECT * FROM vault.secrets")


def test_a_fingerprint_tells_values_apart_and_says_nothing_else(tx: Transaction) -> None:
    store_secret(tx, KEY, "a", VALUE)
    (row, _) = credentials(tx)
    assert row.fingerprint == KEY.fingerprint(VALUE)
    assert KEY.fingerprint(VALUE) != KEY.fingerprint(VALUE + "x")
    assert KEY.fingerprint(VALUE) != OTHER.fingerprint(VALUE)
    assert len(KEY.fingerprint(VALUE)) == 12
    assert not note_fingerprint(tx, KEY, "a", VALUE)
    assert note_fingerprint(tx, KEY, "a", "new value")


def test_values_come_from_the_environment_and_from_files(tx: Transaction, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{VALUE}\n")
    write(tx, Credential("env", environment="TOKEN"))
    write(tx, Credential("file", file=str(file)))
    assert resolve(tx, KEY, "env", {"TOKEN": VALUE}) == VALUE
    assert resolve(tx, KEY, "file") == VALUE
    for environ in ({}, {"TOKEN": ""}):
        with pytest.raises(CredentialError, match="TOKEN is not set, or empty"):
            resolve(tx, KEY, "env", environ)
    file.unlink()
    with pytest.raises(CredentialError, match="cannot be read"):
        resolve(tx, KEY, "file")
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(CredentialError, match="not UTF-8"):
        resolve(tx, KEY, "file")
    with pytest.raises(CredentialError, match="no credential named nobody"):
        resolve(tx, KEY, "nobody")


def test_only_what_is_to_be_stored_is_stored(tx: Transaction) -> None:
    write(tx, Credential("env", environment="TOKEN"))
    for name in ("env", "nobody"):
        with pytest.raises(CredentialError, match="source is `stored`"):
            store_secret(tx, KEY, name, VALUE)
    with pytest.raises(CredentialError, match="empty"):
        store_secret(tx, KEY, "a", "")


def test_no_message_and_no_repr_holds_a_secret(tx: Transaction, tmp_path: Path) -> None:
    assert KEY.secret.hex() not in repr(KEY)
    assert str(KEY.secret) not in repr(KEY)
    nonce, ciphertext = KEY.seal("a", VALUE)
    with pytest.raises(CredentialError) as caught:
        KEY.open("a", nonce, ciphertext[:-1] + b"x")
    assert caught.value.__suppress_context__
    for key in ("c2VjcmV0", "not base64 !", "x"):
        with pytest.raises(ConfigurationError) as refused:
            load_key(tmp_path, {KEY_VARIABLE: key})
        assert key not in str(refused.value).replace(KEY_VARIABLE, "").replace("base64", "").split(":")[0]


def test_a_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    home = tmp_path / "home"
    found: list[Key] = []
    threads = [threading.Thread(target=lambda: found.append(load_key(home, {}))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({key.secret for key in found}) == 1
    assert stat.S_IMODE((home / "key").stat().st_mode) == 0o600
    assert [file.name for file in home.iterdir()] == ["key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    load_key(tmp_path, {})
    (tmp_path / "key").chmod(mode)
    with pytest.raises(ConfigurationError, match="may be read by others"):
        load_key(tmp_path, {})


def test_a_key_in_the_environment_comes_first(tmp_path: Path) -> None:
    text = base64.b64encode(KEY.secret).decode()
    assert load_key(tmp_path, {KEY_VARIABLE: text}) == KEY
    assert not (tmp_path / "key").exists()


def test_secrets_are_read_one_at_a_time_by_name_and_each_read_is_on_record(
    store: Store, database: TestDatabase
) -> None:
    with store.transaction(Actor("test")) as tx:
        for name in "ab":
            write(tx, Credential(name))
            store_secret(tx, KEY, name, VALUE)
    with store.transaction(Actor("grace")) as tx:
        assert resolve(tx, KEY, "a") == VALUE
    with psycopg.connect(database.runtime, autocommit=True) as connection:
        for every in (
            "SELECT * FROM provider_credentials AS c, vault.read_secret(c.name)",
            "SELECT * FROM vault.read_secret('a') AS x, vault.read_secret('b') AS y",
        ):
            with pytest.raises(psycopg.Error, match="one secret"):
                connection.execute(every)
        for forbidden in ("SELECT * FROM vault.secrets", "DELETE FROM vault.secret_reads"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden)
    with psycopg.connect(database.admin) as connection:
        reads = connection.execute("SELECT actor, db_user FROM vault.secret_reads").fetchall()
    assert [actor for actor, _ in reads] == ["grace"]
