"""A git repository as a source of manifests: a commit, who made it, and the manifests in it.

A repository on this machine is read where it is; a remote one is fetched into a cache first. Nothing of the
repository's is executed, no hook and no filter. Whatever keeps the commit from being read is a ManifestError,
since nothing may follow from manifests that could not be seen. No credential of a URL is ever shown.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dulwich.objects import Commit, ObjectID, Tag
from dulwich.refs import Ref
from dulwich.repo import Repo

from reconciler.errors import Location, ManifestError, Problem, ReconcilerError
from reconciler.manifest.read.urls import UrlProblem, check_remote
from reconciler.manifest.source.files import SourceFile
from reconciler.manifest.source.git.commit import commit_text, moment
from reconciler.manifest.source.git.fetch import Fetch, no_branch
from reconciler.manifest.source.git.login import Login
from reconciler.manifest.source.git.remote_url import (
    is_remote,
    without_credentials,
    wrong_with_branch,
    wrong_with_url,
)
from reconciler.manifest.source.git.repository import error, opened
from reconciler.manifest.source.git.tree import blob_at, read_blobs, subtree
from reconciler.manifest.source.source_file import (
    EVERYTHING,
    FILE_NAME,
    Chosen,
    SourceDeclaration,
    choose,
    read_source_file,
    select_files,
)

__all__ = ["Checkout", "NothingNew", "is_remote", "open_git", "without_credentials"]

_HEADS = b"refs/heads/"


class NothingNew(ReconcilerError):
    """No error: the branch is still at the commit that was read before, of which nothing was read again."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """What one commit holds. `repository` is where its objects are; `author` is `Name <address>`.

    `files` are named by their paths within the repository; `subfolder` is "" for all of it. `declared` is
    what the reconciler.yaml in the folder `root` says of the source, None where there is none.
    """

    repository: Path
    commit: str
    author: str
    authored_at: datetime
    message: str
    files: tuple[SourceFile, ...]
    subfolder: str = ""
    root: str = ""
    declared: SourceDeclaration | None = None
    chosen: Chosen = EVERYTHING

    def beside(self, folders: Sequence[str]) -> tuple[SourceFile, ...]:
        """The manifests of whole folders of the source, by their paths from its root, at the same commit.

        Raises ManifestError where they cannot be read.
        """
        with opened(self.repository, str(self.repository)) as repo:
            tree = _commit(repo, ObjectID(self.commit.encode())).tree
            return _manifests(repo, tree, self.root, folders, self.declared, str(self.repository))


def open_git(
    url_or_path: str,
    branch: str | None,
    subfolder: str | None,
    cache_dir: Path,
    *,
    login: Login | None = None,
    stop: threading.Event | None = None,
    unless: str | None = None,
) -> Checkout:
    """The branch's latest commit (`None`: of the branch that the repository calls its own) and its manifests.

    `login` is for a remote over HTTP; without one the user's git is asked where the remote wants one. A fetch
    that is under way ends when `stop` is set. `unless`: a commit that was read before; where the branch is
    still there no file of it is read, and NothingNew is raised.

    Raises ManifestError, with a Problem code of `source.url`, `source.unreachable`, `source.unauthorized`,
    `source.no_repository`, `source.no_branch`, `source.no_subfolder`, `source.broken`, or one of
    `files.collect`.
    """
    shown = without_credentials(url_or_path)
    folder = _clean(subfolder or "", shown)
    if branch and (wrong := wrong_with_branch(branch)):
        raise error("no_branch", f"`{branch}` is no branch's name: {wrong}", shown, "check the branch's name")
    if not is_remote(url_or_path):
        location = Path(url_or_path.removeprefix("file://"))
        return _read(location, _branch_ref(branch) if branch else None, folder, shown, unless)
    if wrong := wrong_with_url(url_or_path):
        hint = "as in https://host/path, ssh://user@host/path or user@host:path"
        raise error("url", f"the repository's URL is refused: {wrong}", shown, hint)
    try:
        check_remote(url_or_path)
    except UrlProblem as problem:
        hint = "use https:// or ssh://, with the password in git's own credential store"
        raise error("url", f"the repository's URL is refused: {problem}", shown, hint) from None
    location = cache_dir / hashlib.sha256(url_or_path.encode()).hexdigest()[:32]
    fetch = Fetch(url_or_path, shown, branch, location, login)
    try:
        return _read(location, fetch.run(stop), folder, shown, unless)
    except ManifestError as caught:
        if all(problem.code != "source.broken" for problem in caught.problems):
            raise
    # What a power cut or a full disk left in the cache: nothing in it is worth more than a fetch.
    again = Fetch(url_or_path, shown, branch, location, login, anew=True)
    return _read(location, again.run(stop), folder, shown)


def _read(location: Path, ref: Ref | None, folder: str, shown: str, unless: str | None = None) -> Checkout:
    with opened(location, shown) as repo:
        try:
            tip = repo.refs[ref if ref is not None else Ref(b"HEAD")]
        except KeyError:
            raise _no_branch(repo, ref, shown) from None
        if unless is not None and _commit(repo, tip).id.decode() == unless:
            raise NothingNew(f"{shown} is still at {unless}")
        return _checkout(repo, tip, location, folder, shown)


def _no_branch(repo: Repo, ref: Ref | None, shown: str) -> ManifestError:
    names = [_name(each) for each in repo.refs.allkeys() if each.startswith(_HEADS)]
    head = repo.refs.get_symrefs().get(Ref(b"HEAD"))
    return no_branch(_name(ref) if ref else None, _name(head) if head else None, names, shown)


def _name(ref: Ref) -> str:
    return ref.removeprefix(_HEADS).decode("utf-8", "backslashreplace")


def _checkout(repo: Repo, sha: ObjectID, location: Path, folder: str, shown: str) -> Checkout:
    commit = _commit(repo, sha)
    tree = subtree(repo.object_store, commit.tree, folder)
    if tree is None:
        message = f"there is no folder `{folder}` at commit {commit.id.decode()[:12]}"
        raise error("no_subfolder", message, shown, "check the subfolder's name; nothing was changed")
    root, declared, chosen = _declared(repo, commit.tree, folder, shown)
    files = _manifests(repo, commit.tree, root, chosen.read, declared, shown)
    text = commit_text(commit.as_raw_string())
    return Checkout(
        repository=location,
        commit=commit.id.decode(),
        author=text.author,
        authored_at=moment(commit.author_time, commit.author_timezone),
        message=text.message,
        files=files,
        subfolder=folder,
        root=root,
        declared=declared,
        chosen=chosen,
    )


def _declared(
    repo: Repo, tree: ObjectID, folder: str, shown: str
) -> tuple[str, SourceDeclaration | None, Chosen]:
    """The nearest reconciler.yaml at or above a folder, what it says, and what the folder means of it."""
    steps = folder.split("/") if folder else []
    for count in range(len(steps), -1, -1):
        root = "/".join(steps[:count])
        found = blob_at(repo.object_store, tree, f"{root}/{FILE_NAME}".lstrip("/"))
        if found is None:
            continue
        declared = read_source_file(found, f"{shown}//{root}/{FILE_NAME}".replace("///", "//"))
        chosen = choose(declared.folders, "/".join(steps[count:]))
        if chosen is not None:
            return root, declared, chosen
        break
    return "", None, Chosen((folder,), None)


def _manifests(
    repo: Repo,
    tree: ObjectID,
    root: str,
    folders: Sequence[str],
    declared: SourceDeclaration | None,
    shown: str,
) -> tuple[SourceFile, ...]:
    """The manifests in folders of a source, by their paths within the repository."""
    found: dict[str, SourceFile] = {}
    problems: list[Problem] = []
    for folder in (f"{root}/{each}".strip("/") for each in folders):
        below = subtree(repo.object_store, tree, folder)
        if below is None:
            message = f"there is no folder `{folder}` at this commit"
            raise error("no_subfolder", message, shown, "check the folder's name; nothing was changed")
        files, wrong = read_blobs(repo.object_store, below, folder)
        found |= {file.display_name: file for file in files}
        problems += wrong
    prefix = f"{root}/" if root else ""
    kept, more = select_files(
        [(file.display_name.removeprefix(prefix), file) for file in found.values()], declared
    )
    seen = [
        p
        for p in problems
        if declared is None
        or p.location is None
        or not declared.ignores(p.location.file.removeprefix(prefix))
    ]
    if seen or more:
        raise ManifestError([*seen, *more])
    if all(not file.content or file.content.isspace() for _, file in kept):
        hint = "nothing is deleted because of this; name the folder that holds the manifests"
        place = Location(
            "//".join([shown, *(f"{root}/{each}".strip("/") for each in folders if each or root)])
        )
        raise ManifestError([Problem("manifest.empty", "no manifest was found", place, hint=hint)])
    return tuple(file for _, file in kept)


def _commit(repo: Repo, sha: ObjectID) -> Commit:
    found = repo[sha]
    while isinstance(found, Tag):
        found = repo[found.object[1]]
    if not isinstance(found, Commit):
        raise KeyError(sha)
    return found


def _branch_ref(branch: str) -> Ref:
    return Ref(branch.encode() if branch.startswith("refs/") else b"refs/heads/" + branch.encode())


def _clean(folder: str, shown: str) -> str:
    parts = [part for part in folder.replace("\\", "/").split("/") if part not in ("", ".")]
    if ".." in parts:
        message = f"the subfolder `{folder}` leads out of the repository"
        raise error("no_subfolder", message, shown, "name a folder within it")
    return "/".join(parts)
