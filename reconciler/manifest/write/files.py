"""A source's files with some of their documents changed, removed or added; and that as a patch for git."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.manifest.yaml.split import RawDocument, split_documents


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file by its path from the repository's top, before and after; None where there is none."""

    path: str
    before: bytes | None
    after: bytes | None


def document_at(content: bytes, line: int) -> RawDocument | None:
    """The document in which a line of a file stands; None where none does."""
    found = [each for each in split_documents(content) if each.start_line <= line]
    return found[-1] if found else None


def with_document(content: bytes, document: RawDocument, text: str) -> bytes:
    """The file with one document's text replaced."""
    end = document.offset + len(document.content)
    return content[: document.offset] + text.encode() + content[end:]


def without_document(content: bytes, document: RawDocument) -> bytes | None:
    """The file without one document and the line that began it; None where no document would be left."""
    if len(split_documents(content)) == 1:
        return None
    start = document.offset
    marker = content.rfind(b"\n", 0, max(start - 1, 0)) + 1
    if content[marker:start].startswith(b"---"):
        start = marker
    return content[:start] + content[document.offset + len(document.content) :]


def with_another(content: bytes | None, text: str) -> bytes:
    """The file with one more document at its end; a new file where there was none."""
    if not content:
        return text.encode()
    gap = b"" if content.endswith(b"\n") else b"\n"
    return content + gap + b"---\n" + text.encode()


def patch(changes: Iterable[FileChange]) -> str:
    """A unified diff that `git apply` takes; empty where nothing changes."""
    return "".join(part for change in sorted(changes, key=lambda each: each.path) for part in _diff(change))


def _diff(change: FileChange) -> Iterator[str]:
    if change.before == change.after:
        return
    path = change.path
    yield f"diff --git a/{path} b/{path}\n"
    if change.before is None:
        yield "new file mode 100644\n"
    elif change.after is None:
        yield "deleted file mode 100644\n"
    old = "/dev/null" if change.before is None else f"a/{path}"
    new = "/dev/null" if change.after is None else f"b/{path}"
    for text in difflib.unified_diff(_lines(change.before), _lines(change.after), old, new):
        yield text if text.endswith("\n") else f"{text}\n\\ No newline at end of file\n"


def _lines(content: bytes | None) -> list[str]:
    """Lines as git counts them: by line feeds alone."""
    parts = (content or b"").decode("utf-8", "surrogateescape").split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
