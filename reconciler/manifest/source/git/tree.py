"""Reads manifests out of a git commit's tree, from the object store: no work tree, nothing checked out.

What could hide a manifest (a link, a submodule, an object that is not there) is a Problem, never passed over.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator

from dulwich.object_store import BaseObjectStore
from dulwich.objects import S_ISGITLINK, Blob, ObjectID, Tree

from reconciler.errors import Location, Problem
from reconciler.manifest.source.files import MAX_FILES, SUFFIXES, SourceFile
from reconciler.manifest.yaml.reader import MAX_FILE_BYTES, too_large

_MAX_DEPTH = 100


def subtree(store: BaseObjectStore, tree: ObjectID, folder: str) -> ObjectID | None:
    """The tree of a folder below `tree`; None where there is no such folder. `""` is the tree itself."""
    found = tree
    for name in (part for part in folder.split("/") if part not in ("", ".")):
        entry = next((e for e in _tree(store, found).items() if e.path == name.encode()), None)
        if entry is None or entry.sha is None or entry.mode is None or not stat.S_ISDIR(entry.mode):
            return None
        found = entry.sha
    return found


def blob_at(store: BaseObjectStore, tree: ObjectID, path: str) -> bytes | None:
    """A file's content below `tree`; None where there is no such file. Raises KeyError if it is lost."""
    folder, _, name = path.rpartition("/")
    inside = subtree(store, tree, folder)
    if inside is None:
        return None
    entry = next((e for e in _tree(store, inside).items() if e.path == name.encode()), None)
    if entry is None or entry.sha is None or entry.mode is None or not stat.S_ISREG(entry.mode):
        return None
    blob = store[entry.sha]
    return blob.data if isinstance(blob, Blob) else None


def manifest_blobs(
    store: BaseObjectStore, tree: ObjectID, folder: str, problems: list[Problem]
) -> Iterator[tuple[str, ObjectID]]:
    """(path, blob id) of every manifest below a tree, in sorted order. Raises KeyError for lost objects."""
    yield from _walk(store, tree, f"{folder.strip('/')}/".lstrip("/"), problems, 0)


def _walk(
    store: BaseObjectStore, tree: ObjectID, prefix: str, problems: list[Problem], depth: int
) -> Iterator[tuple[str, ObjectID]]:
    if depth > _MAX_DEPTH:
        problems.append(_problem("too_deep", "folders are nested too deeply", prefix, "flatten them"))
        return
    for entry in sorted(_tree(store, tree).items()):
        name = entry.path.decode("utf-8", "backslashreplace")
        if name.startswith(".") or entry.sha is None or entry.mode is None:
            continue
        path = prefix + name
        if stat.S_ISDIR(entry.mode):
            yield from _walk(store, entry.sha, f"{path}/", problems, depth + 1)
        elif S_ISGITLINK(entry.mode):
            hint = "make a source of that repository, or put the manifests here"
            problems.append(_problem("submodule", "manifests in a submodule are not read", path, hint))
        elif stat.S_ISLNK(entry.mode):
            hint = "put the file itself here"
            problems.append(_problem("symlink", "links in a repository are not followed", path, hint))
        elif name.endswith(SUFFIXES):
            yield path, entry.sha


def read_blobs(
    store: BaseObjectStore, tree: ObjectID, folder: str
) -> tuple[tuple[SourceFile, ...], tuple[Problem, ...]]:
    """The manifests' contents. Raises KeyError for an object that the repository has lost."""
    problems: list[Problem] = []
    files: list[SourceFile] = []
    for path, sha in manifest_blobs(store, tree, folder, problems):
        if len(files) == MAX_FILES:
            hint = "name the subfolder that holds the manifests only"
            problems.append(_problem("too_many", f"there are more than {MAX_FILES} manifests", path, hint))
            break
        blob = store[sha]
        size = blob.raw_length()
        if size > MAX_FILE_BYTES:
            problems.append(too_large(path, size))
        elif isinstance(blob, Blob):
            files.append(SourceFile(path, blob.data))
    return tuple(files), tuple(problems)


def _tree(store: BaseObjectStore, sha: ObjectID) -> Tree:
    found = store[sha]
    if not isinstance(found, Tree):
        raise KeyError(sha)
    return found


def _problem(code: str, message: str, path: str, hint: str) -> Problem:
    return Problem(f"manifest.{code}", message, Location(path), hint=hint)
