"""A git repository to read from: made, and committed to, without git itself."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from dulwich.objects import Blob, Commit, ObjectID, Tree
from dulwich.refs import Ref
from dulwich.repo import Repo
from dulwich.server import BackendRepo, DictBackend
from dulwich.web import make_wsgi_chain

AUTHOR = b"Jane Doe <jane@example.com>"
REGULAR, LINK, SUBMODULE = 0o100644, 0o120000, 0o160000


def new_repository(folder: Path) -> Path:
    folder.mkdir(parents=True)
    Repo.init_bare(str(folder)).close()
    return folder


def commit(
    folder: Path,
    files: Mapping[str, str | tuple[int, str]],
    branch: str = "main",
    message: str = "Change the fleet\n",
) -> str:
    """A commit whose whole tree is `files` (text, or mode and text), as the tip of the branch."""
    with Repo(str(folder)) as repo:
        tree = _tree(repo, files)
        ref = Ref(f"refs/heads/{branch}".encode())
        made = Commit()
        made.tree = tree
        made.parents = [repo.refs[ref]] if ref in repo.refs else []
        made.author = made.committer = AUTHOR
        made.author_time = made.commit_time = 1_767_268_800
        made.author_timezone = made.commit_timezone = 3600
        made.encoding = b"UTF-8"
        made.message = message.encode()
        repo.object_store.add_object(made)
        repo.refs[ref] = made.id
        repo.refs.set_symbolic_ref(Ref(b"HEAD"), Ref(b"refs/heads/main"))
        return made.id.decode()


def _tree(repo: Repo, files: Mapping[str, str | tuple[int, str]]) -> ObjectID:
    tree = Tree()
    folders: dict[str, dict[str, str | tuple[int, str]]] = {}
    for path, content in files.items():
        name, _, rest = path.partition("/")
        if rest:
            folders.setdefault(name, {})[rest] = content
            continue
        mode, text = content if isinstance(content, tuple) else (REGULAR, content)
        if mode == SUBMODULE:
            tree.add(name.encode(), mode, ObjectID(text.encode()))
            continue
        blob = Blob.from_string(text.encode())
        repo.object_store.add_object(blob)
        tree.add(name.encode(), mode, blob.id)
    for name, below in folders.items():
        tree.add(name.encode(), 0o040000, _tree(repo, below))
    repo.object_store.add_object(tree)
    return tree.id


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


def _guarded(app: Any, login: str) -> Any:
    """The application for whoever sends `user:password` as Basic auth, and 401 for everybody else."""
    expected = "Basic " + base64.b64encode(login.encode()).decode()

    def answer(environ: dict[str, Any], start: Any) -> Any:
        if environ.get("HTTP_AUTHORIZATION") == expected:
            return app(environ, start)
        start("401 Unauthorized", [("WWW-Authenticate", 'Basic realm="fleet"'), ("Content-Length", "0")])
        return []

    return answer


@contextmanager
def silent(port: int = 0) -> Iterator[int]:
    """A port on this machine that accepts every connection and never says a word."""
    with socket.create_server(("127.0.0.1", port), backlog=64) as listening:
        yield int(listening.getsockname()[1])


@contextmanager
def served(folder: Path, login: str | None = None, port: int = 0) -> Iterator[str]:
    """The repository over HTTP on this machine, for everybody or by a login only; gives its URL."""
    with Repo(str(folder)) as repo:
        served_here: dict[str, BackendRepo] = {"/fleet.git": repo}
        app = make_wsgi_chain(DictBackend(served_here))
        app = _guarded(app, login) if login else app
        server = make_server("127.0.0.1", port, app, handler_class=_Quiet)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/fleet.git"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
