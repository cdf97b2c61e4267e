"""Where manifests come from: a folder, a git repository, single files, or standard input.

A folder and a repository are complete: what is no longer in them is to be removed. Files named one by one
and standard input are not: nothing is ever removed because it is not among them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Literal

from reconciler.errors import ConfigurationError, ManifestError
from reconciler.manifest.files import SourceFile, collect
from reconciler.manifest.git_folder import describe_commit
from reconciler.manifest.git_source import is_remote, open_git, without_credentials

Kind = Literal["folder", "git", "stdin", "files"]


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """What to read: `paths` (`-` is standard input) or a `git` repository, by URL or path.

    `name` is the source's name in the database; without one it is derived from where the source is.
    `trusted`: whether it may say where secrets go, by declaring providers, endpoints and credentials. Not
    said: files of this machine, which the operator named, may; a repository, which others can push to,
    may not.
    """

    paths: tuple[str, ...] = ()
    git: str | None = None
    branch: str | None = None
    subfolder: str | None = None
    name: str | None = None
    trusted: bool | None = None

    @property
    def trusts_inventory(self) -> bool:
        """Whether it may declare providers, endpoints and credentials."""
        return self.git is None if self.trusted is None else self.trusted


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source as it was read. `complete`: what is not in it is wanted no more.

    `trusted`: whether it may declare providers, endpoints and credentials. `in_folder` says
    whether the files' names are paths on this machine. `url` holds no credential.
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
    trusted: bool = True


def read_source(spec: SourceSpec, cache_dir: Path, stdin: BinaryIO | None = None) -> SourceState:
    """Read a source whole. Raises ManifestError if any of it cannot be read: nothing may follow from it."""
    if (spec.git is None) == (not spec.paths):
        raise ConfigurationError(
            "a source is either paths or a git repository", hint="name the one that holds the manifests"
        )
    if spec.git is not None:
        return _from_git(spec, spec.git, cache_dir)
    paths: Sequence[Path | Literal["-"]] = ["-" if path == "-" else Path(path) for path in spec.paths]
    files, problems = collect(paths, stdin if stdin is not None else sys.stdin.buffer)
    if problems:
        raise ManifestError(problems)
    if paths == ["-"]:
        return SourceState(
            spec.name or "stdin", "stdin", files, complete=False, trusted=spec.trusts_inventory
        )
    if len(paths) == 1 and isinstance(paths[0], Path) and paths[0].is_dir():
        return _from_folder(spec, paths[0], files)
    return SourceState(spec.name or "files", "files", files, complete=False, trusted=spec.trusts_inventory)


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
        trusted=spec.trusts_inventory,
    )


def _from_git(spec: SourceSpec, url: str, cache_dir: Path) -> SourceState:
    checkout = open_git(url, spec.branch, spec.subfolder, cache_dir)
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
        trusted=spec.trusts_inventory,
    )
