"""What a request's body says was pushed: names of a repository, and refs. No I/O.

The bodies of GitHub, GitLab, Gitea and Forgejo differ in where a repository's URLs stand and agree on `ref`.
A script says `{"repository": "<URL or path>", "ref": "refs/heads/main"}`, or `{"source": "<name>"}`. What is
not said is not narrowed down: a body that names no repository is about every source.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

_EVENTS = ("x-forgejo-event", "x-gitea-event", "x-github-event", "x-gitlab-event", "x-gogs-event")
_PUSHES = frozenset({"push", "Push Hook", "Tag Push Hook", "System Hook"})
_URLS = (
    *("clone_url", "ssh_url", "html_url", "git_url", "url", "homepage"),
    *("git_http_url", "git_ssh_url", "http_url", "web_url"),
)
"""Of `repository` (GitHub, Gitea, Forgejo, GitLab) and of `project` (GitLab)."""
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Push:
    """`repositories`: URLs or paths, any of which may be what a source is read by; `refs`: in full.

    `default_branch`: what the repository calls its own, "" where that was not said. `source`: a source by its
    name. Empty ones narrow nothing down.
    """

    repositories: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    default_branch: str = ""
    source: str = ""


def is_push(headers: Mapping[str, str]) -> bool:
    """Whether a forge says that it is about a push; True where nobody says what it is about."""
    events = [headers[name] for name in _EVENTS if name in headers]
    return not events or any(event in _PUSHES for event in events)


def read_push(headers: Mapping[str, str], body: bytes) -> Push:
    """What the body says, JSON or a form whose `payload` is JSON. Raises ValueError where it is neither.

    `headers` are by their names in lower case.
    """
    text = body.decode("utf-8")
    if headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM and "payload=" in text:
        text = parse_qs(text, max_num_fields=16)["payload"][0]
    try:
        said = json.loads(text) if text.strip() else {}
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(said, dict):
        raise ValueError("it is no object")  # noqa: TRY004 - of the text, which is what is wrong
    repository, project = said.get("repository"), said.get("project")
    refs = said["refs"] if isinstance(said.get("refs"), list) else [said.get("ref")]
    return Push(
        repositories=tuple(dict.fromkeys([*_urls(repository), *_urls(project)])),
        refs=tuple(each for each in refs if isinstance(each, str) and each),
        default_branch=_text(repository, "default_branch") or _text(project, "default_branch"),
        source=_text(said, "source"),
    )


def _urls(value: object) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    return [found for name in _URLS if (found := _text(value, name))]


def _text(value: object, name: str) -> str:
    found: Any = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""
