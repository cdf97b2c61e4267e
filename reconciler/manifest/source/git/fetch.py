"""Brings a remote's branch into the cache, in a process of its own that can be ended at any moment.

A remote may accept a connection and stay silent, or send a byte a minute; a library's time-outs count each
read and not the whole. So the whole has a bound here, and what does not end within it is killed, with every
program that it started. Whatever it meets (a damaged cache, a fault of the library) stays in that process.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dulwich.refs import Ref

import reconciler
from reconciler.errors import ConfigurationError, ManifestError
from reconciler.manifest.source.git.login import Login
from reconciler.manifest.source.git.remote_url import without_credentials
from reconciler.manifest.source.git.repository import error
from reconciler.redaction import without_key

SECONDS_VARIABLE = "RECONCILER_GIT_TIMEOUT"
SECONDS = 60.0
"""For one fetch as a whole, where the variable says nothing else."""

_GLANCE = 0.1
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from reconciler.manifest.source.git.fetch_process import main; main()"
)


@dataclass(frozen=True, slots=True)
class Fetch:
    """`branch=None`: the one that the repository calls its own. `shown` is the URL without credentials."""

    url: str
    shown: str
    branch: str | None
    cache: Path
    login: Login | None = None
    anew: bool = False  # the cache turned out to be damaged: make it again

    def run(self, stop: threading.Event | None = None) -> Ref:
        """The ref under which the branch's tip is in the cache. Raises ManifestError."""
        seconds = bound()
        answer = self._answer(seconds, stop)
        match answer.get("code"):
            case None:
                return Ref(str(answer["ref"]).encode())
            case "no_branch":
                raise self._no_branch(answer)
            case "unauthorized":
                hint = (
                    "give git's credential helper a token for it (such as ~/.git-credentials with "
                    "credential.helper = store), or the daemon a --git-credential, or use ssh and a key"
                )
                raise error("unauthorized", "the repository refuses these credentials", self.shown, hint)
            case "no_repository":
                hint = "check the URL; a private repository may also look as if it were not there"
                raise error("no_repository", "there is no such repository", self.shown, hint)
        hint = "check the network and the URL; nothing is changed while it cannot be read"
        reason = without_credentials(str(answer.get("reason"))).replace(self.url, self.shown)
        raise error("unreachable", f"it cannot be fetched: {reason[:300]}", self.shown, hint)

    def _answer(self, seconds: float, stop: threading.Event | None) -> dict[str, Any]:
        request = {
            "url": self.url,
            "branch": self.branch,
            "cache": str(self.cache),
            "anew": self.anew,
            "seconds": seconds,
            "login": [self.login.user, self.login.password] if self.login else None,
        }
        root = Path(reconciler.__file__).resolve().parents[1]
        # Files and no pipes: a helper that lives on may hold a pipe open for ever.
        with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as answered:
            asked.write(json.dumps(request).encode())
            asked.seek(0)
            process = subprocess.Popen(
                [sys.executable, "-P", "-c", _START, str(root)],
                stdin=asked,
                stdout=answered,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env=without_key(os.environ),
                process_group=0,
            )
            try:
                ended = _await(process, seconds, stop)
            finally:
                _kill(process)
            if not ended and stop is not None and stop.is_set():
                return {"code": "unreachable", "reason": "it was told to stop"}
            if not ended:
                return {
                    "code": "unreachable",
                    "reason": f"no end within {seconds:g} s ({SECONDS_VARIABLE} says how long it may take)",
                }
            answered.seek(0)
            return _parsed(answered.read(), process.returncode)

    def _no_branch(self, answer: dict[str, Any]) -> ManifestError:
        return no_branch(self.branch, answer.get("head"), answer.get("branches") or [], self.shown)


def no_branch(branch: str | None, head: str | None, branches: list[str], shown: str) -> ManifestError:
    """What to say of a branch that is not there; `head` is what the repository's own HEAD names."""
    there = ", ".join(sorted(branches)[:10])
    hint = f"there are: {there}; name one with --branch" if there else "commit the manifests first"
    if branch is not None:
        return error("no_branch", f"there is no branch `{branch}`", shown, hint)
    if not branches:
        return error("no_branch", "the repository has no commit yet", shown, "commit the manifests first")
    if head:
        return error("no_branch", f"its HEAD names the branch `{head}`, which is not there", shown, hint)
    return error("no_branch", "its HEAD names no branch that is there", shown, hint)


def bound() -> float:
    """Seconds for one fetch. Raises ConfigurationError where the variable holds no such number."""
    text = os.environ.get(SECONDS_VARIABLE)
    if not text:
        return SECONDS
    with contextlib.suppress(ValueError):
        if 0 < (seconds := float(text)) <= 24 * 3600:
            return seconds
    raise ConfigurationError(
        f"{SECONDS_VARIABLE} is `{text}`, and must be a number of seconds above 0",
        hint=f"for example {SECONDS_VARIABLE}={SECONDS:g}",
    )


def _await(process: subprocess.Popen[bytes], seconds: float, stop: threading.Event | None) -> bool:
    """Whether it ended by itself, in time and before anybody said stop."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not (stop is not None and stop.is_set()):
        try:
            process.wait(min(left, _GLANCE) if stop is not None else left)
        except subprocess.TimeoutExpired:
            continue
        return True
    return process.poll() is not None


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End it and whatever it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _parsed(text: bytes, code: int) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return {"code": "unreachable", "reason": f"the fetching process ended with {code}"}
    return found
