"""What is in the vault opens only where it stands, each read is on record, and the master key can change."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from reconciler.cli.handlers import credentials as storing
from reconciler.cli.handlers import logins
from reconciler.cli.handlers import rewrap as rewrapping
from reconciler.cli.handlers.opening import opened_vault
from reconciler.cli.settings import Settings
from reconciler.errors import ConfigurationError, CredentialError, DatabaseError
from reconciler.model.inventory import Credential
from reconciler.store.database.session import Actor, Store, Transaction
from reconciler.store.inventory import key_sources
from reconciler.store.inventory import vault as vaults
from reconciler.store.inventory.key_sources import put_first, source_of
from reconciler.store.inventory.keys import Key, MasterKey
from reconciler.store.inventory.rows import write
from reconciler.store.inventory.secrets import resolve, store_secret
from reconciler.store.inventory.vault import Vault, open_vault, open_without_key, rewrap, take_key
from tests.rigs.databases import TestDatabase
from tests.rigs.tables import Tables
from tests.rigs.vaults import FIRST, SECOND, THIRD, vault_of

ME = Actor("grace")


@pytest.fixture
def vault(store: Store) -> Vault:
    """With a secret for each of a, b and c."""
    vault = vault_of(store)
    with store.transaction(Actor("test")) as tx:
        for name in "abc":
            write(tx, Credential(name))
            store_secret(tx, vault, name, f"value of {name}")
    return vault


@pytest.fixture
def sql(database: TestDatabase) -> Iterator[Tables]:
    """As somebody who may change every table."""
    with psycopg.connect(database.admin, autocommit=True) as connection:
        yield Tables(connection)


def refused(vault: Vault, name: str) -> bool:
    with pytest.raises(CredentialError, match="was damaged, or is another credential's"):
        vault.read(name)
    return True


# -- bound to its place ---------------------------------------------------------------------------------

WHOLE = "key_version, nonce, ciphertext, master_key_id, key_nonce, wrapped_key"
MOVES = {
    "the ciphertext": ("nonce", "ciphertext"),
    "the wrapped key": ("key_nonce", "wrapped_key"),
    "both": ("nonce", "ciphertext", "key_nonce", "wrapped_key"),
}


@pytest.mark.every_server
@pytest.mark.parametrize("columns", MOVES.values(), ids=MOVES)
def test_what_is_moved_to_another_row_does_not_decrypt(
    vault: Vault, sql: Tables, columns: tuple[str, ...]
) -> None:
    pairs = ", ".join(f"{column} = a.{column}" for column in columns)
    sql.run(
        f"UPDATE vault.secrets AS b SET {pairs} FROM vault.secrets AS a"  # noqa: S608
        " WHERE a.credential_id = (SELECT id FROM provider_credentials WHERE name = 'a')"
        " AND b.credential_id = (SELECT id FROM provider_credentials WHERE name = 'b')"
    )
    assert refused(vault, "b")
    assert vault.read("a") == "value of a"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE vault.secrets SET key_version = key_version + 1",
        "UPDATE vault.secrets SET ciphertext = set_byte(ciphertext, 0, get_byte(ciphertext, 0) # 1)",
        "UPDATE vault.secrets SET wrapped_key = set_byte(wrapped_key, 47, get_byte(wrapped_key, 47) # 1)",
        "UPDATE vault.secrets SET nonce = key_nonce, ciphertext = wrapped_key",
        "UPDATE installation SET uid = gen_random_uuid()",
    ],
)
def test_another_version_a_changed_bit_or_installation_does_not_decrypt(
    vault: Vault, sql: Tables, change: str
) -> None:
    sql.run(change)
    if "installation" in change:
        with pytest.raises(ConfigurationError, match="was damaged"):
            vault_of(vault.store)
        with vault.store.read() as tx:
            vault.installation = tx.value("installation.uid")
    assert refused(vault, "a")


def test_a_credential_that_is_renamed_to_anothers_name_does_not_give_its_secret(
    vault: Vault, sql: Tables
) -> None:
    sql.run("UPDATE provider_credentials SET name = 'x' WHERE name = 'a'")
    sql.run("UPDATE provider_credentials SET name = 'a' WHERE name = 'b'")
    assert refused(vault, "a")


def test_the_secret_of_a_removed_credential_is_not_that_of_a_later_one_of_its_name(
    vault: Vault, sql: Tables
) -> None:
    sql.run("UPDATE provider_credentials SET deleted_at = now() WHERE name = 'a'")
    with vault.store.transaction(ME) as tx:
        write(tx, Credential("a"))
        store_secret(tx, vault, "a", "the later one's")
    sql.run(
        f"UPDATE vault.secrets AS n SET ({WHOLE}) = (SELECT {WHOLE} FROM vault.secrets AS o"  # noqa: S608
        " WHERE o.credential_id = (SELECT min(id) FROM provider_credentials WHERE name = 'a'))"
        " WHERE n.credential_id = (SELECT max(id) FROM provider_credentials WHERE name = 'a')"
    )
    assert refused(vault, "a")


# -- on record ------------------------------------------------------------------------------------------

READS = (
    "SELECT c.name, r.actor, r.db_user, r.given_at IS NOT NULL FROM vault.secret_reads AS r"
    " JOIN provider_credentials AS c ON c.id = r.credential_id ORDER BY r.id"
)


def test_a_read_stays_on_record_though_the_transaction_around_it_is_undone(vault: Vault, sql: Tables) -> None:
    reader = vault_of(vault.store)
    reader.actor = "grace"
    with vault.store.rehearsal(ME) as tx:
        assert resolve(tx, reader, "a") == "value of a"
    with suppress(ZeroDivisionError), vault.store.transaction(ME) as tx:
        resolve(tx, reader, "b")
        raise ZeroDivisionError
    assert sql.all(READS) == [
        ("a", "grace", "reconciler_runtime", True),
        ("b", "grace", "reconciler_runtime", True),
    ]


@pytest.mark.every_server
def test_no_ciphertext_is_given_before_the_record_of_it_is_committed(vault: Vault, sql: Tables) -> None:
    with pytest.raises(DatabaseError, match="no committed record"), vault.store.transaction(ME) as tx:
        tx.row("secrets.read", read=tx.value("secrets.ask", name="a"))
    assert sql.all(READS) == []

    def asked() -> int:
        with vault.store.transaction(ME) as tx:
            return int(tx.value("secrets.ask", name="a"))

    first, second = asked(), asked()
    with vault.store.transaction(ME) as tx:
        assert tx.row("secrets.read", read=first)
    with vault.store.rehearsal(ME) as tx:
        assert tx.row("secrets.read", read=second)
    for number in (first, second + 1):
        with pytest.raises(DatabaseError, match="no committed record"), vault.store.transaction(ME) as tx:
            tx.row("secrets.read", read=number)
    # The second was given to what was undone: that it was asked for stays.
    assert [given for *_, given in sql.all(READS)] == [True, False]
    sql.run("UPDATE vault.secret_reads SET asked_at = now() - interval '2 minutes' WHERE given_at IS NULL")
    with pytest.raises(DatabaseError, match="no committed record"), vault.store.transaction(ME) as tx:
        tx.row("secrets.read", read=second)


def test_one_statement_reads_one_secret(vault: Vault, database: TestDatabase) -> None:
    with psycopg.connect(database.runtime, autocommit=True) as connection:
        tables = Tables(connection)
        for every in (
            "SELECT vault.ask_for_secret(c.name) FROM provider_credentials AS c",
            "SELECT vault.ask_for_secret('a'), vault.ask_for_secret('b')",
        ):
            with pytest.raises(psycopg.Error, match="one secret"):
                tables.all(every)
        numbers: list[Any] = [tables.all(f"SELECT vault.ask_for_secret('{name}')")[0][0] for name in "ab"]
        with pytest.raises(psycopg.Error, match="one secret"):
            connection.execute("SELECT vault.read_secret(%s), vault.read_secret(%s)", numbers)


# -- another master key ---------------------------------------------------------------------------------

KEYS = "SELECT credential_id, master_key_id FROM vault.secrets"


@pytest.mark.every_server
def test_a_new_master_key_wraps_every_data_key_and_decrypts_no_secret(vault: Vault, sql: Tables) -> None:
    ciphertexts = sql.all("SELECT nonce, ciphertext FROM vault.secrets ORDER BY credential_id")
    between = vault_of(vault.store, [SECOND, FIRST])
    assert between.read("a") == "value of a"
    assert (rewrap(between, ME).done, rewrap(between, ME).done) == (3, 0)
    assert sql.all("SELECT nonce, ciphertext FROM vault.secrets ORDER BY credential_id") == ciphertexts
    # Only the read above is on record.
    assert [name for name, *_ in sql.all(READS)] == ["a"]
    assert sql.all(
        "SELECT action, actor, master_key_id, count(*) FROM vault.secret_changes GROUP BY 1, 2, 3 ORDER BY 1"
    ) == [("rewrapped", "grace", SECOND.id, 3), ("stored", "test", FIRST.id, 3)]

    after = vault_of(vault.store, [SECOND])
    assert after.key == vault.key  # so fingerprints and approvals hold
    assert [after.read(name) for name in "abc"] == [f"value of {name}" for name in "abc"]
    assert sql.all(
        "SELECT h.key_id FROM installation_history AS h JOIN changesets AS c ON c.id = h.changeset_id"
        " WHERE c.actor = 'grace'"
    ) == [(SECOND.id,)]
    with pytest.raises(ConfigurationError, match=f"encrypted with the key {SECOND.id}"):
        vault_of(vault.store, [FIRST])
    with pytest.raises(CredentialError, match=f"encrypted with the key {SECOND.id}.* holds {FIRST.id}"):
        vault.read("a")


@pytest.mark.parametrize("after", range(4))
def test_a_rewrap_that_is_cut_off_anywhere_is_finished_by_the_next(
    vault: Vault, sql: Tables, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    between = vault_of(vault.store, [SECOND, FIRST])
    commits, put = iter(range(3)), vaults._rewrap_one

    def cut_off(tx: Transaction, *rest: Any) -> None:
        put(tx, *rest)
        if next(commits) == after:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(vaults, "_rewrap_one", cut_off)
        if after < 3:
            with pytest.raises(KeyboardInterrupt):
                rewrap(between, ME, batch=1)
        else:  # after the last of them, before the installation's key
            patch.setattr(vaults, "_put_installation_key", cut_off_at_the_end)
            with pytest.raises(KeyboardInterrupt):
                rewrap(between, ME, batch=1)
    done = sum(key == SECOND.id for _, key in sql.all(KEYS))
    assert done == after
    assert [between.read(name) for name in "abc"] == [f"value of {name}" for name in "abc"]
    again = vault_of(vault.store, [SECOND, FIRST])
    assert rewrap(again, ME).done == 3 - done
    assert {key for _, key in sql.all(KEYS)} == {SECOND.id}
    assert vault_of(vault.store, [SECOND]).read("a") == "value of a"


def cut_off_at_the_end(*_: Any) -> None:
    raise KeyboardInterrupt


def test_it_takes_a_bounded_transaction_for_each_batch(vault: Vault, sql: Tables) -> None:
    with vault.store.transaction(Actor("test")) as tx:
        for number in range(7):
            write(tx, Credential(f"n{number}"))
            store_secret(tx, vault, f"n{number}", "x")
    assert rewrap(vault_of(vault.store, [SECOND, FIRST]), ME, batch=4).done == 10
    sizes = sql.all("SELECT count(*) FROM vault.secrets GROUP BY xmin ORDER BY 1")
    assert sizes == [(2,), (4,), (4,)]


def test_what_is_stored_meanwhile_is_not_put_back(vault: Vault) -> None:
    between = vault_of(vault.store, [SECOND, FIRST])
    batches = vaults._wrapped_otherwise(between, 10)
    rows = next(batches)
    with vault.store.transaction(ME) as tx:
        store_secret(tx, between, "a", "another")
    result = vaults.Rewrapped()
    with vault.store.transaction(ME) as tx:
        for row in rows:
            vaults._rewrap_one(tx, between, row, result)
    assert (result.done, result.left) == (2, [])
    assert vault_of(vault.store, [SECOND, FIRST]).read("a") == "another"


def test_what_cannot_be_unwrapped_is_left_and_named_and_the_rest_is_done(vault: Vault, sql: Tables) -> None:
    with vault.store.transaction(ME) as tx:
        store_secret(tx, vault_of(vault.store, [THIRD, FIRST]), "b", "under a third")
    sql.run(
        "UPDATE vault.secrets SET wrapped_key = key_nonce || key_nonce || key_nonce || key_nonce"
        " WHERE credential_id = (SELECT id FROM provider_credentials WHERE name = 'c')"
    )
    result = rewrap(vault_of(vault.store, [SECOND, FIRST]), ME)
    assert (result.done, result.left) == (1, [("b", THIRD.id), ("c", FIRST.id)])


def test_a_key_that_came_since_is_asked_for(vault: Vault, tmp_path: Path) -> None:
    path = tmp_path / "key"
    source = source_of(tmp_path, {})
    put_first(path, vault.ring, FIRST)
    daemon = open_vault(vault.store, source, "daemon", particular=True)
    assert rewrap(vault_of(vault.store, [SECOND, FIRST]), ME).done == 3
    with pytest.raises(CredentialError, match=f"encrypted with the key {SECOND.id}"):
        daemon.read("a")
    put_first(path, daemon.ring, SECOND)
    assert daemon.read("a") == "value of a"


def test_a_home_with_another_key_is_told_where_it_matters(vault: Vault) -> None:
    with pytest.raises(ConfigurationError, match=f"holds the key {SECOND.id}, not this database's"):
        vault_of(vault.store, [SECOND])
    other = vault_of(vault.store, [SECOND], particular=False)
    assert other.foreign == FIRST.id
    assert other.key != vault.key
    with pytest.raises(ConfigurationError, match=f"kept with the key {FIRST.id}"):
        other.require_own()
    vault.require_own()


def test_with_a_lost_key_everything_stored_is_to_be_stored_again(vault: Vault, tmp_path: Path) -> None:
    new = open_without_key(vault.store, source_of(tmp_path, {}), "test")
    assert take_key(new, ME) == ["a", "b", "c"]
    assert new.key != vault.key
    again = open_vault(vault.store, source_of(tmp_path, {}), "test", particular=True)
    assert again.key == new.key
    with pytest.raises(CredentialError, match=f"encrypted with the key {FIRST.id}"):
        again.read("a")
    with vault.store.transaction(ME) as tx:
        store_secret(tx, again, "a", "anew")
    assert again.read("a") == "anew"


def test_a_key_that_is_there_is_not_lost(vault: Vault, sql: Tables, tmp_path: Path) -> None:
    source = source_of(tmp_path, {})
    put_first(tmp_path / "key", vault.ring, SECOND)  # the database's own is behind it
    with pytest.raises(
        ConfigurationError, match=f"the master key {FIRST.id} is not lost: .*/key has it"
    ) as told:
        take_key(open_without_key(vault.store, source, "test"), ME)
    assert "reconciler credentials rewrap --new-key" in str(told.value.hint)
    assert vaults.key_in_use(vault.store) == FIRST.id
    assert vault_of(vault.store).read("a") == "value of a"
    # What it should open was damaged: then it is of no use.
    sql.run(
        "UPDATE vault.installation_key"
        " SET wrapped_key = set_byte(wrapped_key, 0, get_byte(wrapped_key, 0) # 1)"
    )
    assert take_key(open_without_key(vault.store, source, "test"), ME) == ["a", "b", "c"]
    assert vaults.key_in_use(vault.store) == SECOND.id


# -- while others are at it -----------------------------------------------------------------------------


@pytest.fixture
def settings(vault: Vault, database: TestDatabase, tmp_path: Path) -> Settings:
    """Of a home whose file has the vault's key."""
    put_first(tmp_path / "key", vault.ring, FIRST)
    return Settings(tmp_path, database.runtime, actor="grace")


