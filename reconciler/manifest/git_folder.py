"""Which commit a plain folder of manifests stands at, where it lies in a git work tree.

Only what it reads counts: a change to a manifest that is not committed makes the folder dirty, a change
elsewhere in the work tree does not. It never fails; a folder in no repository simply stands at no commit.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from dulwich.errors import NotGitRepository
from dulwich.objects import Blob, Commit
from dulwich.repo import Repo

from reconciler.errors import Problem
from reconciler.manifest.files import SourceFile
from reconciler.manifest.git_source import author_of
from reconciler.manifest.git_tree import manifest_blobs, subtree

DIRTY = "-dirty"


@dataclass(frozen=True, slots=True)
class FolderCommit:
    """`commit` ends in `-dirty` where the manifests differ from it; the author is then not known."""

    commit: str
    author: str | None
    message: str | None


def describe_commit(folder: Path, files: Iterable[SourceFile]) -> FolderCommit | None:
    """The commit of a folder whose manifests are `files`; None outside git, or before the first commit."""
    try:
        repo = Repo.discover(str(folder.resolve()))
    except (NotGitRepository, OSError):
        return None
    with closing(repo):
        try:
            commit = repo[repo.head()]
            top = Path(repo.path).resolve()
            inside = folder.resolve().relative_to(top).as_posix()
            if not isinstance(commit, Commit):
                return None
            clean = _committed(repo, commit, "" if inside == "." else inside) == _present(folder, files)
        except (KeyError, ValueError, OSError):
            return None  # no commit yet, or a repository without a work tree
    name = commit.id.decode()
    if not clean:
        return FolderCommit(name + DIRTY, None, None)
    return FolderCommit(name, author_of(commit), commit.message.decode("utf-8", "replace"))


def _committed(repo: Repo, commit: Commit, inside: str) -> dict[str, bytes]:
    tree = subtree(repo.object_store, commit.tree, inside)
    if tree is None:
        return {}
    links: list[Problem] = []
    return {path: bytes(sha) for path, sha in manifest_blobs(repo.object_store, tree, "", links)}


def _present(folder: Path, files: Iterable[SourceFile]) -> dict[str, bytes]:
    return {
        Path(file.display_name).relative_to(folder).as_posix(): bytes(Blob.from_string(file.content).id)
        for file in files
    }
