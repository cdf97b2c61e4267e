"""Attribute values: five scalar types, references, four cardinalities, and one canonical form for each.

Everything is compared in canonical form, so that a plan never shows a change that is only a spelling.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from reconciler.model.address import Address


class DataType(StrEnum):
    """What a single value is; `format` says what it means beyond that."""

    STRING = "string"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATETIME = "datetime"


class Cardinality(StrEnum):
    """`one` value, a `set` (order means nothing, no repeats), a `list` (order matters) or a `map`.

    A map's elements are `Entry`s. It is what a provider shows in words of its own: no manifest gives one.
    """

    ONE = "one"
    SET = "set"
    LIST = "list"
    MAP = "map"


class Format(StrEnum):
    """What a value means beyond its data type; it decides the canonical form and the checks."""

    PLAIN = "plain"
    TEXT = "text"  # may hold line breaks; a final line break means nothing
    CIDR = "cidr"  # a network, host bits empty: 10.0.0.0/16, 2001:db8::/32
    IP = "ip"  # one address
    INTERFACE = "interface"  # an address with its prefix length: 10.0.0.5/24; or dhcp, auto
    MAC = "mac"
    HOSTNAME = "hostname"
    SSH_PUBLIC_KEY = "ssh_public_key"  # type and key; the comment means nothing
    MIB = "mib"  # an integer number of MiB; people may write 8GiB
    GIB = "gib"  # an integer number of GiB; people may write 1TiB
    SECONDS = "seconds"  # an integer number of seconds; people may write 5m
    REFERENCE = "reference"  # another resource: its `Address`, or a provider's id of it


@dataclass(frozen=True, slots=True)
class ExternalRef:
    """A reference as a provider gives it: the type and the provider's own id of the target."""

    type: str
    external_id: str

    def __str__(self) -> str:
        return f"{self.type}#{self.external_id}"


@dataclass(frozen=True, slots=True)
class SecretRef:
    """The name of a credential whose value goes here. The value itself never enters the model.

    `fingerprint` is a keyed hash of the secret, so that a changed secret is a change without being shown.
    """

    credential: str
    fingerprint: str = ""

    def __str__(self) -> str:
        return f"credential/{self.credential}#{self.fingerprint}" if self.fingerprint else self.credential


@dataclass(frozen=True, slots=True)
class Entry:
    """One element of a map: a text by its key, or by a key inside of a key."""

    key: str
    value: str
    inner_key: str | None = None

    def __str__(self) -> str:
        return f"{self.key if self.inner_key is None else f'{self.key}:{self.inner_key}'}={self.value}"


INT64 = range(-(2**63), 2**63)
"""The whole numbers that can be recorded: the database's bigint."""

Scalar = str | int | Decimal | bool | datetime
Reference = Address | ExternalRef
"""What an attribute of the format `reference` holds: an address is parsed once, where it comes in."""

Element = Scalar | Reference | Entry
Value = Element | SecretRef | tuple[Element, ...]
Attributes = Mapping[str, Value]


def canonical_scalar(value: Scalar, form: Format = Format.PLAIN) -> Scalar:
    """The one spelling of a scalar. Raises ValueError where the text is not of that format."""
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, str):
        return _text(value, form)
    return value


def canonical(value: Value, cardinality: Cardinality, form: Format = Format.PLAIN) -> Value:
    """The one spelling of a value: a set or map sorted and without repeats, each element canonical.

    The text of a reference becomes the address that it is. Raises ValueError as `canonical_scalar` does.
    """
    if isinstance(value, (Address, ExternalRef, SecretRef, Entry)):
        return value
    if not isinstance(value, tuple):
        return _element(value, form)
    items = [_element(item, form) for item in value]
    if cardinality in (Cardinality.SET, Cardinality.MAP):
        items = sorted(set(items), key=encode)
    return tuple(items)


def _element(item: Element, form: Format) -> Element:
    if isinstance(item, (Address, ExternalRef, Entry)):
        return item
    if form is Format.REFERENCE and isinstance(item, str):
        return Address.parse(item)
    return canonical_scalar(item, form)


def _decimal(value: Decimal) -> Decimal:
    # By its text, because arithmetic would round a long number to the context's precision.
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return Decimal("0") if text == "-0" else Decimal(text)


def _text(value: str, form: Format) -> str:
    match form:
        case Format.CIDR:
            return str(ipaddress.ip_network(value))
        case Format.IP:
            return str(ipaddress.ip_address(value))
        case Format.INTERFACE:
            return value if value in ("dhcp", "auto", "manual") else str(ipaddress.ip_interface(value))
        case Format.MAC:
            return value.upper().replace("-", ":")
        case Format.HOSTNAME:
            return value.lower()
        case Format.SSH_PUBLIC_KEY:
            return " ".join(value.split()[:2])
        case Format.TEXT:
            return re.sub(r"\r+\n", "\n", value).rstrip("\n")
        case _:
            return value


def dns_name(name: str) -> str:
    """The nearest DNS name to a manifest's name (`Web_1` gives `web-1`)."""
    labels = (
        re.sub(r"[^a-z0-9-]+", "-", label).strip("-")[:63].strip("-") for label in name.lower().split(".")
    )
    return ".".join(label for label in labels if label) or "guest"


def as_text(value: Value | None) -> str | None:
    """A value for people. Secrets are only ever a credential's name and fingerprint."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ", ".join(as_text(item) or "" for item in value) + "]"
    return str(value)


def encode(value: object) -> str:
    """A text that differs exactly where canonical values differ, type included (1, true and "1" differ)."""
    write = _CODES.get(type(value))
    if write is None:  # none of them itself, but perhaps made of one, as a word of an enumeration is
        write = next((code for kind, code in _CODES.items() if isinstance(value, kind)), None)
        if write is None:
            raise TypeError(f"not an attribute value: {type(value).__name__}")
    return write(value)


def _entry(value: Entry) -> str:
    inner = "" if value.inner_key is None else encode(value.inner_key)
    return f"e{encode(value.key)}{inner}={encode(value.value)}"


_CODES: Mapping[type, Callable[[Any], str]] = {
    bool: lambda value: "b1" if value else "b0",
    int: lambda value: f"i{value}",
    Decimal: lambda value: f"d{value:f}",
    datetime: lambda value: f"t{value.astimezone(UTC).isoformat()}",
    str: lambda value: f"s{len(value)}:{value}",
    Address: lambda value: encode(str(value)),  # as its text: no attribute holds both
    ExternalRef: lambda value: f"x{value.type}:{value.external_id}",
    Entry: _entry,
    SecretRef: lambda value: f"k{value.credential}:{value.fingerprint}",
    tuple: lambda value: "(" + ",".join(map(encode, value)) + ")",
}
"""By type, so that none is tried in vain. bool comes before int, which it is a kind of."""


_FRAMES = tuple(size.to_bytes(8, "big") for size in range(256))
"""The length of a short text, as it stands before it in what is hashed; most texts are short."""


def digest(parts: Iterable[str]) -> bytes:
    """SHA-256 over texts, each framed by its length so that no two lists collide by joining."""
    framed: list[bytes] = []
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        size = len(data)
        framed.append(_FRAMES[size] if size < len(_FRAMES) else size.to_bytes(8, "big"))
        framed.append(data)
    return hashlib.sha256(b"".join(framed)).digest()
