"""Files that hold rows of several tables: gzip, then a section a table, each some lines and its CSV.

A section's lines say how many rows and bytes follow and with which SHA-256, so that a file proves itself, and
`zcat FILE` shows it all. It speaks to no database. As in `files`: written beside its place, flushed to the
disk, then put there; none is ever written over. Of a bundle all is in memory at once; whoever makes one
keeps it small.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reconciler.errors import ArchiveError
from reconciler.store.archive.files import Measure, cannot_be_written, placed

FIRST_LINE = "# reconciler resource archive, form 1"
_LAST_LINE = "# What follows is CSV in UTF-8; an empty field is null, and a quoted empty one an empty text."


@dataclass(frozen=True, slots=True)
class Section:
    """Rows of a table as CSV, whose first line has the names. `columns`: each a name and an SQL type."""

    table: str
    columns: tuple[str, ...]
    csv: bytes

    @property
    def names(self) -> list[str]:
        """The columns' names."""
        return [each.split(" ", 1)[0] for each in self.columns]

    @property
    def rows(self) -> int:
        """How many rows it has; the line of names is none."""
        measure = Measure()
        measure.take(self.csv)
        return measure.rows

    def encode(self) -> bytes:
        """As it stands in a file."""
        lines = (
            f"# table: {self.table}",
            *(f"# column: {each}" for each in self.columns),
            f"# rows: {self.rows}",
            f"# bytes: {len(self.csv)}",
            f"# sha256: {hashlib.sha256(self.csv).hexdigest()}",
            _LAST_LINE,
        )
        return "".join(f"{line}\n" for line in lines).encode() + self.csv


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a file holds. `installation`: whose rows they are. `until`: what was deleted before is in it."""

    installation: str
    until: datetime
    sections: tuple[Section, ...]

    @property
    def rows(self) -> int:
        """How many rows of all tables."""
        return sum(section.rows for section in self.sections)

    def encode(self) -> bytes:
        """The file's contents before they are compressed; of equal bundles the same bytes."""
        lines = (FIRST_LINE, f"# installation: {self.installation}", f"# until: {self.until.isoformat()}")
        head = "".join(f"{line}\n" for line in lines).encode()
        return head + b"".join(section.encode() for section in self.sections)


def write_bundle(path: Path, bundle: Bundle) -> Path:
    """Write a new file, and give its path: one beside it where that is taken. Raises ArchiveError."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(gzip.compress(bundle.encode(), compresslevel=6, mtime=0))
            file.flush()
            os.fsync(file.fileno())
        return placed(path.parent, path.name.removesuffix(".csv.gz"), part)
    except OSError as error:
        raise cannot_be_written(path, error) from error
    finally:
        with suppress(OSError):
            part.unlink()


def is_bundle(path: Path) -> bool:
    """Whether a file is of this form, by its first line. False as well where it cannot be read."""
    try:
        with gzip.open(path, "rb") as file:
            return file.readline().decode(errors="replace").rstrip("\n") == FIRST_LINE
    except (OSError, EOFError, zlib.error):
        return False


def read_bundle(path: Path) -> Bundle:
    """Read a file to its end. Raises ArchiveError where it is damaged, or is no such file."""
    try:
        with gzip.open(path, "rb") as file:
            text = file.read()
    except (OSError, EOFError, zlib.error) as error:
        raise ArchiveError(
            f"{path}: it cannot be read: {error}",
            hint="The file is damaged or not there: take it from a backup.",
        ) from error
    try:
        return _decoded(text)
    except (KeyError, ValueError) as error:
        raise ArchiveError(
            f"{path} is not a whole file of deleted resources, or of a newer form: {error}",
            hint=f"Its first line would be: {FIRST_LINE}. If it is, it was changed or is damaged: take it "
            "from a backup.",
        ) from error


def _decoded(text: bytes) -> Bundle:
    """Raises ValueError and KeyError for anything else than what `encode` gives."""
    lines = text.split(b"\n", 3)
    if lines[0].decode(errors="replace") != FIRST_LINE:
        raise ValueError("it begins otherwise")
    said = dict(_pair(line) for line in lines[1:3])
    sections, rest = [], lines[3]
    while rest:
        section, rest = _section(rest)
        sections.append(section)
    return Bundle(said["installation"], datetime.fromisoformat(said["until"]), tuple(sections))


def _section(text: bytes) -> tuple[Section, bytes]:
    said: dict[str, str] = {}
    columns: list[str] = []
    while True:
        line, _, text = text.partition(b"\n")
        if line.decode() == _LAST_LINE:
            break
        name, value = _pair(line)
        if name == "column":
            columns.append(value)
        said[name] = value
    size = int(said["bytes"])
    section = Section(said["table"], tuple(columns), text[:size])
    if hashlib.sha256(section.csv).hexdigest() != said["sha256"] or section.rows != int(said["rows"]):
        raise ValueError(f"the rows of {section.table} are not those that it says")
    return section, text[size:]


def _pair(line: bytes) -> tuple[str, str]:
    name, found, value = line.decode().partition(": ")
    if not found or not name.startswith("# "):
        raise ValueError(f"`{line[:60].decode(errors='replace')}` says nothing of what follows")
    return name.removeprefix("# "), value
