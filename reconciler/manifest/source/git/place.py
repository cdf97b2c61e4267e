"""Where a folder lies in git: the work tree's top, and what its repository is called wherever it is cloned.

It reads git's own files and asks nobody; what it cannot read counts as not there. A repository is called by
its remote's host and path, so that ssh, https and every clone of it are one; without a remote, by its path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from dulwich.config import ConfigFile

_SCP = re.compile(r"(?:[^@/\s]+@)?(?P<host>[A-Za-z0-9._-]+):(?P<path>(?!//).+)")
_DEFAULT_PORTS = {"http": 80, "https": 443, "ssh": 22, "git": 9418}
_MOST_HOPS = 5  # clones of clones on this machine


@dataclass(frozen=True, slots=True)
class GitPlace:
    """`top` is the work tree's (or the bare repository's) folder. `repository` is its name by its remote."""

    top: Path
    name: str
    repository: str | None


def place_of(folder: Path) -> GitPlace | None:
    """The repository that a folder lies in; None for none. `folder` is a real path."""
    for top in (folder, *folder.parents):
        git = _git_folder(top)
        if git is not None:
            return _named(top, git)
    return None


def repository_at(path: Path) -> GitPlace | None:
    """The repository that a path itself is: a work tree's top, or a bare repository."""
    real = path.resolve()
    git = _git_folder(real) or (real if _is_repository(real) else None)
    if git is None:
        return None
    return _named(real.parent if real.name == ".git" else real, git)


def remote_name(url: str) -> str:
    """`host/path` of a remote's address, without the way there: no scheme, user, default port or `.git`."""
    parts = urlsplit(url) if "://" in url else None
    if parts is not None:
        try:
            port = parts.port
        except ValueError:
            port = None
        host = (parts.hostname or "").lower()
        shown = f":{port}" if port is not None and port != _DEFAULT_PORTS.get(parts.scheme) else ""
        return f"{host}{shown}/{_path(parts.path)}"
    scp = _SCP.fullmatch(url)
    return f"{scp['host'].lower()}/{_path(scp['path'])}" if scp else url


def _path(text: str) -> str:
    return text.strip("/").removesuffix(".git").strip("/")


def _named(top: Path, git: Path, hops: int = 0) -> GitPlace:
    remote = _remote(git)
    common = _common(git)
    home = common.parent if common.name == ".git" else common
    if remote is None:
        return GitPlace(top, str(home), None)
    if ("://" in remote and not remote.startswith("file://")) or _is_scp(remote):
        name = remote_name(remote)
        return GitPlace(top, name, name)
    origin = (home / remote.removeprefix("file://")).resolve()
    there = _git_folder(origin) or (origin if _is_repository(origin) else None)
    if there is None or hops >= _MOST_HOPS:
        return GitPlace(top, str(origin), None)
    found = _named(origin.parent if origin.name == ".git" else origin, there, hops + 1)
    return GitPlace(top, found.name, found.repository)


def _is_scp(remote: str) -> bool:
    return not remote.startswith(("/", ".", "~")) and _SCP.fullmatch(remote) is not None


def _git_folder(top: Path) -> Path | None:
    """The `.git` of a work tree, followed where it is a file that names another place."""
    git = top / ".git"
    try:
        if git.is_dir():
            return git if _is_repository(git) else None
        if git.is_file():
            text = git.read_text(encoding="utf-8", errors="replace").strip()
            if text.startswith("gitdir:"):
                found = (top / text.removeprefix("gitdir:").strip()).resolve()
                return found if (found / "HEAD").exists() else None
    except OSError:
        return None
    return None


def _is_repository(folder: Path) -> bool:
    try:
        return (folder / "HEAD").is_file() and (folder / "objects").is_dir()
    except OSError:
        return False


def _common(git: Path) -> Path:
    """The folder that all work trees of a repository share."""
    try:
        return (git / (git / "commondir").read_text(encoding="utf-8").strip()).resolve()
    except (OSError, ValueError):
        return git


def _remote(git: Path) -> str | None:
    """The address of `origin`, or of the only remote there is."""
    try:
        config = ConfigFile.from_path(str(_common(git) / "config"))
        urls = {
            section[1]: config.get(section, b"url").decode("utf-8", "replace")
            for section in config.sections()
            if len(section) == 2
            and section[0] == b"remote"
            and config.has_section(section)
            and b"url" in dict(config.items(section))
        }
    except (OSError, ValueError, KeyError):
        return None
    if b"origin" in urls:
        return urls[b"origin"]
    return next(iter(urls.values())) if len(urls) == 1 else None
