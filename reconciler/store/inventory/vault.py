"""The vault of a database, with the keys that open it: reading a secret, and changing the master key.

Each read is on record before its ciphertext is given, in a transaction of its own, so that nothing which is
undone later hides it. A change of the master key decrypts no secret: it wraps the data keys anew.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from reconciler.errors import ConfigurationError, CredentialError
from reconciler.store.database.session import Actor, Row, Store, Transaction
from reconciler.store.inventory.key_sources import KEY_VARIABLE, KeySource, create_file
from reconciler.store.inventory.keys import (
    Envelope,
    Key,
    Keyring,
    MasterKey,
    Place,
    Sealed,
    Unopenable,
    open_sealed,
)

BATCH = 100
"""Data keys wrapped anew in one transaction."""
_LOST = (
    f"Put that key back, from a backup, behind the present one if there is one, or in {KEY_VARIABLE}. If it "
    "is lost for good: reconciler credentials rewrap --lost, and then set each stored credential again."
)


class NothingStored(CredentialError):
    """A credential is to be in the vault, and nobody has put a value there yet."""


@dataclass(slots=True)
class Vault:
    """The database's vault, with the keys that open it. Safe to share between threads.

    `key` makes fingerprints. `foreign` names the master key of the database's own, if that could not be
    unwrapped here: then `key` is this home's, and its fingerprints and approvals are worth nothing to others.
    """

    store: Store
    source: KeySource
    ring: Keyring
    installation: UUID
    key: Key
    actor: str
    foreign: str | None = None

    def require_own(self) -> None:
        """Raises ConfigurationError where the master key here is not this database's."""
        if self.foreign is not None:
            raise ConfigurationError(
                f"this database's secrets and approvals are kept with the key {self.foreign}, and"
                f" {self.ring.where} holds {_ids(self.ring)}",
                hint=f"Give that key here, in {KEY_VARIABLE} or the key file.",
            )

    def reload(self) -> None:
        """The master keys as they are there now: somebody may have been asked for something meanwhile."""
        self.ring = self.source.load()

    def read(self, name: str) -> str:
        """A stored value; who reads it is committed before. Raises CredentialError, without the value."""
        actor = Actor(self.actor, "use of a credential", "maintenance")
        with self.store.transaction(actor) as tx:
            asked = tx.value("secrets.ask", name=name)
        if asked is None:
            raise NothingStored(
                f"credential {name}: nothing is stored for it",
                hint=f"Store it: reconciler credentials set {name}",
            )
        with self.store.transaction(actor) as tx:
            row = tx.row("secrets.read", read=asked)
        if row is None:
            raise CredentialError(f"credential {name}: its secret is gone", hint="Look what removed it.")
        place = Place(self.installation, row.credential_id, name, row.key_version)
        key = Sealed(row.key_nonce, row.wrapped_key)
        envelope = Envelope(Sealed(row.nonce, row.ciphertext), row.master_key_id, key)
        try:
            return open_sealed(self._master(name, row.master_key_id), place, envelope)
        except Unopenable:
            raise CredentialError(
                f"credential {name}: what is stored was damaged, or is another credential's",
                hint=f"Store it again: reconciler credentials set {name}",
            ) from None

    def _master(self, name: str, key_id: str) -> MasterKey:
        """The master key of an id. A source is asked again for one that is new: it may have come since."""
        if (key := self.ring.find(key_id)) is None:
            self.ring = self.source.load()
            key = self.ring.find(key_id)
        if key is None:
            raise CredentialError(
                f"credential {name}: it is encrypted with the key {key_id}, and {self.ring.where} holds"
                f" {_ids(self.ring)}",
                hint="Put that key there too, behind the present one, or store the credential again.",
            )
        return key


def open_vault(store: Store, source: KeySource, actor: str, *, particular: bool) -> Vault:
    """The vault of a database. Its installation's key is made on first use.

    `particular`: raise ConfigurationError where the database was used with another master key, or with one
    that is not here; else it is `foreign` then. With another key no stored secret could be read, and every
    fingerprint would say that its secret has changed.
    """
    with store.read() as tx:
        installation: UUID = tx.value("installation.uid")
        row = tx.row("secrets.installation_key")
    if source.path is not None and not source.path.exists():
        if row is not None and particular:
            raise ConfigurationError(
                f"the key {row.master_key_id}, with which this database's secrets are kept, is not in"
                f" {source.where}",
                hint=_LOST,
            )
        create_file(source.path)
    ring = source.load()
    if row is None:
        row = _first_use(store, ring.current, installation, actor)
    master = ring.find(row.master_key_id)
    if master is None:
        if particular:
            raise ConfigurationError(
                f"{ring.where} holds the key {_ids(ring)}, not this database's: it is encrypted with the key"
                f" {row.master_key_id}",
                hint=_LOST,
            )
        return Vault(store, source, ring, installation, Key(ring.current.secret), actor, row.master_key_id)
    key = _unwrapped(master, row, installation)
    return Vault(store, source, ring, installation, key, actor)


def closed_vault(store: Store, actor: str) -> Vault:
    """What stands for the vault where the database user may not use it: nothing in it can be opened."""
    with store.read() as tx:
        installation: UUID = tx.value("installation.uid")
    nowhere = KeySource("nothing", lambda: "")
    return Vault(store, nowhere, Keyring((), nowhere.where), installation, Key.new(), actor, "the program's")


def key_in_use(store: Store) -> str | None:
    """The id of the master key that the database was used with last, None where it has none yet."""
    with store.read() as tx:
        row = tx.row("secrets.installation_key")
    return None if row is None else str(row.master_key_id)


