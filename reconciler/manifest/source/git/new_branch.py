"""A commit on a new branch of a repository on this machine: its work tree, its index and its HEAD stay.

No hook runs and nothing is sent anywhere; whoever looks after the repository pushes the branch, or does not.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from dulwich.object_store import BaseObjectStore
from dulwich.objects import Blob, Commit, ObjectID, Tree
from dulwich.refs import Ref, check_ref_format

from reconciler.errors import ConfigurationError
from reconciler.manifest.source.git.repository import Repository, opened

_FILE = 0o100644
_FOLDER = 0o040000


def check_branch(repository: Path, base: str, branch: str) -> None:
    """Find out whether a branch can begin at `base`, and write nothing.

    Raises ConfigurationError where there is such a branch, or none can be called so, or no such commit, and
    ManifestError for a repository that cannot be read.
    """
    with opened(repository, str(repository)) as repo:
        _free(repo, branch)
        _commit(repo, base)


def commit_on_branch(
    repository: Path, base: str, branch: str, files: Mapping[str, bytes | None], message: str, who: str
) -> str:
    """Commit files (by their paths from the top; None for one that goes) on top of `base`; gives the commit.

    `who` is the author where the repository's settings name nobody. Raises as `check_branch` does.
    """
    with opened(repository, str(repository)) as repo:
        ref, parent = _free(repo, branch), _commit(repo, base)
        made = Commit()
        made.tree = _with(repo.object_store, parent.tree, files)
        made.parents = [parent.id]
        made.author = made.committer = _identity(repo, who)
        made.author_time = made.commit_time = int(time.time())
        made.author_timezone = made.commit_timezone = 0
        made.encoding = b"UTF-8"
        made.message = message.encode()
        repo.object_store.add_object(made)
        if not repo.refs.add_if_new(ref, made.id):
            raise ConfigurationError(f"there is a branch {branch} already", hint="choose another name")
        return made.id.decode()


def _free(repo: Repository, branch: str) -> Ref:
    """The ref of a branch that is not there yet."""
    ref = Ref(f"refs/heads/{branch}".encode())
    if not check_ref_format(ref):
        raise ConfigurationError(f"no branch can be called `{branch}`", hint="as in rollback-web-1")
    there = {
        bytes(name).decode("utf-8", "surrogateescape") for name in repo.refs.subkeys(Ref(b"refs/heads/"))
    }
    if branch in there:
        raise ConfigurationError(f"there is a branch {branch} already", hint="choose another name")
    parts = branch.split("/")
    above = {"/".join(parts[:number]) for number in range(1, len(parts))} & there
    below = sorted(name for name in there if name.startswith(f"{branch}/"))
    for other in (*above, *below[:1]):
        raise ConfigurationError(
            f"beside the branch {other} none can be called {branch}",
            hint="git keeps a branch as a file, and one name as the other's folder; choose another name",
        )
    return ref


def _commit(repo: Repository, base: str) -> Commit:
    try:
        found = repo[ObjectID(base.encode())]
    except KeyError:
        found = None
    if not isinstance(found, Commit):
        raise ConfigurationError(
            f"there is no commit {base} in that repository", hint="plan again from the repository"
        )
    return found


def _with(store: BaseObjectStore, base: ObjectID | None, files: Mapping[str, bytes | None]) -> ObjectID:
    tree = Tree()
    there = store[base] if base is not None else tree
    for entry in there.items() if isinstance(there, Tree) else ():
        if entry.path is not None and entry.mode is not None and entry.sha is not None:
            tree.add(entry.path, entry.mode, entry.sha)
    folders: dict[str, dict[str, bytes | None]] = {}
    for path, content in files.items():
        name, _, rest = path.partition("/")
        if rest:
            folders.setdefault(name, {})[rest] = content
        elif content is None:
            del tree[name.encode()]
        else:
            blob = Blob.from_string(content)
            store.add_object(blob)
            mode = tree[name.encode()][0] if name.encode() in tree else _FILE
            tree[name.encode()] = (mode, blob.id)
    for name, below in folders.items():
        key = name.encode()
        inner = _with(store, tree[key][1] if key in tree else None, below)
        found = store[inner]
        if isinstance(found, Tree) and len(found):
            tree[key] = (_FOLDER, inner)
        else:
            del tree[key]
    store.add_object(tree)
    return tree.id


def _identity(repo: Repository, who: str) -> bytes:
    settings = repo.get_config_stack()
    try:
        name, address = settings.get((b"user",), b"name"), settings.get((b"user",), b"email")
    except KeyError:
        address = (who if "@" in who else f"{who}@localhost").encode()
        name = who.partition("@")[0].encode()
    return name + b" <" + address + b">"
