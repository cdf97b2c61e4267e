"""What may name a remote repository, a branch and a folder, before anything is done with them.

Other programs get parts of these names on their command lines, so nothing that one of them could take for an
option goes any further, and no name with a control character does.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from dulwich.refs import Ref, check_ref_format

_REMOTE = re.compile(r"(?:https?|ssh|git)://|[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:")
_SCP = re.compile(r"(?P<user>[^@/]*)@(?P<host>[^@:/]*):(?P<path>.*)", re.DOTALL)
_USERINFO = re.compile(r"(?<=://)[^/@\s]*@")
_CONTROL = re.compile(r"[\x00-\x20\x7f]")


def is_remote(url_or_path: str) -> bool:
    """Whether it names a repository elsewhere, rather than a folder of this machine."""
    return _REMOTE.match(url_or_path) is not None


def without_credentials(url: str) -> str:
    """The URL as it may be shown and stored."""
    return _USERINFO.sub("", url)


def wrong_with_url(url: str) -> str | None:
    """Why a remote's URL is not used, None where it is."""
    if _CONTROL.search(url):
        return "there is a space or a control character in it"
    try:
        user, host, path = _parts(url)
    except ValueError as error:
        return f"it is no URL: {error}"
    if not host:
        return "it names no host"
    for what, text in (("user", user), ("host", host), ("path", path)):
        if text.startswith("-"):
            return f"its {what} begins with `-`, which a program would take for an option"
        if _CONTROL.search(text):
            return f"there is a space or a control character in its {what}"
    return None


def wrong_with_branch(branch: str) -> str | None:
    """Why no branch can have this name, None where one can."""
    short = branch.removeprefix("refs/heads/")
    if short.startswith("-"):
        return "it begins with `-`"
    full = branch if branch.startswith("refs/") else f"refs/heads/{branch}"
    if not check_ref_format(Ref(full.encode("utf-8", "surrogateescape"))):
        return "git allows no such name"
    return None


def _parts(url: str) -> tuple[str, str, str]:
    """User, host and path, decoded as their users will. Raises ValueError."""
    if "://" not in url:
        match = _SCP.fullmatch(url)
        return (match["user"], match["host"], match["path"]) if match else ("", "", "")
    parts = urlsplit(url)
    _ = parts.port  # raises ValueError for what is no port
    path = unquote(parts.path)
    if parts.scheme == "ssh":
        path = path.removeprefix("/")  # some servers are given it without the slash
    return unquote(parts.username or ""), unquote(parts.hostname or ""), path