def open_without_key(store: Store, source: KeySource, actor: str) -> Vault:
    """The vault for `take_key`: whatever the database was used with, the key that is here, or a new one."""
    if source.path is not None:
        create_file(source.path)
    with store.read() as tx:
        installation: UUID = tx.value("installation.uid")
    return Vault(store, source, source.load(), installation, Key.new(), actor)


@dataclass(slots=True)
class Rewrapped:
    """What came of wrapping anew: how many, and which could not be, each with the key that it is under."""

    done: int = 0
    left: list[tuple[str, str]] = field(default_factory=list)


def rewrap(vault: Vault, actor: Actor, batch: int = BATCH) -> Rewrapped:
    """Wrap every data key with the present master key; no secret is decrypted on the way.

    A transaction for each `batch`, and the installation's key last. Whatever a crash leaves can be read as
    before with both keys at hand, and the next run goes on with it. What cannot be unwrapped is `left`.
    """
    result = _rewrap_all(vault, actor, batch)
    with vault.store.transaction(actor) as tx:
        row = tx.row("secrets.installation_key")
        if row is not None and row.master_key_id != vault.ring.current.id:
            _put_installation_key(tx, vault, row.master_key_id)
    # What was stored behind the first pass, by who had read the keys before it.
    late = _rewrap_all(vault, actor, batch)
    return Rewrapped(result.done + late.done, late.left)


def _rewrap_all(vault: Vault, actor: Actor, batch: int) -> Rewrapped:
    result = Rewrapped()
    for rows in _wrapped_otherwise(vault, batch):
        with vault.store.transaction(actor) as tx:
            for row in rows:
                _rewrap_one(tx, vault, row, result)
    return result


def take_key(vault: Vault, actor: Actor) -> list[str]:
    """Use a vault's present master key, and its new key of the installation, though those before are lost.

    Open approvals end with that, and every secret looks like another one. Gives what is to be stored again.
    Raises ConfigurationError where the one before is here.
    """
    with vault.store.transaction(actor) as tx:
        row = tx.row("secrets.installation_key")
        if row is not None:
            _require_lost(vault, row)
        _put_installation_key(tx, vault, row.master_key_id if row is not None else None)
        return [each.name for each in tx.rows("secrets.stored")]


def _require_lost(vault: Vault, row: Row) -> None:
    """A damaged one of the installation is as good as lost: what unwraps it is of no use then."""
    if (master := vault.ring.find(row.master_key_id)) is None:
        return
    with contextlib.suppress(Unopenable):
        master.unwrap_installation_key(Sealed(row.key_nonce, row.wrapped_key), vault.installation)
        raise ConfigurationError(
            f"the master key {row.master_key_id} is not lost: {vault.ring.where} has it",
            hint="For another key: reconciler credentials rewrap --new-key",
        )


def _first_use(store: Store, master: MasterKey, installation: UUID, actor: str) -> Row:
    """Make the installation's key, unless another process was faster; gives what is there then."""
    sealed = master.wrap_installation_key(Key.new(), installation)
    with store.transaction(Actor(actor, "key of the installation", "maintenance")) as tx:
        _write_installation_key(tx, None, master.id, sealed)
        return tx.row("secrets.installation_key")


def _put_installation_key(tx: Transaction, vault: Vault, instead_of: str | None) -> None:
    master = vault.ring.current
    sealed = master.wrap_installation_key(vault.key, vault.installation)
    if not _write_installation_key(tx, instead_of, master.id, sealed):
        raise CredentialError("another process changed the master key meanwhile", hint="Run it again.")


def _write_installation_key(tx: Transaction, instead_of: str | None, key_id: str, sealed: Sealed) -> bool:
    written = tx.value(
        "secrets.put_installation_key",
        from_key=instead_of,
        to_key=key_id,
        key_nonce=sealed.nonce,
        wrapped_key=sealed.ciphertext,
    )
    if written:
        tx.execute("installation.set_key_id", key_id=key_id)
    return bool(written)


def _unwrapped(master: MasterKey, row: Row, installation: UUID) -> Key:
    try:
        return master.unwrap_installation_key(Sealed(row.key_nonce, row.wrapped_key), installation)
    except Unopenable:
        raise ConfigurationError(
            "this installation's key, which the database keeps encrypted, was damaged",
            hint="Restore vault.installation_key from a backup, or: reconciler credentials rewrap --lost",
        ) from None


def _wrapped_otherwise(vault: Vault, batch: int) -> Iterator[list[Row]]:
    after = 0
    while True:
        with vault.store.read() as tx:
            rows = tx.rows("secrets.wrapped_otherwise", not_by=vault.ring.current.id, after=after, most=batch)
        if not rows:
            return
        after = rows[-1].credential_id
        yield rows


def _rewrap_one(tx: Transaction, vault: Vault, row: Row, result: Rewrapped) -> None:
    old, new = vault.ring.find(row.master_key_id), vault.ring.current
    if old is None:
        result.left.append((row.name, row.master_key_id))
        return
    place = Place(vault.installation, row.credential_id, row.name, row.key_version)
    try:
        sealed = new.wrap(old.unwrap(Sealed(row.key_nonce, row.wrapped_key), place), place)
    except Unopenable:
        result.left.append((row.name, row.master_key_id))
        return
    # None where somebody stored another value meanwhile: that one is wrapped already.
    result.done += bool(
        tx.value(
            "secrets.rewrap",
            credential_id=row.credential_id,
            key_version=row.key_version,
            from_key=old.id,
            to_key=new.id,
            key_nonce=sealed.nonce,
            wrapped_key=sealed.ciphertext,
        )
    )


def _ids(ring: Keyring) -> str:
    return ", ".join(key.id for key in ring.keys)
