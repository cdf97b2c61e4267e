"""A user and a password for a remote that asks for them, from where git would take them. Asks no person.

git's own helpers are asked by `git credential fill` where git is there. Without it the store that
`credential.helper = store` names is read, then netrc. Nothing is approved or rejected: nothing new was typed,
and what somebody stored is not removed because a server was in a bad mood once.
"""

from __future__ import annotations

import netrc
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from dulwich.config import StackedConfig

from reconciler.manifest.source.git.program import environment, program

HELPER_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Login:
    """Whom a remote is told that we are. The password is left out of `repr`."""

    user: str
    password: str = field(repr=False)


def parsed_login(text: str) -> Login:
    """A credential's value: `user:password`, or a token alone, to which servers take any user."""
    user, colon, password = text.partition(":")
    return Login(user, password) if colon else Login("git", text)


def find_login(url: str) -> Login | None:
    """What this user's git knows of the host of an HTTP URL; None where it knows nothing."""
    git = program()
    if git is not None and (found := _ask_git(git, url)) is not None:
        return found
    if git is None and (found := _from_stores(url)) is not None:
        return found
    return _from_netrc(url)


def _ask_git(git: str, url: str) -> Login | None:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    asked = {"protocol": parts.scheme, "host": host, "path": parts.path.lstrip("/")}
    if parts.username:
        asked["username"] = unquote(parts.username)
    lines = "".join(f"{name}={value}\n" for name, value in asked.items())
    try:
        done = subprocess.run(
            [git, "-c", "core.askPass=", "credential", "fill"],
            input=f"{lines}\n".encode(),
            cwd="/",  # in no repository, so that only the user's and the system's settings count
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=HELPER_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    if done.returncode != 0:
        return None
    answer = dict(line.partition("=")[::2] for line in done.stdout.decode("utf-8", "replace").splitlines())
    password = answer.get("password")
    return Login(answer.get("username", ""), password) if password else None


def _from_stores(url: str) -> Login | None:
    wanted = urlsplit(url)
    for path in _store_files():
        try:
            lines = path.read_text(errors="replace").splitlines()
        except OSError:
            continue
        for line in lines:
            try:
                found = urlsplit(line.strip())
                same = (found.scheme, found.hostname, found.port) == (
                    wanted.scheme,
                    wanted.hostname,
                    wanted.port,
                )
            except ValueError:
                continue
            user = unquote(found.username or "")
            if same and found.password and wanted.username in (None, found.username, user):
                return Login(user, unquote(found.password))
    return None


def _store_files() -> Iterator[Path]:
    try:
        helpers = list(StackedConfig.default().get_multivar((b"credential",), b"helper"))
    except (KeyError, OSError, ValueError):
        return
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    for helper in helpers:
        name, *options = helper.decode("utf-8", "replace").split()
        if name != "store":
            continue
        named = [option.removeprefix("--file=") for option in options if option.startswith("--file=")]
        if named:
            yield Path(named[0]).expanduser()
        else:
            yield Path.home() / ".git-credentials"
            yield config / "git" / "credentials"


def _from_netrc(url: str) -> Login | None:
    try:
        found = netrc.netrc().authenticators(urlsplit(url).hostname or "")
    except (OSError, netrc.NetrcParseError):
        return None
    if found is None or not found[2]:
        return None
    return Login(found[0] or "", found[2])
