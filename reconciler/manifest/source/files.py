"""Finds and reads the files that manifests are in, and reports whatever could hide that one is missing.

A folder that cannot be read, is gone or is suddenly empty must never look like "nothing is wanted": each
is a Problem with a code of its own, and a caller with any problem deletes nothing. Nothing outside the
folders that were named is read, and nothing that could block or has no end. It does not look into YAML.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

from reconciler.errors import Location, Problem
from reconciler.manifest.yaml.reader import MAX_FILE_BYTES, too_large

MAX_FILES = 100_000
STDIN_NAME = "<stdin>"
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file's content and its name as the user would write it, for messages."""

    display_name: str
    content: bytes


def collect(
    paths: Sequence[Path | Literal["-"]], stdin: BinaryIO
) -> tuple[tuple[SourceFile, ...], tuple[Problem, ...]]:
    """The files that `paths` stand for, each once, and every problem met on the way.

    A folder stands for its `*.yaml` and `*.yml` files, in sorted order and with sub-folders, but without
    what starts with a dot; a file named outright may have any name; `-` is `stdin`, read to its end.

    Problem codes: `manifest.missing`, `manifest.unreadable`, `manifest.empty` (a path without any content),
    `manifest.special_file`, `manifest.too_large`, `manifest.too_many`, `manifest.symlink_outside`,
    `manifest.symlink_loop`.
    """
    collector = _Collector(stdin)
    for path in dict.fromkeys(paths):
        if not collector.full:
            collector.add(path)
    return tuple(collector.files), tuple(collector.problems)


@dataclass(slots=True)
class _Collector:
    stdin: BinaryIO
    files: list[SourceFile] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    full: bool = False
    _seen: set[str] = field(default_factory=set)  # real paths of the files and folders visited
    _repeated: int = 0  # how often one of them was met again

    def add(self, path: Path | Literal["-"]) -> None:
        before, repeated, problems = len(self.files), self._repeated, len(self.problems)
        if path == "-":
            self._read_stdin()
            name = STDIN_NAME
        else:
            self._add_path(Path(path))
            name = _display(path)
        added = self.files[before:]
        explained = len(self.problems) > problems or self._repeated > repeated
        if not explained and all(not f.content or f.content.isspace() for f in added):
            what = "it holds no .yaml or .yml file with any content" if not added else "it is empty"
            hint = "nothing is deleted because of this; name the folder that holds the manifests"
            self._report("empty", f"no manifest was found: {what}", name, hint)

    def _read_stdin(self) -> None:
        try:
            content = self.stdin.read(MAX_FILE_BYTES + 1)
        except (OSError, ValueError) as error:  # ValueError: it has been closed
            self._report("unreadable", f"cannot be read: {error}", STDIN_NAME, "pipe the manifests in")
            return
        self._keep(STDIN_NAME, content, len(content))

    def _add_path(self, path: Path) -> None:
        try:
            real = path.resolve(strict=True)
            mode = real.stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            self._report("missing", "there is no such file or folder", _display(path), "check the path")
        except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: a loop of links, before 3.13
            self._unreadable(_display(path), error)
        else:
            if stat.S_ISDIR(mode):
                self._walk(path, real)
            else:
                self._read(_display(path), real, mode)

    def _walk(self, top: Path, root: Path) -> None:
        """Visits `top` depth first in sorted order; without recursion, as paths may be very deep."""
        pending = [(os.fspath(top), os.fspath(root))]
        while pending and not self.full:
            path, real = pending.pop()
            try:
                mode = os.stat(real, follow_symlinks=False).st_mode  # noqa: PTH116 - strings, for speed
                if not stat.S_ISDIR(mode):
                    self._read(_display(path), Path(real), mode)
                elif self._is_new(real):
                    pending += reversed(list(self._children(path, real, os.fspath(root))))
            except FileNotFoundError:
                self._report("missing", "it vanished while being read", _display(path), "try again")
            except OSError as error:
                self._unreadable(_display(path), error)

    def _children(self, path: str, real: str, root: str) -> Iterator[tuple[str, str]]:
        """What to visit in a folder, as (path, real path). Raises OSError if it cannot be listed."""
        with os.scandir(real) as listing:
            entries = sorted((e for e in listing if not e.name.startswith(".")), key=lambda e: e.name)
        for entry in entries:
            shown = os.path.join(path, entry.name)  # noqa: PTH118 - a path of bytes we cannot decode stays itself
            wanted = entry.name.endswith(SUFFIXES)
            if entry.is_symlink():
                target = self._link_target(entry, shown, real, root, wanted)
                if target:
                    yield shown, target
            elif wanted or entry.is_dir(follow_symlinks=False):
                yield shown, entry.path

    def _link_target(
        self, entry: os.DirEntry[str], shown: str, folder: str, root: str, wanted: bool
    ) -> str | None:
        """The real path of a link that is to be followed, which is never outside `root`."""
        try:
            target = os.fspath(Path(entry.path).resolve(strict=True))
            is_folder = entry.is_dir()
        except (OSError, RuntimeError) as error:
            # It may have been a folder of manifests, so a link to nothing is never passed over.
            self._unreadable(_display(shown), error)
            return None
        if not is_folder and not wanted:
            return None
        if not _within(target, root):
            hint = "name the folder it leads to as a path of its own, or put the files here"
            self._report("symlink_outside", "the link leads out of the folder", _display(shown), hint)
            return None
        if is_folder and _within(folder, target):
            self._report("symlink_loop", "the link leads to a folder it is in", _display(shown), "remove it")
            return None
        return target

    def _read(self, name: str, real: Path, mode: int) -> None:
        """Reads a file by its real path, never through a link put there since, and never a pipe or device."""
        if not self._is_new(os.fspath(real)):
            return
        if not stat.S_ISREG(mode):
            hint = "name a regular file; to read from a pipe, use -"
            self._report("special_file", "it is neither a file nor a folder", name, hint)
            return
        try:
            handle = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
            with open(handle, "rb") as file:  # noqa: PTH123 - a descriptor has no path
                size = os.fstat(handle).st_size
                content = file.read(MAX_FILE_BYTES + 1) if size <= MAX_FILE_BYTES else b""
        except OSError as error:
            self._unreadable(name, error)
        else:
            self._keep(name, content, max(size, len(content)))

    def _is_new(self, real: str) -> bool:
        if real in self._seen:
            self._repeated += 1
            return False
        self._seen.add(real)
        return True

    def _keep(self, name: str, content: bytes, size: int) -> None:
        if size > MAX_FILE_BYTES:
            self.problems.append(too_large(name, size))
        elif len(self.files) == MAX_FILES:
            self.full = True
            hint = "name the folder with the manifests only, or put several documents into one file"
            self._report("too_many", f"there are more than {MAX_FILES} manifest files", name, hint)
        else:
            self.files.append(SourceFile(name, content))

    def _unreadable(self, name: str, error: Exception) -> None:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        if isinstance(error, RuntimeError) or getattr(error, "errno", None) == errno.ELOOP:
            self._report("symlink_loop", "the link leads back to itself", name, "remove it")
            return
        self._report("unreadable", f"cannot be read: {reason}", name, "check its permissions and its target")

    def _report(self, code: str, message: str, name: str, hint: str) -> None:
        self.problems.append(Problem(f"manifest.{code}", message, Location(name), hint=hint))


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _display(path: str | Path) -> str:
    """The path as one printable line, whatever bytes are in it."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
