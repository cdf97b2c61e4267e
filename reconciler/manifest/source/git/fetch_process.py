"""The process that fetches: one request on standard input, one answer on standard output, both JSON.

It asks nobody at a terminal, it ends by itself should its parent be killed, and no exception leaves it: what
dulwich raises for what a remote sends, or for what a power cut left in the cache, is of any class.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shlex
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from dulwich.client import FetchPackResult, HTTPUnauthorized, get_transport_and_path
from dulwich.config import StackedConfig
from dulwich.errors import GitProtocolError, NotGitRepository
from dulwich.objects import ObjectID
from dulwich.refs import Ref
from dulwich.repo import Repo
from urllib3.exceptions import HTTPError

from reconciler.manifest.source.git.login import Login, find_login

_SLACK = 5  # seconds that a parent has to end this before it ends itself
_OF_THE_NETWORK = (HTTPError, GitProtocolError, ConnectionError, TimeoutError)
_SSH = "ssh -o BatchMode=yes -o ConnectTimeout=20"
_HEADS = b"refs/heads/"


def main() -> None:
    """Answer the one request and end, by an alarm a few seconds after the request's at the latest.

    Whatever libraries print goes to standard error. What they leave running is not waited for.
    """
    # Library warnings and whatever else is printed must not stand in the answer.
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    request = json.load(sys.stdin)
    signal.alarm(int(request["seconds"]) + _SLACK)
    login = Login(*request["login"]) if request["login"] else None
    found = fetch(
        request["url"], request["branch"], Path(request["cache"]), login, anew=bool(request["anew"])
    )
    answer.write(json.dumps(found).encode())
    answer.flush()
    os._exit(0)  # no thread or exit handler of a library holds it up


def fetch(
    url: str, branch: str | None, cache: Path, login: Login | None, *, anew: bool = False
) -> dict[str, Any]:
    """Bring the branch into the cache. `ref`: where it is there; else `code` and what belongs to it."""
    try:
        with _locked(cache):
            if anew:
                _discard(cache)
            try:
                return _logged_in(url, branch, cache, login)
            except (HTTPUnauthorized, NotGitRepository, *_OF_THE_NETWORK):
                raise
            except Exception:  # noqa: BLE001 - a damaged cache raises anything, and is made anew
                _discard(cache)
                return _logged_in(url, branch, cache, login)
    except HTTPUnauthorized:
        return {"code": "unauthorized"}
    except NotGitRepository:
        return {"code": "no_repository"}
    except Exception as error:  # noqa: BLE001 - see above; of a remote too
        return {"code": "unreachable", "reason": _reason(error) or type(error).__name__}


def _logged_in(url: str, branch: str | None, cache: Path, login: Login | None) -> dict[str, Any]:
    """Without a login first, as git does it: a login is looked for where one is asked for."""
    try:
        return _fetch(url, branch, cache, login)
    except HTTPUnauthorized:
        if login is not None or (found := find_login(url)) is None:
            raise
    return _fetch(url, branch, cache, found)


def _fetch(url: str, branch: str | None, cache: Path, login: Login | None) -> dict[str, Any]:
    over_http = url.startswith(("http://", "https://"))
    client, path = get_transport_and_path(
        url,
        config=StackedConfig.default(),
        operation="pull",
        username=login.user if login and over_http else None,
        password=login.password if login and over_http else None,
        ssh_command=_ssh_command(),
    )
    name = (branch or "HEAD").encode()
    asked = Ref(name if branch is None or branch.startswith("refs/") else _HEADS + name)
    cache.mkdir(parents=True, exist_ok=True)
    with closing(_cache(cache)) as repo:

        def wants(refs: Mapping[Ref, ObjectID], depth: int | None = None) -> list[ObjectID]:
            del depth  # the whole history is wanted, so that commits can be compared
            sha = refs.get(asked)
            return [sha] if sha is not None and sha not in repo.object_store else []

        result = client.fetch(path, repo, determine_wants=wants, ref_prefix=[asked])
        sha = result.refs.get(asked)
        if sha is None:
            return _without(client, path, result)
        kept = Ref(b"refs/reconciler/" + asked.removeprefix(b"refs/"))
        repo.refs[kept] = sha
    return {"ref": kept.decode()}


def _without(client: Any, path: str, result: FetchPackResult) -> dict[str, Any]:
    """The branch is not there: what HEAD names, and which there are."""
    heads = client.get_refs(path.encode() if isinstance(path, str) else path)
    names = [_text(ref.removeprefix(_HEADS)) for ref in heads.refs if ref.startswith(_HEADS)]
    head = {**result.symrefs, **heads.symrefs}.get(Ref(b"HEAD"))
    return {
        "code": "no_branch",
        "head": _text(head.removeprefix(_HEADS)) if head else None,
        "branches": sorted(names)[:20],
    }


def _text(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")


def _ssh_command() -> str:
    """The user's own, from where git would take it, or one that asks nobody."""
    if named := os.environ.get("GIT_SSH_COMMAND"):
        return named
    with contextlib.suppress(KeyError):
        return StackedConfig.default().get((b"core",), b"sshCommand").decode()
    if program := os.environ.get("GIT_SSH"):
        return shlex.quote(program)
    return _SSH


def _cache(location: Path) -> Repo:
    for left in location.glob("objects/pack/tmp_pack_*"):  # of a fetch that was killed
        left.unlink(missing_ok=True)
    try:
        return Repo(str(location))
    except NotGitRepository:
        return Repo.init_bare(str(location))


@contextmanager
def _locked(cache: Path) -> Iterator[None]:
    """One process at a time works on a cache. Waiting for it counts to the bound on the whole."""
    cache.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(f"{cache}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _discard(cache: Path) -> None:
    """Whoever reads it just now finds it gone or whole, and reads again."""
    if cache.exists():
        aside = cache.with_name(f".{cache.name}.{os.getpid()}")
        cache.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)


def _reason(error: BaseException) -> str:
    """The cause, without the pools and retries of the HTTP library around it."""
    found = error
    while (inner := getattr(found, "reason", None) or found.__cause__ or found.__context__) is not None:
        if not isinstance(inner, HTTPError):
            break
        found = inner
    return re.sub(r"^\w+\([^)]*\): ", "", str(found))
