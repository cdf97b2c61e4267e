"""Asks the git program, where there is one, in such a way that nothing of the repository's is executed.

No hook, no file system monitor, no filter, no pager, no prompt, no network, no lock; and only for so long.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from reconciler.redaction import without_key

SECONDS = 15.0
_SAFE = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.askPass=",
    "protocol.allow=never",  # a partial clone would fetch what it lacks, by a command that its settings name
    "core.safecrlf=false",
)
_OF_A_REPOSITORY = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_CONFIG",
        "GIT_CONFIG_PARAMETERS",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    }
)


def program() -> str | None:
    """The git program, None where there is none on the PATH."""
    return shutil.which("git")


def environment() -> dict[str, str]:
    """Ours, without the key, prompts, and what a surrounding git put there about another repository."""
    kept = {name: value for name, value in without_key(os.environ).items() if name not in _OF_A_REPOSITORY}
    return kept | {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS": "",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GCM_INTERACTIVE": "never",
        "LC_ALL": "C",
    }


def ask(folder: Path, *words: str, given: bytes = b"", converting: bool = False) -> bytes | None:
    """What git answers about the repository around a folder; None where it cannot, or not in time.

    `given` is its standard input. `converting`: it is a command that would run filters.
    """
    git = program()
    if git is None:
        return None
    filters = _filters(git, folder) if converting else []
    if filters is None:
        return None
    return _run(git, folder, [*_SAFE, *filters], words, given)


def _filters(git: str, folder: Path) -> list[str] | None:
    """Settings that take away each filter which any configuration names."""
    listed = _run(git, folder, _SAFE, ("config", "--null", "--name-only", "--list"), b"")
    if listed is None:
        return None
    names = (key.decode("utf-8", "surrogateescape") for key in listed.split(b"\0"))
    drivers = {key.rpartition(".")[0] for key in names if key.startswith("filter.")}
    if any("=" in driver or "\n" in driver for driver in drivers):
        return None  # such a name cannot be said on a command line
    off = (("clean", ""), ("smudge", ""), ("process", ""), ("required", "false"))
    return [f"{driver}.{key}={value}" for driver in sorted(drivers) for key, value in off]


def _run(git: str, folder: Path, settings: Sequence[str], words: Sequence[str], given: bytes) -> bytes | None:
    options = [part for setting in settings for part in ("-c", setting)]
    argv = [git, "--no-optional-locks", "--literal-pathspecs", *options, *words]
    try:
        done = subprocess.run(
            argv,
            cwd=folder,
            env=environment(),
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return done.stdout if done.returncode == 0 else None
