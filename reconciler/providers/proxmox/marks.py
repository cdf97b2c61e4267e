"""Our mark and people's tags on Proxmox VE, where a tag is one word and only guests have tags.

A guest carries the mark as two tags (`rc-owner-…`, `rc-id-…`). A clone call takes no tags, and what it
makes has those of its template, so there the mark is one line at the end of the description; that line
wins over tags until the next call has written the tags. Where that call never came, the guest shows a
`mark_fault`, so that the next plan brings the mark to its place. A pool has no tags: its mark is such a line
at the end of its comment. People edit comments, so there its words are found wherever they stand, and are
written again where they got lost. A person's tag `key: value` is the word `key+value`, or `key` alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from uuid import UUID

from reconciler.errors import PlanError
from reconciler.model.plan import MarkValue, Param
from reconciler.model.resource import Mark

OWNER = "rc-owner-"
RESOURCE = "rc-id-"
FAULT = "mark_fault"
"""The attribute that says what is wrong with an object's mark; nobody sets it."""
IN_DESCRIPTION = "in the description"
MISSING = "missing"
_WORD = re.compile(r"[a-z0-9_][a-z0-9_+.-]*")
_OURS = (OWNER, RESOURCE)
_ID = r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}"
_LINE = re.compile(rf"{OWNER}{_ID} {RESOURCE}{_ID}")
_ANYWHERE = re.compile(rf"[ \t]*(?<![a-z0-9-])((?:{OWNER}|{RESOURCE}){_ID})(?![0-9a-z-])")
_NOBODY = Mark(UUID(int=0), UUID(int=0))


def compact(word: str) -> str:
    """A word of the mark with its id as 32 digits; any other word as it is."""
    for prefix in (OWNER, RESOURCE):
        if word.startswith(prefix):
            return prefix + word.removeprefix(prefix).replace("-", "")
    return word


def mark_words() -> tuple[MarkValue, ...]:
    """The mark as words whose ids are filled in just before sending."""
    return MarkValue("owner", OWNER + "{}"), MarkValue("resource", RESOURCE + "{}")


def tag_params(tags: Mapping[str, str]) -> tuple[tuple[str, Param], ...]:
    """The mark and all of an object's tags, as parameters: the server replaces the whole list."""
    listed: list[Param] = [*mark_words(), *words_of(tags)]
    return tuple((f"tags[{index}]", word) for index, word in enumerate(listed))


def marked_text(name: str, text: str) -> tuple[tuple[str, Param], ...]:
    """A description or comment with our mark as its last line, as parameters."""
    lines = tuple((f"{name}.mark[{index}]", word) for index, word in enumerate(mark_words()))
    return ((f"{name}.text", text), *lines) if text else lines


def tag_word(key: str, value: str) -> str:
    """The word of a tag. Raises PlanError if the server would not give back the same."""
    word = f"{key}+{value}" if value else key
    if not _WORD.fullmatch(word) or parse_word(word) != (key, value) or word.startswith(_OURS):
        raise PlanError(
            f"tag `{key}: {value}` cannot be kept at Proxmox VE",
            hint="keys and values may have lower-case letters, digits and `_.-`; a key no `+`",
        )
    return word


def parse_word(word: str) -> tuple[str, str]:
    """Key and value of a word; a `+` at its very end belongs to the key."""
    key, separator, value = word.partition("+")
    return (key, value) if separator and value else (word, "")


def words(text: str) -> list[str]:
    """The words of a tag list as the server writes it."""
    return [word for word in re.split(r"[;,\s]+", text) if word]


def tags_of(found: Iterable[str]) -> dict[str, str]:
    """People's tags: every word but the mark's. Of words with one key, the later ones stay whole words."""
    tags: dict[str, str] = {}
    for word in sorted(found):
        if not word.startswith(_OURS):
            key, value = parse_word(word)
            tags |= {word: ""} if key in tags else {key: value}
    return tags


def words_of(tags: Mapping[str, str]) -> tuple[str, ...]:
    """A word for each tag, in the order of keys. Unlike `tag_word` it takes any tag."""
    return tuple(f"{key}+{tags[key]}" if tags[key] else key for key in sorted(tags))


def mark_of(found: Iterable[str]) -> Mark | None:
    """The mark among words; None if there is none, or more than one: then nobody can say whose it is."""
    listed = tuple(found)
    owners, resources = _ids(listed, OWNER), _ids(listed, RESOURCE)
    if len(owners) != 1 or len(resources) != 1:
        return None
    return Mark(owners.pop(), resources.pop())


def _ids(found: Iterable[str], prefix: str) -> set[UUID]:
    ids: set[UUID] = set()
    for word in found:
        digits = word.removeprefix(prefix).replace("-", "")
        if word.startswith(prefix) and re.fullmatch(r"[0-9a-f]{32}", digits):
            ids.add(UUID(digits))
    return ids


def split_text(text: str) -> tuple[str, list[str]]:
    """A person's text, and the words of our line at its end (empty where there is no such line)."""
    body = text.replace("\r\n", "\n").rstrip("\n")
    head, _, last = body.rpartition("\n")
    if not _LINE.fullmatch(last):
        return body, []
    return head.rstrip("\n"), last.split(" ")


def find_in_text(text: str) -> tuple[str, Mark | None]:
    """A text that people edit, without the words of our mark wherever they stand; and that mark.

    Words of several marks make one that is nobody's: whose it is cannot be told, but it is not unmarked.
    """
    body = text.replace("\r\n", "\n")
    found = _ANYWHERE.findall(body)
    if not found:
        return body.strip(), None
    kept = [
        rest
        for line in body.split("\n")
        if (rest := _ANYWHERE.sub("", line)).strip() or not _ANYWHERE.search(line)
    ]
    several = len(_ids(found, OWNER)) > 1 or len(_ids(found, RESOURCE)) > 1
    return "\n".join(kept).strip(), _NOBODY if several else mark_of(found)
