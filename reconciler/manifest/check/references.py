"""Checks what only the whole set shows: addresses are unique, references lead somewhere, none in a circle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from reconciler.errors import Location, Problem
from reconciler.manifest.findings import Findings
from reconciler.manifest.read.resources import Pointer
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog, Identity
from reconciler.model.resource import Desired

_MOST_CIRCLES = 20
"""Circles that are told at once; more of them in one set are told when these are gone."""


@dataclass(frozen=True, slots=True)
class Places:
    """Every address that a set names, with where: read anew, unchanged, or declared with problems."""

    declared: Mapping[Address, Location]
    elsewhere: frozenset[Address]

    def has(self, root: Address) -> bool:
        """Whether a root is declared: in this set, be it with problems, or by another source."""
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
    findings.add(Problem(f"manifest.{code}", message, pointer.at, str(pointer.source), hint))


def check_circles(
    pointers: Sequence[Pointer], desired: Mapping[Address, Desired], findings: Findings
) -> None:
    """Report resources that need each other in a circle: none of them could be the first to be made.

    What is unchanged was without a circle before, so one can only lead through what was read anew.
    """
    if not desired:
        return
    edges: dict[Address, dict[Address, Pointer]] = {}
    for pointer in pointers:
        if pointer.source.root != pointer.target.root:
            edges.setdefault(pointer.source.root, {}).setdefault(pointer.target.root, pointer)
    for _ in range(_MOST_CIRCLES):
        try:
            TopologicalSorter(edges).prepare()
        except CycleError as error:
            # graphlib names each node before the one that needs it, and the first again at the end.
            circle = [edges[user].pop(needed) for needed, user in pairwise(error.args[1])][::-1]
            _report_circle(circle, findings)
        else:
            return


def _report_circle(circle: Sequence[Pointer], findings: Findings) -> None:
    """Told once, at the place of its first resource by address."""
    start = min(range(len(circle)), key=lambda index: circle[index].source.root)
    first, *others = [*circle[start:], *circle[:start]]
    way = " → ".join(str(pointer.source.root) for pointer in (first, *others, first))
    hint = "remove one of these references, depends_on or member_of"
    _report("circle", f"references form a cycle: {way}", first, findings, hint)


def report_twice(address: Address, at: Location, first: Location, findings: Findings) -> None:
    """Two documents with one identity: which one is meant cannot be guessed."""
    message = f"{address} is declared twice, first at {first}"
    findings.add(
        Problem("manifest.duplicate_address", message, at, str(address), "remove or rename one of them")
    )
