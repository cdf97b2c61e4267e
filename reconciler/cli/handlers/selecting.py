"""What --target and --exclude choose: types in any spelling, and which of them choose nothing at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.cli.handlers.naming import type_named
from reconciler.model.address import Address
from reconciler.planner.select import Selection, Selector, parse_selector
from reconciler.store import views
from reconciler.store.database.session import Transaction

if TYPE_CHECKING:
    from reconciler.engine.results import Preview


def selection(targets: Sequence[str], excludes: Sequence[str]) -> Selection:
    """What --target and --exclude choose. Raises PlanError for what is no selector."""
    return Selection(tuple(map(parse_selector, targets)), tuple(map(parse_selector, excludes)))


def spelt(selection: Selection, types: Mapping[str, str]) -> Selection:
    """The same with each known type by its name; `type=VirtualMachine` means `type=vm`."""

    def by_name(selector: Selector) -> Selector:
        name = type_named(selector.type, types) if selector.type else None
        return replace(selector, type=name) if name else selector

    return replace(
        selection,
        targets=tuple(map(by_name, selection.targets)),
        excludes=tuple(map(by_name, selection.excludes)),
    )


def unmatched(tx: Transaction, selection: Selection, preview: Preview) -> list[Selector]:
    """The selectors that fit nothing: neither what is desired nor what is recorded."""
    selectors = [*selection.targets, *selection.excludes]
    if not selectors:
        return []
    there = list(_there(tx, preview))
    return [item for item in selectors if not any(item.matches(*each) for each in there)]


def _there(tx: Transaction, preview: Preview) -> Iterator[tuple[Address, str, Mapping[str, str]]]:
    for loaded in preview.loaded:
        for desired in loaded.set.desired.values():
            yield desired.address, desired.endpoint, desired.tags
    for recorded in views.resources(tx):
        yield Address.parse(recorded.address), recorded.endpoint, recorded.tags
    for step in preview.plan.steps:  # of manifests of an earlier revision, if nothing is there yet
        yield step.address, step.endpoint, {tag.key: tag.after or "" for tag in step.tags}
