"""Keys, and what is encrypted with them. Pure: nothing here knows where a key comes from or where a row goes.

Three kinds. A *master key* is never in the database, and does nothing but wrap other keys. A *data key*
encrypts one value of one credential, once. The *installation's key* makes fingerprints and the MACs of
approvals; it is wrapped too, so these stay the same when the master key changes. All of it is AES-256-GCM,
and bound to where it stands. No key is ever part of a message, a repr or an exception. The library for it is
imported with the first value that is opened: most processes open none.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass, field
from uuid import UUID

from reconciler.errors import ConfigurationError

KEY_BYTES = 32
NONCE_BYTES = 12
FINGERPRINT_DIGITS = 12
KEY_ID_DIGITS = 16


class Unopenable(Exception):
    """What was to be decrypted was damaged, stood elsewhere, or was encrypted with another key."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """An encrypted text with its nonce; neither is a secret."""

    nonce: bytes
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """A row of the vault: what stands in it decrypts in no other row, column or installation.

    The credential's id tells a credential from a later one of its name, and its name from one that was
    renamed to take its place. Both, and the installation's id, are the same after a dump and restore.
    `version` counts the credential's data keys.
    """

    installation: UUID
    credential_id: int
    name: str
    version: int

    def bound(self, column: str) -> bytes:
        """What is authenticated with the content of a column. PostgreSQL's texts hold no NUL."""
        parts = ("vault.secrets", str(self.credential_id), self.name, column, str(self.version))
        return _bound(self.installation, *parts)


@dataclass(frozen=True, slots=True)
class MasterKey:
    """Wraps keys. `id` names it beside what it wraps."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _checked(self.secret)

    @property
    def id(self) -> str:
        """16 hexadecimal digits that name the key and give nothing of it away."""
        return _derived(self.secret, "id", b"").hex()[:KEY_ID_DIGITS]

    def wrap(self, key: bytes, place: Place) -> Sealed:
        """A data key, to be kept in a row of the vault."""
        return _seal(self._wrapping(), key, place.bound(f"wrapped_key {self.id}"))

    def unwrap(self, sealed: Sealed, place: Place) -> bytes:
        """The data key. Raises Unopenable where it was not wrapped with this key for this row."""
        return _open(self._wrapping(), sealed, place.bound(f"wrapped_key {self.id}"))

    def wrap_installation_key(self, key: Key, installation: UUID) -> Sealed:
        """The installation's key, to be kept in the vault."""
        return _seal(self._wrapping(), key.secret, _bound(installation, "vault.installation_key", self.id))

    def unwrap_installation_key(self, sealed: Sealed, installation: UUID) -> Key:
        """The installation's key. Raises Unopenable where it was not wrapped with this key for it."""
        bound = _bound(installation, "vault.installation_key", self.id)
        return Key(_open(self._wrapping(), sealed, bound))

    def _wrapping(self) -> bytes:
        # Not the key itself, so that its id, which is shown, has nothing to do with what it encrypts.
        return _derived(self.secret, "wrapping", b"")


@dataclass(frozen=True, slots=True)
class Keyring:
    """The master keys that are known at once, the present one first. `where` says where they come from."""

    keys: tuple[MasterKey, ...]
    where: str

    @property
    def current(self) -> MasterKey:
        """What is wrapped from now on is wrapped with this one."""
        return self.keys[0]

    def find(self, key_id: str) -> MasterKey | None:
        """The key of an id; None where it is not among these."""
        return next((key for key in self.keys if key.id == key_id), None)


@dataclass(frozen=True, slots=True)
class Key:
    """The installation's key. Its bytes are never shown, and encrypt nothing."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _checked(self.secret)

    @classmethod
    def new(cls) -> Key:
        """Another one each time."""
        return cls(os.urandom(KEY_BYTES))

    def fingerprint(self, value: str) -> str:
        """12 hexadecimal digits that are the same for the same value, and of no use without the key."""
        return _derived(self.secret, "fingerprint", value.encode()).hex()[:FINGERPRINT_DIGITS]

    def approval_mac(self, content: bytes) -> bytes:
        """32 bytes that only a holder of the key can make: what an approval counts by."""
        return _derived(self.secret, "approval", content)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A value encrypted with a data key of its own, and that key, wrapped by a master key."""

    value: Sealed
    master_key_id: str
    key: Sealed


def seal(master: MasterKey, place: Place, value: str) -> Envelope:
    """Encrypt a value with a new data key, for this row."""
    key = os.urandom(KEY_BYTES)
    return Envelope(_seal(key, value.encode(), place.bound("ciphertext")), master.id, master.wrap(key, place))


def open_sealed(master: MasterKey, place: Place, envelope: Envelope) -> str:
    """The value. Raises Unopenable where it was not sealed with this key for this row."""
    return _open(master.unwrap(envelope.key, place), envelope.value, place.bound("ciphertext")).decode()


def _checked(secret: bytes) -> None:
    if len(secret) != KEY_BYTES:
        raise ConfigurationError(f"a key has {KEY_BYTES} bytes, and this one {len(secret)}")


def _bound(installation: UUID, *parts: str) -> bytes:
    return "\0".join(("reconciler", str(installation), *parts)).encode()


def _derived(secret: bytes, purpose: str, value: bytes) -> bytes:
    # One key for each purpose, so that what one of them gives away says nothing of another.
    return hmac.digest(hmac.digest(secret, purpose.encode(), hashlib.sha256), value, hashlib.sha256)


def _seal(key: bytes, plain: bytes, bound: bytes) -> Sealed:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(NONCE_BYTES)
    return Sealed(nonce, AESGCM(key).encrypt(nonce, plain, bound))


def _open(key: bytes, sealed: Sealed, bound: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(sealed.nonce, sealed.ciphertext, bound)
    except InvalidTag:
        raise Unopenable from None
