"""What a run is about: whole sources of manifests, or parts of them; nothing of any other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.model.address import Address


@dataclass(frozen=True, slots=True)
class ScopePart:
    """A source, or what is in some `files` or folders of it (by their paths in it), or some `addresses`."""

    source: str
    files: tuple[str, ...] | None = None
    addresses: frozenset[Address] | None = None

    def covers(self, address: Address, source: str | None, path: str | None) -> bool:
        """Whether a resource is meant. `source` wants it, or wanted it last, at the `path`."""
        if self.addresses is not None:
            return source == self.source and address in self.addresses
        return source == self.source and (self.files is None or is_in_any(path or "", self.files))


@dataclass(frozen=True, slots=True)
class Scope:
    """Everything that a run is about."""

    parts: tuple[ScopePart, ...]

    @property
    def sources(self) -> frozenset[str]:
        """The names of all sources in it, whether whole or in part."""
        return frozenset(part.source for part in self.parts)

    def covers(self, address: Address, source: str | None, path: str | None) -> bool:
        """Whether any of its parts means the resource; see `ScopePart.covers`."""
        return any(part.covers(address, source, path) for part in self.parts)


def is_within(path: str, folder: str) -> bool:
    """Whether a path is a folder or in it; both from the same root, `""` for the root itself."""
    return folder == "" or path == folder or path.startswith(f"{folder}/")


def is_in_any(path: str, folders: Iterable[str]) -> bool:
    """Whether a path is one of these files or folders, or in one; of none it is never."""
    return any(is_within(path, folder) for folder in folders)
