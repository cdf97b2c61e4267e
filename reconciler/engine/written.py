"""Where a value that was applied is written: the file is read again, at the commit that was read then.

Positions are not stored for each attribute: the reader could say them, but a row more for each would cost
every load, and be read by one question. The document's hash is on record, and proves that the text is the
same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dulwich.objects import Commit

from reconciler.errors import ReconcilerError
from reconciler.manifest.read.written import Written, written
from reconciler.manifest.source.git.place import place_of
from reconciler.manifest.source.git.repository import opened
from reconciler.manifest.source.git.tree import blob_at
from reconciler.model.catalog import TypeAttribute
from reconciler.store.history.changes import ManifestPlace


@dataclass(frozen=True, slots=True)
class Manifest:
    """A root's document, and the part in it that is asked about; None for the root itself."""

    root: ManifestPlace
    part: ManifestPlace | None
    commit: str | None


def where_written(manifest: Manifest, rules: Mapping[str, TypeAttribute]) -> Written | None:
    """Line and column of each value; None where the text that was applied is not to be had here."""
    root, part = manifest.root, manifest.part
    if root.document_hash is None:
        return None
    for content in _texts(Path(root.file), manifest.commit):
        found = written(
            content,
            root.document_hash,
            root.line,
            (part.line, part.column_number) if part is not None else None,
            rules,
        )
        if found is not None:
            return found
    return None


def _texts(file: Path, commit: str | None) -> Iterator[bytes]:
    """As the commit has it, then as it is on disk. Whatever cannot be read is no text."""
    try:
        real = file.resolve()
        git = place_of(real.parent) if commit else None
        if git is not None and commit is not None:
            inside = real.relative_to(git.top).as_posix()
            with opened(git.top, git.name) as repo:
                made = repo[commit.encode()]
                text = blob_at(repo.object_store, made.tree, inside) if isinstance(made, Commit) else None
            if text is not None:
                yield text
    except (ReconcilerError, ValueError, OSError):
        pass
    with suppress(OSError):
        yield file.read_bytes()
