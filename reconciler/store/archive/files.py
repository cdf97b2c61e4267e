"""The files of the archive: gzip, some lines that say what follows, then CSV. It speaks to no database.

`zcat FILE` shows it, and every program that reads CSV reads it after the lines with `#`. The rows' number,
bytes and SHA-256 are in those lines, so that a file proves itself, years later and without us. A file is
written beside its place, flushed to the disk, and then put there; none is ever written over.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from reconciler.errors import ArchiveError

FIRST_LINE = "# reconciler history archive, form 1"
CHUNK = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file says of itself. `columns`: each a name and an SQL type. `rows` and `size` (bytes) and
    `sha256` (hexadecimal) are of the CSV; its first line, the names, is no row. `installation`: whose
    history it is."""

    installation: str
    history: str
    from_at: datetime
    to_at: datetime
    columns: tuple[str, ...]
    rows: int = 0
    size: int = 0
    sha256: str = ""

    @property
    def names(self) -> list[str]:
        """The columns' names."""
        return [each.split(" ", 1)[0] for each in self.columns]

    def lines(self) -> Iterator[str]:
        """The lines before the CSV, without their ends."""
        yield FIRST_LINE
        yield f"# installation: {self.installation}"
        yield f"# history: {self.history}"
        yield f"# from: {self.from_at.isoformat()}"
        yield f"# to: {self.to_at.isoformat()}"
        yield from (f"# column: {each}" for each in self.columns)
        yield f"# rows: {self.rows}"
        yield f"# bytes: {self.size}"
        yield f"# sha256: {self.sha256}"
        yield "# What follows is CSV in UTF-8; an empty field is null, and a quoted empty one an empty text."


class Measure:
    """Counts and hashes CSV that goes by, in pieces of any size."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._size = 0
        self._ends = 0
        self._quotes = 0

    def take(self, piece: bytes) -> None:
        """The next piece."""
        self._sha256.update(piece)
        self._size += len(piece)
        for line in piece.splitlines(keepends=True) if b'"' in piece else ():
            self._quotes += line.count(b'"')
            self._ends += line.endswith(b"\n") and self._quotes % 2 == 0
        if b'"' not in piece and self._quotes % 2 == 0:
            self._ends += piece.count(b"\n")

    @property
    def rows(self) -> int:
        """How many rows went by. The line of names is none."""
        return max(self._ends - 1, 0)

    def of(self, contents: Contents) -> Contents:
        """The same with what was measured."""
        return replace(contents, rows=self.rows, size=self._size, sha256=self._sha256.hexdigest())


def write(folder: Path, contents: Contents, pieces: Iterable[bytes]) -> tuple[Path, Contents]:
    """Write a new file, and give its path and what it says of itself. Raises ArchiveError."""
    name = f"{contents.history}-{contents.from_at.astimezone(UTC):%Y-%m}"
    body, whole = (folder / f".{name}.{os.getpid()}.{part}" for part in ("body", "part"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        measure = Measure()
        with gzip.GzipFile(body, "wb", compresslevel=6, mtime=0) as packed:
            for piece in pieces:
                measure.take(piece)
                packed.write(piece)
        contents = measure.of(contents)
        with whole.open("wb") as file, body.open("rb") as packed_rows:
            # Two members of gzip in a file are read as one; so the lines tell what was known only afterwards.
            file.write(gzip.compress("".join(f"{line}\n" for line in contents.lines()).encode(), mtime=0))
            shutil.copyfileobj(packed_rows, file, CHUNK)
            file.flush()
            os.fsync(file.fileno())
        return placed(folder, name, whole), contents
    except OSError as error:
        raise cannot_be_written(folder / name, error) from error
    finally:
        for piece_of_it in (body, whole):
            # Where the folder is none, or the disk is broken, what went wrong was said above.
            with suppress(OSError):
                piece_of_it.unlink()


def cannot_be_written(path: Path, error: OSError) -> ArchiveError:
    """What is said where the system refuses to write a file, or to make its folder."""
    # Of the files' own names none is ever taken: this can only be said of the folder.
    why = "that is no folder" if isinstance(error, FileExistsError) else error.strerror or error
    return ArchiveError(
        f"{path}: it cannot be written: {why}",
        hint="Nothing was taken from the database. Give another folder with --to.",
    )


def placed(folder: Path, name: str, whole: Path) -> Path:
    """Put a finished file into its place; where one of the name is there with other rows, beside it."""
    for number in count(1):
        path = folder / (f"{name}.csv.gz" if number == 1 else f"{name}-{number}.csv.gz")
        try:
            os.link(whole, path)
        except FileExistsError:
            if path.read_bytes() != whole.read_bytes():
                continue
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return path
    raise AssertionError  # the numbers do not end


def verify(path: Path) -> Contents:
    """Read a file from its beginning to its end; gives what is in it. Raises ArchiveError where it is
    damaged."""
    with reading(path) as (contents, pieces):
        measure = Measure()
        for piece in pieces:
            measure.take(piece)
    found = measure.of(contents)
    if found != contents:
        raise ArchiveError(
            f"{path}: it says {contents.rows} rows with the SHA-256 {contents.sha256}, "
            f"and has {found.rows} rows with {found.sha256}",
            hint="The file was changed or is damaged: take it from a backup.",
        )
    return contents


@contextmanager
def reading(path: Path) -> Iterator[tuple[Contents, Iterator[bytes]]]:
    """What a file says of itself, and its CSV in pieces, unproven. Raises ArchiveError for what is no such
    file."""
    try:
        with gzip.open(path, "rb") as file:
            contents, first = _contents(path, file)
            yield contents, _pieces(first, file)
    except (OSError, EOFError, zlib.error) as error:
        raise ArchiveError(
            f"{path}: it cannot be read: {error}",
            hint="The file is damaged or not there: take it from a backup.",
        ) from error


def _pieces(first: bytes, file: gzip.GzipFile) -> Iterator[bytes]:
    yield first
    while piece := file.read(CHUNK):
        yield piece


def _contents(path: Path, file: gzip.GzipFile) -> tuple[Contents, bytes]:
    said: dict[str, str] = {}
    columns: list[str] = []
    line = file.readline()
    known = line.decode(errors="replace").rstrip("\n") == FIRST_LINE
    while known and (line := file.readline()).startswith(b"# "):
        name, _, value = line.decode().rstrip("\n").removeprefix("# ").partition(": ")
        if name == "column":
            columns.append(value)
        said[name] = value
    try:
        return Contents(
            said["installation"],
            said["history"],
            datetime.fromisoformat(said["from"]),
            datetime.fromisoformat(said["to"]),
            tuple(columns),
            int(said["rows"]),
            int(said["bytes"]),
            said["sha256"],
        ), line
    except (KeyError, ValueError) as error:
        raise ArchiveError(
            f"{path} is not a file of the archive, or of a newer form: {error}",
            hint=f"Its first line would be: {FIRST_LINE}",
        ) from error
