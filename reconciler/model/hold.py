"""A hold: a pause that somebody asked for, in the open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.model.address import Address


@dataclass(frozen=True, slots=True)
class Hold:
    """A pause that a person asked for. Of the scopes given, all must fit; `until=None` has no end.

    `while_wanted`: of what was deleted although a manifest wants it, and only as long as one does.
    """

    owner: str
    reason: str
    address: Address | None = None
    endpoint: str | None = None
    type: str | None = None
    tag: tuple[str, str] | None = None
    until: datetime | None = None
    while_wanted: bool = False

    def covers(self, address: Address, endpoint: str, tags: Mapping[str, str], now: datetime) -> bool:
        """Whether a resource with these tags is held at `now`; with a root, its parts are."""
        if self.until is not None and self.until <= now:
            return False
        return (
            self.address in (None, address, address.root)
            and self.endpoint in (None, endpoint)
            and self.type in (None, address.type)
            and (self.tag is None or tags.get(self.tag[0]) == self.tag[1])
        )
