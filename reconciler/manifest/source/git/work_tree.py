"""Which commit a plain folder of manifests stands at, where it lies in a git work tree.

Only what it reads counts: a change to a manifest that is not committed makes the folder dirty, a change
elsewhere in the work tree does not. It never fails; a folder in no repository simply stands at no commit.

A manifest is as committed where its content is, or where it is what git makes of the committed content in a
work tree. The git program alone knows that (line ends, idents, encodings), and is asked where there is one.
Without it a file that git has converted counts as changed, as does one behind a filter of the repository's
own: filters are not run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dulwich.errors import NotGitRepository
from dulwich.objects import Blob, Commit

from reconciler.errors import ManifestError, Problem
from reconciler.manifest.source.files import SUFFIXES, SourceFile
from reconciler.manifest.source.git.commit import commit_text
from reconciler.manifest.source.git.program import ask
from reconciler.manifest.source.git.repository import Repository, opened
from reconciler.manifest.source.git.tree import manifest_blobs, subtree

DIRTY = "-dirty"
_SHA1_DIGITS = 40


@dataclass(frozen=True, slots=True)
class FolderCommit:
    """`commit` ends in `-dirty` where the manifests differ from it; the author is then not known."""

    commit: str
    author: str | None
    message: str | None


def describe_commit(folder: Path, files: Iterable[SourceFile]) -> FolderCommit | None:
    """The commit of a folder whose manifests are `files`; None outside git, or before the first commit.

    None too where a repository cannot be read: then nothing is known of a commit.
    """
    present = list(files)
    return _by_git(folder, present) or _by_dulwich(folder, present)


def _by_git(folder: Path, files: list[SourceFile]) -> FolderCommit | None:
    """As the git program sees it; None where there is none, or where it does not read this repository."""
    head = ask(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if not head:
        return None
    name = head.decode("ascii", "replace").strip()
    raw, listed = ask(folder, "cat-file", "commit", name), ask(folder, "ls-tree", "-r", "-z", name, ".")
    if raw is None or listed is None:
        return None
    committed = dict(_blobs(listed))
    present = {_inside(folder, file): file.content for file in files}
    if committed.keys() != present.keys() or not _as_committed(folder, committed, present):
        return FolderCommit(name + DIRTY, None, None)
    text = commit_text(raw)
    return FolderCommit(name, text.author, text.message)


def _blobs(listed: bytes) -> Iterator[tuple[str, str]]:
    """(path, id) of every manifest, from `mode type id TAB path NUL`; links and submodules are none."""
    for entry in listed.split(b"\0"):
        facts, _, path = entry.partition(b"\t")
        mode, _, rest = facts.partition(b" ")
        name = path.decode("utf-8", "surrogateescape")
        if mode.startswith(b"100") and _is_manifest(name):
            yield name, rest.rpartition(b" ")[2].decode("ascii", "replace")


def _as_committed(folder: Path, committed: Mapping[str, str], present: Mapping[str, bytes]) -> bool:
    other = [path for path, blob in committed.items() if not _is_blob(present[path], blob)]
    if not other:
        return True
    if any("\n" in path for path in other):
        return False
    paths = "".join(f"{path}\n" for path in other).encode("utf-8", "surrogateescape")
    hashed = ask(folder, "hash-object", "--stdin-paths", given=paths, converting=True)
    return hashed is not None and hashed.decode().split() == [committed[path] for path in other]


def _is_blob(content: bytes, blob: str) -> bool:
    algorithm = hashlib.sha1 if len(blob) == _SHA1_DIGITS else hashlib.sha256
    return algorithm(b"blob %d\0%b" % (len(content), content)).hexdigest() == blob


def _by_dulwich(folder: Path, files: list[SourceFile]) -> FolderCommit | None:
    try:
        found = Repository.discover(str(folder.resolve()))
    except NotGitRepository:
        return None
    except Exception:  # noqa: BLE001 - dulwich has no one class for what a repository can hold
        return None
    found.close()
    try:
        with opened(Path(found.path), str(folder)) as repo:
            return _described(repo, folder, files)
    except ManifestError:
        return None


def _described(repo: Repository, folder: Path, files: list[SourceFile]) -> FolderCommit | None:
    commit = repo[repo.head()]
    if not isinstance(commit, Commit):
        return None
    inside = folder.resolve().relative_to(Path(repo.path).resolve()).as_posix()
    if _committed(repo, commit, "" if inside == "." else inside) != _present(repo, folder, files):
        return FolderCommit(commit.id.decode() + DIRTY, None, None)
    text = commit_text(commit.as_raw_string())
    return FolderCommit(commit.id.decode(), text.author, text.message)


def _committed(repo: Repository, commit: Commit, inside: str) -> dict[str, bytes]:
    tree = subtree(repo.object_store, commit.tree, inside)
    if tree is None:
        return {}
    links: list[Problem] = []
    return {path: bytes(sha) for path, sha in manifest_blobs(repo.object_store, tree, "", links)}


def _present(repo: Repository, folder: Path, files: list[SourceFile]) -> dict[str, bytes]:
    return {
        _inside(folder, file): bytes(Blob.from_string(file.content).get_id(repo.object_format))
        for file in files
    }


def _inside(folder: Path, file: SourceFile) -> str:
    return Path(file.display_name).relative_to(folder).as_posix()


def _is_manifest(path: str) -> bool:
    return path.endswith(SUFFIXES) and not any(part.startswith(".") for part in path.split("/"))
