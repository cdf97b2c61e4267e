"""Letting the manifests follow a rollback: what they have to say for it to be over, as changes of files.

A change is checked by reading it as a source is read: a document that would not say just what is wanted is
written anew as a whole, and one that cannot be written at all is named. Nothing is written to a disk here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler.engine.desired import known_to, with_fingerprints
from reconciler.engine.engine import Engine
from reconciler.errors import ManifestError
from reconciler.manifest.load import load
from reconciler.manifest.model import Known, ManifestSet
from reconciler.manifest.source.files import SourceFile
from reconciler.manifest.source.git.place import place_of
from reconciler.manifest.source.state import SourceState
from reconciler.manifest.write.edit import edited, whole_document
from reconciler.manifest.write.files import (
    FileChange,
    document_at,
    with_another,
    with_document,
    without_document,
)
from reconciler.model.address import Address
from reconciler.model.resource import Desired
from reconciler.store.database.session import Transaction
from reconciler.store.desired.pins import Pin, live_pins
from reconciler.store.desired.rows import load_desired


@dataclass(frozen=True, slots=True)
class Followed:
    """The changes of a source's files, and what is to be known of them.

    `anew` are roots whose documents are written anew, their comments lost; `left` are those that cannot be
    written, and why.
    """

    changes: tuple[FileChange, ...]
    anew: tuple[Address, ...] = ()
    left: tuple[tuple[Address, str], ...] = ()


@dataclass(slots=True)
class _Files:
    """A source's files while they are changed, by their names; None for one that goes."""

    state: SourceState
    now: dict[str, bytes | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.now = {file.display_name: file.content for file in self.state.files}

    def sources(self) -> list[SourceFile]:
        return [SourceFile(name, text) for name, text in sorted(self.now.items()) if text is not None]

    def name_of(self, path: str) -> str:
        """A file's name by its path within the source; a new one is put where its like are."""
        for name in self.now:
            if self.state.path(name) == path:
                return name
        root = Path(self.state.places[0]) if self.state.places else None
        return str(root / path) if root is not None and self.state.kind != "git" else path


def follow(
    tx: Transaction, engine: Engine, state: SourceState, chosen: frozenset[Address] | None
) -> Followed:
    """What a source's files have to say for its pins to end; of all, or of the chosen roots.

    Raises ManifestError where the files as they are cannot be read.
    """
    pins = [p for p in live_pins(tx) if p.source == state.name and (chosen is None or p.address in chosen)]
    known = replace(known_to(tx, engine, state), documents={})
    wanted = load_desired(tx, [pin.address for pin in pins], engine.catalog)
    files = _Files(state)
    anew: list[Address] = []
    left: list[tuple[Address, str]] = []
    for pin in pins:
        target = wanted.get(pin.address)
        before = dict(files.now)
        if _try(tx, engine, files, known, pin, target, whole=False):
            continue
        files.now = dict(before)
        if target is not None and _try(tx, engine, files, known, pin, target, whole=True):
            anew.append(pin.address)
            continue
        files.now = before
        left.append((pin.address, "its manifest cannot be written so that it would say that"))
    return Followed(_changes(files), tuple(anew), tuple(left))


def _try(
    tx: Transaction,
    engine: Engine,
    files: _Files,
    known: Known,
    pin: Pin,
    target: Desired | None,
    *,
    whole: bool,
) -> bool:
    """Change one root's document; whether the files then say of it what is wanted."""
    says = _read(engine, files, known).desired.get(pin.address)
    try:
        _change(engine, files, pin, says, target, whole=whole)
        found = _read(engine, files, known).desired.get(pin.address)
    except (ManifestError, ValueError):
        return False
    if found is None or target is None:
        return found is target
    return with_fingerprints(tx, engine, found).hash() == target.hash()


def _read(engine: Engine, files: _Files, known: Known) -> ManifestSet:
    state = files.state
    return load(files.sources(), engine.catalog, known, in_folder=state.in_folder, trusted=state.trusted)


def _change(
    engine: Engine, files: _Files, pin: Pin, says: Desired | None, target: Desired | None, *, whole: bool
) -> None:
    if says is None or says.origin is None:
        if target is not None:
            name = files.name_of(pin.path)
            files.now[name] = with_another(files.now.get(name), whole_document(target, engine.catalog))
        return
    name = says.origin.file
    content = files.now[name] or b""
    document = document_at(content, says.origin.line or 1)
    if document is None:
        raise ValueError(f"there is no document at {says.origin}")
    if target is None:
        files.now[name] = without_document(content, document)
        return
    text = document.content.decode()
    new = whole_document(target, engine.catalog) if whole else edited(text, says, target, engine.catalog)
    files.now[name] = with_document(content, document, new)


def _changes(files: _Files) -> tuple[FileChange, ...]:
    before: Mapping[str, bytes] = {file.display_name: file.content for file in files.state.files}
    names = sorted(name for name in {*before, *files.now} if before.get(name) != files.now.get(name))
    top = _top(files.state, names)
    return tuple(FileChange(_path(name, top), before.get(name), files.now.get(name)) for name in names)


def _top(state: SourceState, names: Sequence[str]) -> Path | None:
    """The folder that a patch's paths are counted from; None where the files' names are such paths."""
    if state.kind == "git" or not names:
        return None
    real = Path(names[0]).resolve()
    at = place_of(real.parent)
    if at is not None:
        return at.top
    root = Path(state.places[0]) if state.places else real.parent
    return root if root.is_dir() else root.parent


def _path(name: str, top: Path | None) -> str:
    return name if top is None else Path(name).resolve().relative_to(top).as_posix()
