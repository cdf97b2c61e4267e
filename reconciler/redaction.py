"""Hides known secrets in what is written for people: logs, traces. It knows values, and nothing of their use.

Nobody hands secrets to a log; this is the last line of defence for the case that somebody does. What other
programs are given of our environment goes through here as well.
"""

from __future__ import annotations

import base64
import html
import json
import re
import threading
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote, unquote_plus

REDACTED = "[secret]"
KEY_VARIABLES = ("RECONCILER_KEY", "RECONCILER_KEY_COMMAND")
"""The environment's, from which the master key can be had: no other program is given them."""
SHORTEST = 4
"""Shorter values are only redacted where they are all of a text; they are found in too many others."""

_LOGIN = re.compile(r"[^@\s]+@[^\s:!]+(?:![^\s=]+=|:)(.+)")  # USER@REALM!NAME=SECRET, USER@REALM:PASSWORD


def without_key(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment for another program: it inherits all but what gives the master key."""
    return {name: value for name, value in environ.items() if name not in KEY_VARIABLES}


class Redactor:
    """Knows the secrets in use and puts a word in their place. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: frozenset[str] = frozenset()
        self._spelt: tuple[str, ...] = ()

    def learn(self, values: Iterable[str]) -> None:
        """Secrets to hide from now on, in any encoding; of a login with its user, the secret alone too."""
        with self._lock:
            new = frozenset(values) - self._known
            if not new:
                return
            # The longest first, so that what contains another is replaced whole.
            self._spelt = tuple(sorted({*self._spelt, *_spellings(new)}, key=len, reverse=True))
            self._known |= new

    def clean(self, value: Any) -> Any:
        """The same without secrets, however deep they are in it."""
        match value:
            case str():
                return self._clean_text(value)
            case Mapping():
                return {self.clean(key): self.clean(each) for key, each in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self.clean(each) for each in value]
            case None | bool():
                return value
            case int() | float():
                text = str(value)
                return REDACTED if len(text) >= SHORTEST and text in self._spelt else value
        return self._clean_text(str(value))

    def _clean_text(self, text: str, encodings: int = 2) -> str:
        """Of a text that has a secret in the encoding of URLs, perhaps twice, the rest comes out decoded."""
        for secret in self._spelt:
            if text == secret:
                return REDACTED
            if len(secret) >= SHORTEST:
                text = text.replace(secret, REDACTED)
        if encodings and "%" in text:
            for plain in {unquote(text), unquote_plus(text)} - {text}:
                if (cleaned := self._clean_text(plain, encodings - 1)) != plain:
                    return cleaned
        return text


def _spellings(values: Iterable[str]) -> Iterable[str]:
    for value in values:
        login = _LOGIN.fullmatch(value.strip())
        for part in filter(None, (value, value.strip(), login and login[1])):
            yield from (part, html.escape(part), base64.b64encode(part.encode()).decode())
            yield from (json.dumps(part, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False))
