"""Which sources a push concerns: those that are read from that repository, at that branch. No I/O.

A forge has several URLs for a repository, and a source is read by one of them, or by another name of the
forge's. So host and path are compared, without scheme, user, port and `.git`; where no source is at that
host, the path alone. To take one source too many costs a look at its remote, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from reconciler.daemon.hook.push import Push
from reconciler.manifest.source.state import SourceSpec

_SCP = re.compile(r"(?:[^@/]+@)?([^/:@]+):(?!//)(.+)")
_HEADS = "refs/heads/"


@dataclass(frozen=True, slots=True)
class Where:
    """A repository's host and path, as they are compared; a path of this machine has no host."""

    host: str
    path: str


def where(repository: str) -> Where:
    """Of a URL, git's `user@host:path`, or a path of this machine."""
    host, path = "", repository
    if "://" in repository:
        try:
            parts = urlsplit(repository)
            host, path = parts.hostname or "", parts.path
        except ValueError:  # such as a bracket that is not closed: it is nobody's
            return Where("", repository)
    elif not repository.startswith(("/", ".")) and (match := _SCP.fullmatch(repository)):
        host, path = match[1], match[2]
    return Where(host.lower(), path.strip("/").removesuffix(".git").rstrip("/").casefold())


def concerned(push: Push, sources: Iterable[tuple[str, SourceSpec]]) -> frozenset[str]:
    """The labels of the sources that a push is about, of all that there are with their labels."""
    known = dict(sources)
    if push.source:
        known = {label: spec for label, spec in known.items() if push.source in (label, spec.name)}
    found = {label for label, spec in known.items() if _of_ref(push, spec)}
    if push.source or not push.repositories:
        return frozenset(found)
    named = {where(each) for each in push.repositories}
    exact = {label for label, spec in known.items() if _place(spec) in named}
    paths = {each.path for each in named}
    near = {label for label, spec in known.items() if (at := _place(spec)) is not None and at.path in paths}
    return frozenset(found & (exact or near))


def _place(spec: SourceSpec) -> Where | None:
    if spec.git is None:
        return where(str(Path(spec.paths[0]).resolve())) if spec.paths else None
    if spec.is_remote:
        return where(spec.git)
    return where(str(Path(spec.git.removeprefix("file://")).resolve()))


def _of_ref(push: Push, spec: SourceSpec) -> bool:
    if not push.refs or spec.git is None:
        return True
    branch = spec.branch or push.default_branch
    if not branch:
        return True
    return (branch if branch.startswith("refs/") else _HEADS + branch) in push.refs
