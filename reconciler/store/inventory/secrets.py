"""Secrets: found where their credential says, or kept encrypted in the database's vault.

How they are encrypted is the business of `keys`, how they are read that of `vault`. No value is ever part of
a message, a repr or an exception; what may be shown is the fingerprint, a keyed hash that tells whether two
values are the same and nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reconciler.errors import CredentialError
from reconciler.store.database.session import Transaction
from reconciler.store.inventory.keys import Key, Place, seal
from reconciler.store.inventory.vault import Vault

MAX_SECRET_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a credential's value is: in a variable, in a file, or else in the vault."""

    name: str
    environment_variable: str | None
    file_path: str | None

    def value(self, vault: Vault, environ: Mapping[str, str] = os.environ) -> str:
        """The value that is there now. Raises CredentialError, which never holds it."""
        if self.environment_variable is not None:
            if value := environ.get(self.environment_variable):
                return value
            raise CredentialError(
                f"credential {self.name}: the environment variable {self.environment_variable} is not set, or"
                " empty",
                hint=f"Set {self.environment_variable} where reconciler runs.",
            )
        if self.file_path is not None:
            return _read_secret_file(self.name, Path(self.file_path))
        return vault.read(self.name)


def whereabouts(tx: Transaction, name: str) -> Whereabouts:
    """Where its row says that a credential's value is. Raises CredentialError where there is no such row."""
    row = tx.row("inventory.credential", name=name)
    if row is None:
        raise CredentialError(f"there is no credential named {name}", hint="Declare it in a manifest first.")
    return Whereabouts(name, row.environment_variable, row.file_path)


def resolve(tx: Transaction, vault: Vault, name: str, environ: Mapping[str, str] = os.environ) -> str:
    """A credential's value, from where its row says. Raises CredentialError, which never holds the value.

    What the vault keeps is read beside `tx`, on another connection, because `tx` may be undone and the record
    of the read may not. The value's fingerprint is not written down: see `note_fingerprint`.
    """
    return whereabouts(tx, name).value(vault, environ)


def note_fingerprint(tx: Transaction, key: Key, name: str, value: str) -> bool:
    """Writes down the fingerprint of a value that was seen; True if it is another than before."""
    return bool(tx.execute("inventory.set_fingerprint", name=name, fingerprint=key.fingerprint(value)))


def note_expiry(tx: Transaction, name: str, at: datetime | None) -> bool:
    """Writes down when the present value expires; None: it is not known to. True if that is news."""
    return bool(tx.execute("inventory.set_value_expiry", name=name, expires_at=at))


def stored_id(tx: Transaction, name: str) -> int:
    """The row id of a credential that the vault keeps. Raises CredentialError where it is no such one."""
    row = tx.row("inventory.credential", name=name)
    if row is None or row.source != "stored":
        raise CredentialError(
            f"there is no credential {name} whose source is `stored`", hint="Declare it in a manifest first."
        )
    return int(row.id)


def store_secret(
    tx: Transaction, vault: Vault, name: str, value: str, expires_at: datetime | None = None
) -> None:
    """Encrypts a value into the vault, with a new data key.

    Raises CredentialError where `stored_id` does, if it is empty, and if somebody else stores one meanwhile.
    """
    credential_id = stored_id(tx, name)
    if not value:
        raise CredentialError(f"credential {name}: an empty value is not stored")
    version = tx.value("secrets.next_version", credential_id=credential_id)
    master = vault.ring.current
    sealed = seal(master, Place(vault.installation, credential_id, name, version), value)
    written = tx.value(
        "secrets.write",
        credential_id=credential_id,
        key_version=version,
        nonce=sealed.value.nonce,
        ciphertext=sealed.value.ciphertext,
        master_key_id=master.id,
        key_nonce=sealed.key.nonce,
        wrapped_key=sealed.key.ciphertext,
    )
    if not written:
        raise CredentialError(
            f"credential {name}: another value was stored at the same moment",
            hint="Look who did it, and set it again.",
        )
    note_fingerprint(tx, vault.key, name, value)
    note_expiry(tx, name, expires_at)


def _read_secret_file(name: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SECRET_BYTES + 1)
    except OSError as error:
        raise CredentialError(
            f"credential {name}: its file {path} cannot be read: {error.strerror}",
            hint="Correct the path, or the file's permissions.",
        ) from None
    if len(content) > MAX_SECRET_BYTES:
        raise CredentialError(f"credential {name}: its file {path} is larger than {MAX_SECRET_BYTES} bytes")
    try:
        value = content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise CredentialError(f"credential {name}: its file {path} is not UTF-8 text") from None
    if not value:
        raise CredentialError(f"credential {name}: its file {path} is empty")
    return value