def test_two_new_keys_at_once_come_one_after_the_other_and_none_is_lost(
    settings: Settings, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Barrier(2)
    made: list[str] = []

    @contextmanager
    def opened_by_both(settings: Settings) -> Iterator[Vault]:
        with opened_vault(settings) as each:
            begun.wait(timeout=60)  # both have read the key file
            yield each

    def new_key() -> MasterKey:
        key = key_sources.new_key()
        made.append(key.id)
        return key

    monkeypatch.setattr(rewrapping, "opened_vault", opened_by_both)
    monkeypatch.setattr(rewrapping, "new_key", new_key)
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(rewrapping.rewrap, settings, with_new_key=True) for _ in range(2)]
        assert [run.result() for run in runs] == [0, 0]
    found = open_vault(vault.store, source_of(settings.home, {}), "test", particular=True)
    assert [key.id for key in found.ring.keys] == [made[1]]
    assert [found.read(name) for name in "abc"] == [f"value of {name}" for name in "abc"]
    assert {file.name for file in settings.home.glob("key*")} == {"key", f"key-{FIRST.id}", f"key-{made[0]}"}


@pytest.mark.parametrize("command", ["set", "rotate"])
def test_a_secret_is_stored_under_the_key_that_there_is_when_it_was_typed(
    settings: Settings, vault: Vault, sql: Tables, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    def typed(_: str) -> str:
        assert rewrapping.rewrap(settings, with_new_key=True) == 0
        return "typed meanwhile"

    monkeypatch.setattr(storing if command == "set" else logins, "secret", typed)
    if command == "set":
        storing.put(settings, "a", None)
    else:
        assert logins.rotate(settings, "a", None, tried=False) == 0
    found = open_vault(vault.store, source_of(settings.home, {}), "test", particular=True)
    assert (len(found.ring.keys), found.read("a")) == (1, "typed meanwhile")
    assert {key for _, key in sql.all(KEYS)} == {found.ring.current.id}


def test_what_was_stored_behind_a_rewrap_is_wrapped_anew_by_its_second_pass(
    vault: Vault, sql: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = vaults._put_installation_key

    def put_and_store(tx: Transaction, *rest: Any) -> None:
        put(tx, *rest)
        with vault.store.transaction(ME) as other:
            store_secret(other, vault, "a", "by who read the keys before")

    monkeypatch.setattr(vaults, "_put_installation_key", put_and_store)
    result = rewrap(vault_of(vault.store, [SECOND, FIRST]), ME)
    assert (result.done, result.left) == (4, [])
    assert {key for _, key in sql.all(KEYS)} == {SECOND.id}
    assert vault_of(vault.store, [SECOND]).read("a") == "by who read the keys before"


def test_a_new_key_is_not_made_where_there_are_several_and_that_is_said(
    settings: Settings, vault: Vault, capsys: pytest.CaptureFixture[str]
) -> None:
    put_first(settings.home / "key", vault.ring, SECOND)
    assert rewrapping.rewrap(settings, with_new_key=True) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "no new key was made" in said
    assert f"makes {SECOND.id} the only one" in said
    assert "run it again: reconciler credentials rewrap --new-key" in said
    assert source_of(settings.home, {}).load().keys == (SECOND,)
    assert rewrapping.rewrap(settings, with_new_key=True) == 0
    assert "no new key was made" not in capsys.readouterr().err
    assert SECOND not in source_of(settings.home, {}).load().keys


def test_the_installations_key_is_made_once_however_many_begin_at_once(store: Store, sql: Tables) -> None:
    first, second = vault_of(store), vault_of(store)
    assert first.key == second.key
    sealed = FIRST.wrap_installation_key(Key.new(), first.installation)
    with store.transaction(ME) as tx:
        assert not vaults._write_installation_key(tx, None, FIRST.id, sealed)
    assert vault_of(store).key == first.key
    assert sql.all("SELECT count(*) FROM vault.installation_key") == [(1,)]
