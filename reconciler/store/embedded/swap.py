"""Exchanging two folders in one step, where the system can; there is no moment at which either is missing."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def exchange(one: Path, other: Path) -> None:
    """Each gets the other's name. Where the system has no such step, by way of a third name. Raises OSError.

    In that case, a crash in between leaves what `finish` brings to an end.
    """
    if _exchanged(one, other):
        return
    for name, new_name in renames(one, other):
        name.rename(new_name)


def renames(one: Path, other: Path) -> tuple[tuple[Path, Path], ...]:
    """The exchange by way of a third name: what gets which name, in order."""
    return (one, aside(one)), (other, one), (aside(one), other)


def aside(one: Path) -> Path:
    """The third name; nothing has it but in the middle of an exchange."""
    return one.with_name(f"{one.name}.was")


def finish(one: Path, other: Path) -> None:
    """What a killed exchange left half done: undone after its first rename, finished after its second.

    What is neither, as where somebody else gave a folder that name, is left as it is. Raises OSError.
    """
    kept = aside(one)
    if not kept.exists():
        return
    if not one.exists():
        kept.rename(one)
    elif other.parent.exists() and not other.exists():
        kept.rename(other)


def _exchanged(one: Path, other: Path) -> bool:
    """False where the C library, the kernel or the file system does not know how."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    names = os.fsencode(one), os.fsencode(other)
    if renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL):
        return False
    raise OSError(code, os.strerror(code), str(one))
