"""What a source is, and what was read of it: a commit or none, its files, whose it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from reconciler.manifest.source.files import SourceFile
from reconciler.manifest.source.git.remote import is_remote
from reconciler.manifest.source.where import Alias, NamedBy

Kind = Literal["folder", "git", "stdin", "files"]


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """What to read: `paths` (`-` is standard input) or a `git` repository, by URL or path.

    `name` is the source's name in the database; without one it is what its reconciler.yaml says, or derived
    from where the source is. `credential` names the credential that a remote repository over HTTP is read
    with; its value is `user:password` or a token. `trusted`: whether it may say where secrets go, by
    declaring providers, endpoints and credentials. Where that is not said, files of this machine may, which
    the operator named; a repository, which others can push to, may not.
    """

    paths: tuple[str, ...] = ()
    git: str | None = None
    branch: str | None = None
    subfolder: str | None = None
    name: str | None = None
    credential: str | None = None
    trusted: bool | None = None

    @property
    def trusts_inventory(self) -> bool:
        """Whether it may declare providers, endpoints and credentials."""
        return self.git is None if self.trusted is None else self.trusted

    @property
    def is_remote(self) -> bool:
        """Whether it is fetched; a repository by path or `file://` URL is read where it is."""
        return self.git is not None and is_remote(self.git)


def _nothing() -> tuple[tuple[str, SourceFile], ...]:
    return ()


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source as it was read. `complete`: what is not in it, or in the `part` of it, is wanted no more.

    `trusted`: whether it may declare providers, endpoints and credentials.
    `in_folder` says whether the files' names are paths on this machine. `url` holds no credential. `paths`
    give each file's path within the source, which is the same in every clone. `part` are the files or folders
    that were read, None for the whole source, and `rest` reads (path, file) of all the others. `repository`
    is what the repository is called in every clone of it. `aliases` are names that the source had before its
    reconciler.yaml gave it one. `places` are the files and folders of this machine that were read.
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
    named_by: NamedBy = "option"
    paths: Mapping[str, str] = field(default_factory=dict)
    part: tuple[str, ...] | None = None
    rest: Callable[[], Sequence[tuple[str, SourceFile]]] = field(default=_nothing, compare=False)
    repository: str | None = None
    aliases: tuple[Alias, ...] = ()
    places: tuple[str, ...] = ()

    def path(self, file: str) -> str:
        """A file's path within the source, by its name for messages."""
        return self.paths.get(file, file)
