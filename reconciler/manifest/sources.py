"""Where manifests come from: a folder, a git repository, single files, or standard input.

A folder and a repository are complete: what is no longer in them is to be removed. Files named one by one
and standard input are not: nothing is ever removed because it is not among them.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Literal

from reconciler.errors import ConfigurationError, ManifestError
from reconciler.manifest.files import SourceFile, collect
from reconciler.manifest.git_folder import describe_commit
from reconciler.manifest.git_login import Login
from reconciler.manifest.git_source import is_remote, open_git, without_credentials

Kind = Literal["folder", "git", "stdin", "files"]


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """What to read: `paths` (`-` is standard input) or a `git` repository, by URL or path.

    `name` is the source's name in the database; without one it is derived from where the source is.
    `credential` names the credential that a remote repository over HTTP is read with; its value is
    `user:password` or a token.
    """

    paths: tuple[str, ...] = ()
    git: str | None = None
    branch: str | None = None
    subfolder: str | None = None
    name: str | None = None
    credential: str | None = None

    @property
    def is_remote(self) -> bool:
        return self.git is not None and is_remote(self.git)


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source as it was read. `complete`: what is not in it is wanted no more.

    `in_folder` says whether the files' names are paths on this machine. `url` holds no credential.
    """

    name: str
    kind: Kind
    files: tuple[SourceFile, ...]
    complete: bool
    commit: str | None = None
    author: str | None = None
    authored_at: datetime | None = None
    message: str | None = None
    url: str | None = None
    branch: str | None = None
    subfolder: str | None = None
    in_folder: bool = True


def read_source(
    spec: SourceSpec,
    cache_dir: Path,
    stdin: BinaryIO | None = None,
    *,
    login: Login | None = None,
    stop: threading.Event | None = None,
) -> SourceState:
    """Read a source whole. Raises ManifestError if any of it cannot be read: nothing may follow from it.

    `login` is what the spec's credential holds. `stop` ends a fetch that is under way.
    """
    if (spec.git is None) == (not spec.paths):
        raise ConfigurationError(
            "a source is either paths or a git repository", hint="name the one that holds the manifests"
        )
    if spec.git is not None:
        return _from_git(spec, spec.git, cache_dir, login, stop)
    paths: Sequence[Path | Literal["-"]] = ["-" if path == "-" else Path(path) for path in spec.paths]
    files, problems = collect(paths, stdin if stdin is not None else sys.stdin.buffer)
    if problems:
        raise ManifestError(problems)
    if paths == ["-"]:
        return SourceState(spec.name or "stdin", "stdin", files, complete=False)
    if len(paths) == 1 and isinstance(paths[0], Path) and paths[0].is_dir():
        return _from_folder(spec, paths[0], files)
    return SourceState(spec.name or "files", "files", files, complete=False)


def _from_folder(spec: SourceSpec, folder: Path, files: tuple[SourceFile, ...]) -> SourceState:
    real = str(folder.resolve())
    at = describe_commit(folder, files)
    return SourceState(
        name=spec.name or real,
        kind="folder",
        files=files,
        complete=True,
        commit=at.commit if at else None,
        author=at.author if at else None,
        message=at.message if at else None,
        url=real,
    )


def _from_git(
    spec: SourceSpec, url: str, cache_dir: Path, login: Login | None, stop: threading.Event | None
) -> SourceState:
    checkout = open_git(url, spec.branch, spec.subfolder, cache_dir, login=login, stop=stop)
    shown = without_credentials(url) if is_remote(url) else str(Path(url.removeprefix("file://")).resolve())
    # Two branches of a repository are two sources: each would else remove what only the other has.
    name = shown + (f"@{spec.branch}" if spec.branch else "")
    name += f"//{checkout.subfolder}" if checkout.subfolder else ""
    return SourceState(
        name=spec.name or name,
        kind="git",
        files=checkout.files,
        complete=True,
        commit=checkout.commit,
        author=checkout.author,
        authored_at=checkout.authored_at,
        message=checkout.message,
        url=shown,
        branch=spec.branch,
        subfolder=checkout.subfolder or None,
        in_folder=False,
    )
