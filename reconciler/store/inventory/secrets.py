"""Secrets: found where their credential says, or kept encrypted in the database's vault.

AES-256-GCM under a key that is never in the database; each ciphertext is bound to its credential's name, so
that one cannot be passed off as another. No value is ever part of a message, a repr or an exception; what may
be shown is the fingerprint, a keyed hash that tells whether two values are the same and nothing else.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from reconciler.errors import ConfigurationError, CredentialError
from reconciler.store.database.home import KEY_FILE
from reconciler.store.database.session import Transaction

KEY_VARIABLE = "RECONCILER_KEY"
KEY_BYTES = 32
NONCE_BYTES = 12
FINGERPRINT_DIGITS = 12
MAX_SECRET_BYTES = 1 << 20
_LOST = (
    f"Put that key back, from a backup or in {KEY_VARIABLE}. If it is lost for good: "
    "reconciler credentials rotate-key --lost, and then set each stored credential again."
)


@dataclass(frozen=True, slots=True)
class Key:
    """The key of an installation. Its bytes are never shown; `id` names it beside what it encrypts."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise ConfigurationError(f"a key has {KEY_BYTES} bytes, and this one {len(self.secret)}")

    @property
    def id(self) -> str:
        """16 hexadecimal digits that name the key and give nothing of it away."""
        return self._derived("id", b"")[:16]

    def fingerprint(self, value: str) -> str:
        """12 hexadecimal digits that are the same for the same value, and of no use without the key."""
        return self._derived("fingerprint", value.encode())[:FINGERPRINT_DIGITS]

    def approval_mac(self, content: bytes) -> bytes:
        """32 bytes that only a holder of the key can make: what an approval counts by."""
        return bytes.fromhex(self._derived("approval", content))

    def seal(self, name: str, value: str) -> tuple[bytes, bytes]:
        """(nonce, ciphertext) of a credential's value."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce, self._cipher().encrypt(nonce, value.encode(), self._bound_to(name))

    def open(self, name: str, nonce: bytes, ciphertext: bytes) -> str:
        """The value. Raises CredentialError where it was not sealed with this key for this credential."""
        try:
            return self._cipher().decrypt(nonce, ciphertext, self._bound_to(name)).decode()
        except InvalidTag:
            raise CredentialError(
                f"credential {name}: what is stored was damaged, or is another credential's",
                hint=f"Store it again: reconciler credentials set {name}",
            ) from None

    def _cipher(self) -> AESGCM:
        return AESGCM(bytes.fromhex(self._derived("encryption", b"")))

    def _bound_to(self, name: str) -> bytes:
        return f"reconciler credential {name}".encode()

    def _derived(self, purpose: str, value: bytes) -> str:
        # One key for each purpose, so that what one of them gives away says nothing of another.
        key = hmac.digest(self.secret, purpose.encode(), hashlib.sha256)
        return hmac.new(key, value, hashlib.sha256).hexdigest()


def load_key(home: Path, environ: Mapping[str, str] = os.environ) -> Key:
    """The key from RECONCILER_KEY (base64 of 32 bytes), else from the file `key` in `home`.

    The file is made on first use.

    Raises ConfigurationError where the key is malformed, or where others than its owner may read the file.
    """
    text = environ.get(KEY_VARIABLE)
    if text is not None:
        return _parse(text, KEY_VARIABLE)
    path = home / KEY_FILE
    if not path.exists():
        _create(path)
    return _parse(_read_private(path), str(path))


def where_key_is(home: Path, environ: Mapping[str, str] = os.environ) -> str:
    """Where `load_key` finds the key, for people."""
    return f"the variable {KEY_VARIABLE}" if KEY_VARIABLE in environ else str(home / KEY_FILE)


def use_key(tx: Transaction, home: Path, environ: Mapping[str, str] = os.environ) -> Key:
    """The key of the database that belongs to a home, noted in it on first use.

    Raises ConfigurationError where the database was used with another key, or with one that is not here: with
    a new key no stored secret could be read, and every fingerprint would say that its secret has changed.
    """
    known = tx.value("installation.key_id")
    path = home / KEY_FILE
    if known is not None and KEY_VARIABLE not in environ:
        _finish_rotation(path, known)
        if not path.exists():
            raise ConfigurationError(
                f"the key {known}, with which this database's secrets are kept, is not in {path}", hint=_LOST
            )
    key = load_key(home, environ)
    if known is None:
        tx.execute("installation.set_key_id", key_id=key.id)
    elif key.id != known:
        where = KEY_VARIABLE if KEY_VARIABLE in environ else str(path)
        raise ConfigurationError(
            f"{where} holds the key {key.id}, not this database's: it is encrypted with the key {known}",
            hint=_LOST,
        )
    return key


def new_key_file(home: Path) -> Path:
    """Where a new key lies until everything is encrypted with it."""
    return home / f"{KEY_FILE}.new"


def _finish_rotation(path: Path, known: str) -> None:
    """A rotation was cut off after the database had taken the new key, and before the file had its name."""
    new = new_key_file(path.parent)
    if new.exists() and _parse(_read_private(new), str(new)).id == known:
        new.replace(path)


def resolve(tx: Transaction, key: Key, name: str, environ: Mapping[str, str] = os.environ) -> str:
    """A credential's value, from where its row says. Raises CredentialError, which never holds the value.

    The value's fingerprint is not written down: see `note_fingerprint`.
    """
    row = tx.row("inventory.credential", name=name)
    if row is None:
        raise CredentialError(f"there is no credential named {name}", hint="Declare it in a manifest first.")
    match row.source:
        case "environment":
            variable = row.environment_variable
            value = environ.get(variable)
            if not value:
                raise CredentialError(
                    f"credential {name}: the environment variable {variable} is not set, or empty",
                    hint=f"Set {variable} where reconciler runs.",
                )
            return value
        case "file":
            return _read_secret_file(name, Path(row.file_path))
        case _:
            return _stored(tx, key, name)


def note_fingerprint(tx: Transaction, key: Key, name: str, value: str) -> bool:
    """Writes down the fingerprint of a value that was seen; True if it is another than before."""
    return bool(tx.execute("inventory.set_fingerprint", name=name, fingerprint=key.fingerprint(value)))


def stored_id(tx: Transaction, name: str) -> int:
    """The row id of a credential that the vault keeps. Raises CredentialError where it is no such one."""
    row = tx.row("inventory.credential", name=name)
    if row is None or row.source != "stored":
        raise CredentialError(
            f"there is no credential {name} whose source is `stored`", hint="Declare it in a manifest first."
        )
    return int(row.id)


def store_secret(tx: Transaction, key: Key, name: str, value: str) -> None:
    """Encrypts a value into the vault. Raises CredentialError where `stored_id` does, and if it is empty."""
    credential_id = stored_id(tx, name)
    if not value:
        raise CredentialError(f"credential {name}: an empty value is not stored")
    nonce, ciphertext = key.seal(name, value)
    tx.rows("secrets.write", credential_id=credential_id, key_id=key.id, nonce=nonce, ciphertext=ciphertext)
    note_fingerprint(tx, key, name, value)


def rotate_key(tx: Transaction, old: Key, new: Key) -> int:
    """Encrypts every stored secret again, with another key; gives how many; all or none of them.

    Fingerprints are keyed too, so each becomes another; those of secrets in files and variables follow when
    the values are next seen.
    """
    names = [row.name for row in tx.rows("secrets.stored")]
    done = 0
    for name in names:
        with contextlib.suppress(NothingStored):
            value = _stored(tx, old, name)
            store_secret(tx, new, name, value)
            done += 1
    tx.execute("installation.set_key_id", key_id=new.id)
    return done


def take_key(tx: Transaction, key: Key) -> list[str]:
    """Use a key from now on though the one before it is lost; gives what has to be stored again."""
    tx.execute("installation.set_key_id", key_id=key.id)
    return [row.name for row in tx.rows("secrets.stored")]


class NothingStored(CredentialError):
    """A credential is to be in the vault, and nobody has put a value there yet."""


def _stored(tx: Transaction, key: Key, name: str) -> str:
    row = tx.row("secrets.read", name=name)
    if row is None:
        raise NothingStored(
            f"credential {name}: nothing is stored for it",
            hint=f"Store it: reconciler credentials set {name}",
        )
    if row.key_id != key.id:
        raise CredentialError(
            f"credential {name}: it is encrypted with the key {row.key_id}, and the key in use is {key.id}",
            hint=f"Give that key, in {KEY_VARIABLE} or the key file, or store the credential again.",
        )
    return key.open(name, row.nonce, row.ciphertext)


def _parse(text: str, where: str) -> Key:
    try:
        secret = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise ConfigurationError(f"{where} does not hold a key: it is not base64") from None
    if len(secret) != KEY_BYTES:
        raise ConfigurationError(
            f"{where} does not hold a key: it has {len(secret)} bytes instead of {KEY_BYTES}",
            hint="Make one with: openssl rand -base64 32",
        )
    return Key(secret)


def _create(path: Path) -> None:
    """A new key file, complete from the moment that it has its name; another's that came first stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{KEY_FILE}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(os.urandom(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(temporary)
    finally:
        temporary.unlink()


def _read_private(path: Path) -> str:
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigurationError(
                f"{path} may be read by others than its owner (mode {stat.S_IMODE(mode):04o})",
                hint=f"chmod 600 {path}, and rotate the key if others could have read it.",
            )
        return file.read(MAX_SECRET_BYTES).decode(errors="replace")


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
