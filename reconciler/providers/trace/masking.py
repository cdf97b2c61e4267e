"""Takes the secrets out of a request or an answer: known ones by their value, all others by their name.

Rather a harmless value too many than a secret: a field whose name sounds like one is masked, whatever it is.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode

from reconciler.redaction import REDACTED, Redactor

_WORDS = (
    "passw|passphrase|secret|token|ticket|csrf|private[_-]?key|user[_-]?data|credential|api[_-]?key"
    "|authoriz|cookie|wss_url"
)
_NAME = re.compile(_WORDS, re.I)
_FORM = "application/x-www-form-urlencoded"
# In a text (a page, a file within an answer, an answer that was cut off): from such a name on, its value.
_LOOSE = re.compile(
    rf"""((?:{_WORDS})[\w-]*["']?\s*[:=]\s*)("(?:[^"\\]|\\.)*"?|'[^']*'?|[^&<>"'\r\n]+)""", re.I
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S
)


def body(content: bytes | str | None, kind: str, redactor: Redactor) -> Any:
    """A body as JSON can hold it: parsed where it is JSON or a form, else its text; None for an empty one."""
    text = content.decode(errors="replace") if isinstance(content, bytes) else content
    if not text:
        return None
    try:
        return value(json.loads(text), redactor)
    except ValueError:
        return value(_fields(text), redactor) if kind.startswith(_FORM) else loose(text, redactor)


def value(given: Any, redactor: Redactor) -> Any:
    """The same without secrets, however deep they are in it."""
    return redactor.clean(_by_name(given))


def loose(text: str, redactor: Redactor) -> str:
    """A text of no known form without what looks like a secret in it."""
    return str(redactor.clean(_text(text)))


def path(url: str, redactor: Redactor) -> str:
    """A path with its query, as it was sent but for secrets."""
    where, mark, query = url.partition("?")
    sent = parse_qsl(query, keep_blank_values=True)
    told = [(name, REDACTED if _NAME.search(name) else str(redactor.clean(each))) for name, each in sent]
    if told != sent:
        query = urlencode(told, safe="[]")
    return str(redactor.clean(f"{where}{mark}{query}"))


def _by_name(given: Any) -> Any:
    match given:
        case dict():
            return {name: _named(str(name), each) for name, each in given.items()}
        case list() | tuple():
            return [_by_name(each) for each in given]
        case str():
            return _text(given)
    return given


def _text(given: str) -> str:
    return _LOOSE.sub(rf"\1{REDACTED}", _PRIVATE_KEY.sub(REDACTED, given))


def _named(name: str, given: Any) -> Any:
    """Of a secret's field only that it is empty, or a yes or no, is told."""
    if given is None or isinstance(given, bool) or not _NAME.search(name):
        return _by_name(given)
    return REDACTED


def _fields(form: str) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, each in parse_qsl(form, keep_blank_values=True):
        fields[name] = [*_listed(fields[name]), each] if name in fields else each
    return fields


def _listed(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]
