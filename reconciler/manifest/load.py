"""From files to a whole set: reads every document and checks them all together, or says all that is wrong.

A set is used whole or not at all. With any problem in any file nothing may follow from it, above all no
deletion, so a ManifestError is the only other outcome. No I/O: the files' contents are given.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from reconciler.errors import Location, Problem
from reconciler.manifest.check.inventory import read_inventory
from reconciler.manifest.check.references import Places, check_circles, check_pointers, report_twice
from reconciler.manifest.context import context_hash
from reconciler.manifest.findings import Findings, Scope
from reconciler.manifest.model import Known, KnownDocument, ManifestSet
from reconciler.manifest.read.envelope import (
    INVENTORY_KINDS,
    Envelope,
    declared_address,
    declared_kind,
    read_envelope,
)
from reconciler.manifest.read.resources import Pointer, ResourceRead, read_resource
from reconciler.manifest.read.surroundings import Surroundings
from reconciler.manifest.read.user_types import read_user_catalog
from reconciler.manifest.source.files import SourceFile
from reconciler.manifest.yaml.nodes import Document
from reconciler.manifest.yaml.reader import (
    MAX_FILE_BYTES,
    RawDocument,
    parse_document,
    split_documents,
    too_large,
)
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.values import digest

_USER_KINDS = ("ResourceType", "AttributeDefinition", "RelationshipType")


def load(
    files: Sequence[SourceFile],
    catalog: Catalog,
    known: Known | None = None,
    *,
    in_folder: bool = True,
    trusted: bool = True,
) -> ManifestSet:
    """The set that the files make. Raises ManifestError with every problem of every file.

    `in_folder`: whether the files' names are paths, so that a path in them may be relative to its file.
    `trusted`: whether they may declare endpoints and credentials; the operator says so, never the files.
    """
    with _collector_paused():
        return _Loader(catalog, known or Known()).load(files, in_folder=in_folder, trusted=trusted)


def load_offline(files: Sequence[SourceFile], catalog: Catalog) -> ManifestSet:
    """`load` without a database: the set must declare everything that it refers to."""
    return load(files, catalog)


def declared_roots(files: Sequence[SourceFile], catalog: Catalog) -> dict[Address, Location]:
    """What documents say they are, and where, whatever else is wrong with them.

    Raises ManifestError where one cannot be read at all: it may be anything.
    """
    found = _Loader(catalog, Known())
    documents = found.parse_all(files)
    if error := found.findings.error():
        raise error
    roots: dict[Address, Location] = {}
    for document in documents:
        address = declared_address(document, catalog)
        if address is not None:
            roots.setdefault(address, Location(document.file, document.start_line, 1))
    return roots


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Nodes form no cycles, but the collector would walk all of them, again and again: 40 % of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@dataclass(frozen=True, slots=True)
class _Raw:
    """A document not parsed yet, and what is known of it from an earlier time."""

    file: str
    raw: RawDocument
    known: KnownDocument | None

    @property
    def where(self) -> Location:
        return Location(self.file, self.raw.start_line, 1)


@dataclass(slots=True)
class _Loader:
    catalog: Catalog
    known: Known
    findings: Findings = field(default_factory=Findings)
    places: dict[Address, Location] = field(default_factory=dict)
    documents: dict[Address, bytes] = field(default_factory=dict)

    def load(self, files: Sequence[SourceFile], *, in_folder: bool, trusted: bool) -> ManifestSet:
        raw = self._split(files)
        documents = self._parse(each for each in raw if each.known is None)
        skipped = [each for each in raw if each.known is not None]
        stated = self._envelopes((d for d in documents if declared_kind(d) in INVENTORY_KINDS), self.catalog)
        user = read_user_catalog(
            [each for each in stated if each.kind in _USER_KINDS],
            self.catalog,
            self.known,
            self.findings,
        )
        inventory, around = read_inventory(
            stated, user.catalog, user.parts, self.known, in_folder=in_folder, trusted=trusted
        )
        context = context_hash(user.catalog, around.endpoints)
        if self.known.context not in (None, context):
            documents += self._parse(skipped)
            skipped = []
        rest = (each for each in documents if declared_kind(each) not in INVENTORY_KINDS)
        envelopes = self._envelopes(rest, user.catalog, user.broken_kinds)
        pointers = self._unchanged(skipped)
        resources = self._resources(envelopes, around)
        pointers += [pointer for each in resources for pointer in each.pointers]
        desired = {each.desired.address: each.desired for each in resources}
        roots = {a: where for a, where in self.places.items() if a.type not in INVENTORY_KINDS.values()}
        places = Places(roots, self.known.resources)
        check_pointers(pointers, desired, places, user.catalog, self.findings)
        check_circles(pointers, desired, self.findings)
        if error := self.findings.error():
            raise error
        return ManifestSet(
            desired=desired,
            unchanged=frozenset(each.known.address for each in skipped if each.known),
            places={each.known.address: each.where for each in skipped if each.known},
            inventory=inventory,
            documents=self.documents,
            catalog=user.catalog,
            context=context,
            content_hash=digest(sorted(each.raw.content_hash for each in raw)),
            files=tuple(file.display_name for file in files),
        )

    def parse_all(self, files: Sequence[SourceFile]) -> list[Document]:
        """Every document of the files, with nothing but its syntax looked at."""
        return self._parse(
            _Raw(file.display_name, raw, None) for file in files for raw in split_documents(file.content)
        )

    def _split(self, files: Sequence[SourceFile]) -> list[_Raw]:
        found: list[_Raw] = []
        for file in files:
            if len(file.content) > MAX_FILE_BYTES:
                self.findings.add(too_large(file.display_name, len(file.content)))
                continue
            for raw in split_documents(file.content):
                known = self.known.documents.get(bytes.fromhex(raw.content_hash))
                found.append(_Raw(file.display_name, raw, known))
        if not found and not self.findings.count:
            where = Location(files[0].display_name) if files else None
            hint = "nothing is deleted because of this; to remove everything, say so with the destroy command"
            self.findings.add(Problem("manifest.empty", "there is no manifest", where, hint=hint))
        return found

    def _parse(self, raw: Iterable[_Raw]) -> list[Document]:
        found: list[Document] = []
        for each in raw:
            document, problems = parse_document(each.raw, each.file)
            self.findings.add(*problems)
            if document is not None:
                found.append(document)
        return found

    def _envelopes(
        self,
        documents: Iterable[Document],
        catalog: Catalog,
        broken_kinds: frozenset[str] = frozenset(),
    ) -> list[Envelope]:
        found: list[Envelope] = []
        for document in documents:
            scope = Scope(self.findings, document.file)
            envelope = read_envelope(document, catalog, broken_kinds, scope)
            if envelope is not None and self._is_new(envelope.address, envelope.origin):
                found.append(envelope)
        return found

    def _is_new(self, address: Address, where: Location) -> bool:
        first = self.places.setdefault(address, where)
        if first is where:
            return True
        report_twice(address, where, first, self.findings)
        return False

    def _resources(self, envelopes: Iterable[Envelope], around: Surroundings) -> list[ResourceRead]:
        found: list[ResourceRead] = []
        for envelope in envelopes:
            resource = read_resource(envelope, around)
            if resource is not None:
                found.append(resource)
                self.documents[envelope.address] = envelope.content_hash
        return found

    def _unchanged(self, skipped: Iterable[_Raw]) -> list[Pointer]:
        """Keep what was read before, and give what it refers to."""
        pointers: list[Pointer] = []
        for each in skipped:
            if each.known is None or not self._is_new(each.known.address, each.where):
                continue
            address = each.known.address
            self.documents[address] = bytes.fromhex(each.raw.content_hash)
            pointers += [
                Pointer(address, target, each.where, by_attribute=False)
                for target in sorted(each.known.references)
            ]
        return pointers
