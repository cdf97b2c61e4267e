"""Addresses: how people, plans and the database name one resource.

`vm/web-1` is a resource; `vm/web-1/disk/scsi0` is a part that it contains. The name is a person's choice
and stays the same when the provider's object behind it is replaced.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering

_TYPE = re.compile(r"[a-z][a-z0-9_]*")
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._+-]{0,126}[A-Za-z0-9_+])?")
_ADDRESS = re.compile(rf"{_TYPE.pattern}/{_NAME.pattern}(?:/{_TYPE.pattern}/{_NAME.pattern})*")


class InvalidAddress(ValueError):
    """The text is not `type/name[/type/name …]`."""


def is_name(text: str) -> bool:
    """Whether `text` may stand as a name in an address: 1 to 128 of letters, digits and `._+-`."""
    return _NAME.fullmatch(text) is not None


def as_name(text: str) -> str:
    """The nearest name to any text, such as a key made of values (`10.0.1.0/24` gives `10.0.1.0-24`)."""
    cleaned = re.sub(r"[^A-Za-z0-9._+]+", "-", text).lstrip("-.+")[:128].rstrip("-.")
    return cleaned or "_"


@total_ordering
@dataclass(frozen=True, slots=True)
class Address:
    """Pairs of (resource type, name), outermost first. Sorts and compares as its text does."""

    segments: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, text: str) -> Address:
        """Raises InvalidAddress with the reason."""
        words = text.split("/")
        if _ADDRESS.fullmatch(text):
            if len(words) == 2:  # as most do
                kind, name = words
                return cls(((kind, name),))
            return cls(tuple(zip(words[::2], words[1::2], strict=True)))
        if len(words) < 2 or len(words) % 2:
            raise InvalidAddress(f"`{text}` is not an address: expected type/name, as in vm/web-1")
        for kind, name in zip(words[::2], words[1::2], strict=True):
            if not _TYPE.fullmatch(kind):
                raise InvalidAddress(f"`{text}`: `{kind}` is not a resource type's name")
            if not is_name(name):
                raise InvalidAddress(f"`{text}`: `{name}` is not a name (letters, digits, `._+-`)")
        raise AssertionError(f"{text}: an address, and none by its words")

    @classmethod
    def of(cls, resource_type: str, name: str) -> Address:
        """A root's address. Unlike `parse` it checks neither word."""
        return cls(((resource_type, name),))

    @property
    def type(self) -> str:
        """The resource type of what is addressed: `disk` for `vm/web-1/disk/scsi0`."""
        return self.segments[-1][0]

    @property
    def name(self) -> str:
        """The name of what is addressed: `scsi0` for `vm/web-1/disk/scsi0`."""
        return self.segments[-1][1]

    @property
    def parent(self) -> Address | None:
        """What contains it: `vm/web-1` for `vm/web-1/disk/scsi0`. None for a root."""
        return Address(self.segments[:-1]) if len(self.segments) > 1 else None

    @property
    def root(self) -> Address:
        """The outermost resource: `vm/web-1` for `vm/web-1/disk/scsi0` and for itself."""
        return Address(self.segments[:1])

    def part(self, resource_type: str, name: str) -> Address:
        """The address of a part in it: `disk` and `scsi0` give `vm/web-1/disk/scsi0`."""
        return Address((*self.segments, (resource_type, name)))

    def __str__(self) -> str:
        if len(self.segments) == 1:  # as most are
            ((kind, name),) = self.segments
            return f"{kind}/{name}"
        return "/".join([f"{kind}/{name}" for kind, name in self.segments])

    def __lt__(self, other: Address) -> bool:
        return self.segments < other.segments
