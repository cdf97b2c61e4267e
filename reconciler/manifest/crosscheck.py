"""Checks what only the whole set shows: each address is there once, and each reference leads somewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.errors import Location, Problem
from reconciler.manifest.findings import Findings
from reconciler.manifest.resources import Pointer
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog, Identity
from reconciler.model.resource import Desired


@dataclass(frozen=True, slots=True)
class Places:
    """Every address that a set names, with where: read anew, unchanged, or declared with problems."""

    declared: Mapping[Address, Location]
    elsewhere: frozenset[Address]

    def has(self, root: Address) -> bool:
        return root in self.declared or root in self.elsewhere


def check_pointers(
    pointers: Iterable[Pointer],
    desired: Mapping[Address, Desired],
    places: Places,
    catalog: Catalog,
    findings: Findings,
) -> None:
    """Report references to nothing, to oneself, and to what another endpoint has."""
    for pointer in pointers:
        if pointer.target.root == pointer.source.root:
            _report("self_reference", "a resource cannot refer to itself", pointer, findings, "remove it")
        elif not places.has(pointer.target.root):
            missing(pointer, places, findings)
        elif len(pointer.target.segments) > 1 and not _part_exists(pointer.target, desired):
            _report(
                "unknown_reference", f"{pointer.target.root} has no {pointer.target}", pointer, findings, None
            )
        elif pointer.by_attribute:
            _check_endpoint(pointer, desired, catalog, findings)


def missing(pointer: Pointer, places: Places, findings: Findings) -> None:
    """Report a reference to a resource that is not there."""
    names = {*places.declared, *places.elsewhere}
    same_type = [str(name) for name in names if name.type == pointer.target.root.type]
    hint = findings.suggestion(str(pointer.target), same_type) or "declare it, or correct the name"
    _report("unknown_reference", f"there is no {pointer.target.root}", pointer, findings, hint)


def _part_exists(target: Address, desired: Mapping[Address, Desired]) -> bool:
    """Parts of what was not read anew are taken at their word."""
    root = desired.get(target.root)
    return root is None or any(part.address == target for part in root.parts)


def _check_endpoint(
    pointer: Pointer, desired: Mapping[Address, Desired], catalog: Catalog, findings: Findings
) -> None:
    """A provider knows an object by an id of its own, which means nothing at another endpoint."""
    source, target = desired.get(pointer.source.root), desired.get(pointer.target.root)
    if source is None or target is None or source.endpoint == target.endpoint:
        return
    offer = catalog.offer(target.type, source.provider_type)
    if offer is not None and offer.identity is not Identity.NONE:
        message = f"{target.address} is at the endpoint {target.endpoint}, this resource at {source.endpoint}"
        hint = "refer to something at the same endpoint; for mere order, use depends_on"
        _report("other_endpoint", message, pointer, findings, hint)


def _report(code: str, message: str, pointer: Pointer, findings: Findings, hint: str | None) -> None:
    findings.problems.append(Problem(f"manifest.{code}", message, pointer.at, str(pointer.source), hint))


def report_twice(address: Address, at: Location, first: Location, findings: Findings) -> None:
    """Two documents with one identity: which one is meant cannot be guessed."""
    message = f"{address} is declared twice, first at {first}"
    findings.problems.append(
        Problem("manifest.duplicate_address", message, at, str(address), "remove or rename one of them")
    )
