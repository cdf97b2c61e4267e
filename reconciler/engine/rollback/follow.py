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
from reconciler.manifest.model import Known
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
    """A source's files while they are changed, by their names; None for one that goes.

    `says` is what they say as they are, read by the last `read`.
    """

    engine: Engine
    state: SourceState
    known: Known
    now: dict[str, bytes | None] = field(init=False)
    says: Mapping[Address, Desired] = field(init=False)

    def __post_init__(self) -> None:
        self.now = {file.display_name: file.content for file in self.state.files}
        self.says = self.read()

    def read(self) -> Mapping[Address, Desired]:
        """What they say. Raises ManifestError where they cannot be read."""
        files = [SourceFile(name, text) for name, text in sorted(self.now.items()) if text is not None]
        state, catalog = self.state, self.engine.catalog
        return load(files, catalog, self.known, in_folder=state.in_folder, trusted=state.trusted).desired

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
    if not pins:
        return Followed(())
    files = _Files(engine, state, replace(known_to(tx, engine, state), documents={}))
    following = _Following(tx, engine, files, load_desired(tx, [pin.address for pin in pins], engine.catalog))
    left = pins
    while left and (again := following.together(left)) != left:
        left = again  # what refers to another goes, or comes, in a later round
    why = "its manifest cannot be written so that it would say that"
    return Followed(_changes(files), tuple(following.anew), tuple((pin.address, why) for pin in left))


@dataclass(slots=True)
class _Following:
    """The documents while they are changed; all are read at once, and halves of them where some disagree."""

    tx: Transaction
    engine: Engine
    files: _Files
    wanted: Mapping[Address, Desired]
    anew: list[Address] = field(default_factory=list)

    def together(self, pins: list[Pin]) -> list[Pin]:
        """Change their documents, in their places or else as a whole; gives those that could not be."""
        if self._agree(pins, whole=False):
            return []
        if len(pins) > 1:
            half = len(pins) // 2
            return [*self.together(pins[:half]), *self.together(pins[half:])]
        (pin,) = pins
        if pin.address in self.wanted and self._agree(pins, whole=True):
            self.anew.append(pin.address)
            return []
        return pins

    def _agree(self, pins: list[Pin], *, whole: bool) -> bool:
        """Change all of these; whether they then say what is wanted. If not, the files are as they were."""
        files, before = self.files, dict(self.files.now)
        try:
            for pin in sorted(pins, key=self._from_the_end):
                target = self.wanted.get(pin.address)
                _change(self.engine, files, pin, files.says.get(pin.address), target, whole=whole)
            said = files.read()
        except (ManifestError, ValueError):
            said = None
        if said is None or not all(self._is_wanted(pin.address, said.get(pin.address)) for pin in pins):
            files.now = before
            return False
        files.says = said
        return True

    def _from_the_end(self, pin: Pin) -> tuple[int, Address]:
        """A document that changes moves those behind it, whose lines are as they were read."""
        says = self.files.says.get(pin.address)
        return -(says.origin.line or 1) if says is not None and says.origin is not None else 1, pin.address

    def _is_wanted(self, address: Address, said: Desired | None) -> bool:
        target = self.wanted.get(address)
        if said is None or target is None:
            return said is target
        return with_fingerprints(self.tx, self.engine, said).hash() == target.hash()


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
