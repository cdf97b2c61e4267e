"""What a backup says of itself: whose it is, when and from what it was made, and how much is in it.

It is the file `label.json` beside the dump, for people and for what restores it. It holds no secret: the key
is named, and is not there.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from reconciler.errors import DatabaseError

FORMAT = 1
NEWER = "It may be of a newer version of reconciler: restore it with that one."


@dataclass(frozen=True, slots=True)
class AppliedMigration:
    """A row of `schema_migrations`; `sha256` in hexadecimal digits."""

    version: int
    name: str
    sha256: str
    applied_at: datetime
    applied_by: str


@dataclass(frozen=True, slots=True)
class Label:
    """`server` and `written_by` are major versions of PostgreSQL, the second pg_dump's.

    `key_id` names the key that the stored secrets are encrypted with, None where none was ever used. `roles`
    are those that the dump's rights speak of. `tables` has the number of rows by table; `sha256` is of the
    dump, in hexadecimal digits.
    """

    installation: UUID
    key_id: str | None
    taken_at: datetime
    made_by: str
    server: int
    written_by: int
    roles: tuple[str, ...]
    migrations: tuple[AppliedMigration, ...]
    tables: dict[str, int]
    sha256: str = ""

    @property
    def rows(self) -> int:
        """How many rows there are in all tables together."""
        return sum(self.tables.values())

    def encode(self) -> bytes:
        """JSON that a person can read too."""
        values = {"format": FORMAT, **asdict(self)}
        return (json.dumps(values, indent=1, default=str) + "\n").encode()

    @classmethod
    def decode(cls, content: bytes) -> Label:
        """The opposite. Raises DatabaseError where it is not one that this version knows."""
        try:
            return cls._from(json.loads(content))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DatabaseError(
                f"the backup's label cannot be read: {type(error).__name__}: {error}", hint=NEWER
            ) from error

    @classmethod
    def _from(cls, values: dict[str, Any]) -> Label:
        if values["format"] != FORMAT:
            raise ValueError(f"its format is {values['format']}, and only {FORMAT} is known")
        return cls(
            installation=UUID(values["installation"]),
            key_id=values["key_id"],
            taken_at=datetime.fromisoformat(values["taken_at"]),
            made_by=values["made_by"],
            server=int(values["server"]),
            written_by=int(values["written_by"]),
            roles=tuple(map(str, values["roles"])),
            migrations=tuple(
                AppliedMigration(
                    each["version"],
                    each["name"],
                    each["sha256"],
                    datetime.fromisoformat(each["applied_at"]),
                    each["applied_by"],
                )
                for each in values["migrations"]
            ),
            tables={str(name): int(rows) for name, rows in values["tables"].items()},
            sha256=values["sha256"],
        )
