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

    In that case, a crash in between leaves `one` missing, and its content beside it as `NAME.was`.
    """
    if _exchanged(one, other):
        return
    aside = one.with_name(f"{one.name}.was")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


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
