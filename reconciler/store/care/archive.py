"""The file that a backup is: a tar with PostgreSQL's own dump in it, and after it the label.

Nothing of it is a format of ours: `tar` and `pg_restore` take it apart by hand. The dump is written straight
into its place, so that no second copy needs room; the label comes last and is what makes the file whole. A
backup appears under its name only when it is complete and on the disk.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from io import BufferedIOBase, BytesIO
from pathlib import Path
from typing import IO

from reconciler.errors import ConfigurationError, DatabaseError
from reconciler.store.care.label import Label

DUMP, LABEL = "database.dump", "label.json"
PIECE = 1 << 20
_NO_BACKUP = "It has to be a file that `reconciler db backup` wrote, and all of it: compare the sizes."


def write(path: Path, label: Label, pour: Callable[[Callable[[bytes], None]], None], *, force: bool) -> Label:
    """Writes a backup; gives its label with the dump's hash. `pour` is given what takes the dump's bytes.

    Raises ConfigurationError where there is a file of that name, without `force`, or no folder for it; and
    DatabaseError where it cannot be written. In any case but success nothing is left and nothing replaced.
    """
    check_free(path, force=force)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            label = _fill(file, label, pour)
            file.flush()
            os.fsync(file.fileno())
        check_free(path, force=force)
        temporary.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise DatabaseError(
            f"the backup could not be written to {path}: {error.strerror}; nothing was left there",
            hint="Make room, or choose a place that has it; the database was not touched.",
        ) from error
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()
    return label


def check_free(path: Path, *, force: bool) -> None:
    """Raises ConfigurationError where a backup cannot get this name."""
    if not path.parent.is_dir():
        raise ConfigurationError(
            f"there is no folder {path.parent} to write the backup into", hint="Make it, or choose another."
        )
    if os.path.lexists(path) and (not force or not path.is_file()):
        raise ConfigurationError(
            f"{path} is there already, and was left as it is", hint="Choose another name, or give --force."
        )


def read_label(path: Path) -> Label:
    """The label of a backup whose dump is whole. Raises DatabaseError where it is not, or is no backup."""
    with _opened(path) as (label, dump):
        digest = hashlib.sha256()
        for piece in iter(lambda: dump.read(PIECE), b""):
            digest.update(piece)
    if digest.hexdigest() != label.sha256:
        raise DatabaseError(
            f"{path} was damaged: the dump in it has another SHA-256 than its label says", hint=_NO_BACKUP
        )
    return label


@contextmanager
def opened_dump(path: Path) -> Iterator[IO[bytes]]:
    """The dump inside of a backup, to be read from its beginning. Raises DatabaseError."""
    with _opened(path) as (_, dump):
        yield dump


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Label, IO[bytes]]]:
    try:
        with tarfile.open(path, "r:") as archive:
            label, dump = _part(archive, LABEL), _part(archive, DUMP)
            yield Label.decode(label.read()), dump
    except (tarfile.TarError, KeyError) as error:
        raise DatabaseError(f"{path} is no whole backup: {error}", hint=_NO_BACKUP) from error


def _part(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    """A file inside. Raises KeyError where there is no such file."""
    part = archive.extractfile(name)
    if part is None:
        raise KeyError(f"{name} in it is no file")
    return part


def _fill(file: BufferedIOBase, label: Label, pour: Callable[[Callable[[bytes], None]], None]) -> Label:
    digest, size = hashlib.sha256(), 0

    def take(piece: bytes) -> None:
        nonlocal size
        file.write(piece)
        digest.update(piece)
        size += len(piece)

    file.write(bytes(tarfile.BLOCKSIZE))  # for its header, which has the size
    pour(take)
    file.write(bytes(-size % tarfile.BLOCKSIZE))
    label = replace(label, sha256=digest.hexdigest())
    with tarfile.open(fileobj=file, mode="w|", format=tarfile.GNU_FORMAT) as rest:
        content = label.encode()
        rest.addfile(_entry(LABEL, len(content), label), BytesIO(content))
    file.seek(0)
    # In this format a header is one block, however large what follows.
    file.write(_entry(DUMP, size, label).tobuf(tarfile.GNU_FORMAT))
    return label


def _entry(name: str, size: int, label: Label) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, int(label.taken_at.timestamp())
    return entry


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
