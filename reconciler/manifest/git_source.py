"""A git repository as a source of manifests: a commit, who made it, and the manifests in it.

A repository on this machine is read where it is; a remote one is fetched into a cache first. Nothing is
executed, no hook and no filter. Whatever keeps the commit from being read is a ManifestError, since nothing
may follow from manifests that could not be seen. No credential of a URL is ever shown.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from dulwich.client import HTTPUnauthorized, get_transport_and_path
from dulwich.config import ConfigFile, StackedConfig
from dulwich.diff_tree import tree_changes
from dulwich.errors import GitProtocolError, NotGitRepository, ObjectFormatException
from dulwich.objects import Commit, ObjectID, Tag
from dulwich.refs import Ref
from dulwich.repo import Repo
from urllib3.exceptions import HTTPError

from reconciler.errors import Location, ManifestError, Problem
from reconciler.manifest.files import SUFFIXES, SourceFile
from reconciler.manifest.git_tree import read_blobs, subtree
from reconciler.manifest.urls import UrlProblem, check_remote

NETWORK_TIMEOUT = 60.0  # seconds for each read from a remote repository

_REMOTE = re.compile(r"(?:https?|ssh|git)://|[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:")
_USERINFO = re.compile(r"(?<=://)[^/@\s]*@")


@dataclass(frozen=True, slots=True)
class Checkout:
    """What one commit holds. `repository` is where its objects are; `author` is `Name <address>`.

    `files` are named by their paths within the repository; `subfolder` is "" for all of it.
    """

    repository: Path
    commit: str
    author: str
    authored_at: datetime
    message: str
    files: tuple[SourceFile, ...]
    subfolder: str = ""

    def changed_paths(self, since: str) -> tuple[str, ...]:
        """The manifests that differ from those of another commit, gone ones included, in order.

        Raises ManifestError if the repository does not have that commit.
        """
        with _opened(self.repository, str(self.repository)) as repo:
            old, new = (_tree_of(repo, commit, self.subfolder) for commit in (since, self.commit))
            prefix = f"{self.subfolder}/" if self.subfolder else ""
            paths: set[str] = set()
            for change in tree_changes(repo.object_store, old, new):
                for side in (change.old, change.new):
                    if side is not None and side.path is not None:
                        paths.add(prefix + side.path.decode("utf-8", "backslashreplace"))
        return tuple(sorted(path for path in paths if _is_manifest(path.removeprefix(prefix))))


def is_remote(url_or_path: str) -> bool:
    """Whether it names a repository elsewhere, rather than a folder of this machine."""
    return _REMOTE.match(url_or_path) is not None


def without_credentials(url: str) -> str:
    """The URL as it may be shown and stored."""
    return _USERINFO.sub("", url)


def open_git(url_or_path: str, branch: str | None, subfolder: str | None, cache_dir: Path) -> Checkout:
    """The branch's latest commit (`None`: of the branch that the repository calls its own) and its manifests.

    Raises ManifestError, with a Problem code of `source.unreachable`, `source.unauthorized`,
    `source.no_repository`, `source.no_branch`, `source.no_subfolder`, `source.broken`, or one of
    `files.collect`.
    """
    shown = without_credentials(url_or_path)
    _refuse_unsafe(url_or_path, shown)
    folder = _clean(subfolder or "", shown)
    if is_remote(url_or_path):
        location = cache_dir / hashlib.sha256(url_or_path.encode()).hexdigest()[:32]
        ref = _fetch(url_or_path, shown, branch, location)
    else:
        location = Path(url_or_path.removeprefix("file://"))
        ref = _branch_ref(branch) if branch else Ref(b"HEAD")
    with _opened(location, shown) as repo:
        try:
            tip = repo.refs[ref]
        except KeyError:
            raise _no_branch(branch, shown) from None
        return _checkout(repo, tip, location, folder, shown)


def _refuse_unsafe(url_or_path: str, shown: str) -> None:
    """A remote that would show a password on the way, or where no repository is."""
    if is_remote(url_or_path):
        try:
            check_remote(url_or_path)
        except UrlProblem as problem:
            hint = "use https:// or ssh://, with the password in git's own credential store"
            raise _error("unsafe_url", f"the remote cannot be used: {problem}", shown, hint) from None


def _checkout(repo: Repo, sha: ObjectID, location: Path, folder: str, shown: str) -> Checkout:
    commit = _commit(repo, sha)
    tree = subtree(repo.object_store, commit.tree, folder)
    if tree is None:
        message = f"there is no folder `{folder}` at commit {commit.id.decode()[:12]}"
        raise _error("no_subfolder", message, shown, "check the subfolder's name; nothing was changed")
    files, problems = read_blobs(repo.object_store, tree, folder)
    if problems:
        raise ManifestError(problems)
    if all(not file.content or file.content.isspace() for file in files):
        hint = "nothing is deleted because of this; name the folder that holds the manifests"
        place = Location(f"{shown}//{folder}" if folder else shown)
        raise ManifestError([Problem("manifest.empty", "no manifest was found", place, hint=hint)])
    return Checkout(
        repository=location,
        commit=commit.id.decode(),
        author=author_of(commit),
        authored_at=_authored_at(commit),
        message=commit.message.decode("utf-8", "replace"),
        files=files,
        subfolder=folder,
    )


def _fetch(url: str, shown: str, branch: str | None, location: Path) -> Ref:
    """Bring the branch into the cache; gives the ref that it has there."""
    config = StackedConfig.default()
    timeouts = _timeouts()
    config.backends.insert(0, timeouts)
    try:
        client, path = get_transport_and_path(url, config=config)
        location.mkdir(parents=True, exist_ok=True)
        with closing(_cache(location)) as repo:
            wanted = _branch_ref(branch) if branch else Ref(b"HEAD")

            def wants(refs: Mapping[Ref, ObjectID], depth: int | None = None) -> list[ObjectID]:
                del depth  # the whole history is wanted, so that commits can be compared
                sha = refs.get(wanted)
                return [sha] if sha is not None and sha not in repo.object_store else []

            result = client.fetch(path, repo, determine_wants=wants, ref_prefix=[wanted])
            sha = result.refs.get(wanted)
            if sha is None:
                raise _no_branch(branch, shown)
            kept = Ref(b"refs/reconciler/" + wanted.removeprefix(b"refs/"))
            repo.refs[kept] = sha
            return kept
    except HTTPUnauthorized:
        hint = "give a token by git's credential store, or a deploy key for ssh"
        raise _error("unauthorized", "the repository refuses these credentials", shown, hint) from None
    except NotGitRepository:
        hint = "check the URL; a private repository may also look as if it were not there"
        raise _error("no_repository", "there is no such repository", shown, hint) from None
    except (OSError, HTTPError, GitProtocolError, ValueError, AssertionError) as error:
        reason = without_credentials(_reason(error)).replace(url, shown) or type(error).__name__
        hint = "check the network and the URL; nothing is changed while it cannot be read"
        raise _error("unreachable", f"it cannot be fetched: {reason[:300]}", shown, hint) from None


def _reason(error: BaseException) -> str:
    """The cause, without the pools and retries of the HTTP library around it."""
    found = error
    while (inner := getattr(found, "reason", None) or found.__cause__ or found.__context__) is not None:
        if not isinstance(inner, HTTPError):
            break
        found = inner
    return re.sub(r"^\w+\([^)]*\): ", "", str(found))


def _timeouts() -> ConfigFile:
    config = ConfigFile()
    config.set((b"http",), b"timeout", str(NETWORK_TIMEOUT).encode())
    return config


def _cache(location: Path) -> Repo:
    try:
        return Repo(str(location))
    except NotGitRepository:
        return Repo.init_bare(str(location))


@contextmanager
def _opened(location: Path, shown: str) -> Iterator[Repo]:
    """The repository, with every way of being damaged as one error."""
    try:
        repo = Repo(str(location))
    except NotGitRepository:
        hint = "name a git repository, or use the folder itself as a source"
        raise _error("no_repository", "there is no git repository", shown, hint) from None
    except OSError as error:
        raise _error("broken", f"it cannot be opened: {error}", shown, "check its permissions") from None
    try:
        with closing(repo):
            yield repo
    except (KeyError, OSError, ObjectFormatException, AssertionError, ValueError) as error:
        reason = f"it cannot be read: {type(error).__name__}: {error}"[:300]
        hint = "the clone may be shallow or damaged; run git fsck there, or clone it again"
        raise _error("broken", reason, shown, hint) from error


def _commit(repo: Repo, sha: ObjectID) -> Commit:
    found = repo[sha]
    while isinstance(found, Tag):
        found = repo[found.object[1]]
    if not isinstance(found, Commit):
        raise KeyError(sha)
    return found


def _tree_of(repo: Repo, commit: str, folder: str) -> ObjectID | None:
    return subtree(repo.object_store, _commit(repo, ObjectID(commit.encode())).tree, folder)


def author_of(commit: Commit) -> str:
    author: bytes = commit.author
    return author.decode("utf-8", "replace")


def _authored_at(commit: Commit) -> datetime:
    zone = timezone(timedelta(seconds=commit.author_timezone))
    return datetime.fromtimestamp(commit.author_time, tz=UTC).astimezone(zone)


def _branch_ref(branch: str) -> Ref:
    return Ref(branch.encode() if branch.startswith("refs/") else b"refs/heads/" + branch.encode())


def _clean(folder: str, shown: str) -> str:
    parts = [part for part in folder.replace("\\", "/").split("/") if part not in ("", ".")]
    if ".." in parts:
        message = f"the subfolder `{folder}` leads out of the repository"
        raise _error("no_subfolder", message, shown, "name a folder within it")
    return "/".join(parts)


def _is_manifest(path: str) -> bool:
    return path.endswith(SUFFIXES) and not any(part.startswith(".") for part in path.split("/"))


def _no_branch(branch: str | None, shown: str) -> ManifestError:
    if branch is None:
        return _error("no_branch", "the repository has no commit yet", shown, "commit the manifests first")
    return _error("no_branch", f"there is no branch `{branch}`", shown, "check the branch's name")


def _error(code: str, message: str, shown: str, hint: str) -> ManifestError:
    return ManifestError([Problem(f"source.{code}", message, Location(shown), hint=hint)])
