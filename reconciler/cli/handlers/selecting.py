"""What --target and --exclude choose: types in any spelling, and which of them choose nothing at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.engine.results import Preview
from reconciler.model.address import Address
from reconciler.planner.select import Selection, Selector, parse_selector
from reconciler.store import views
from reconciler.store.database.session import Transaction


def type_named(word: str, types: Mapping[str, str]) -> str | None:
    """A resource type by its name, its kind or a plural of either. `types`: kinds by name."""
    wanted = word.lower().replace("-", "_")
    for name, kind in types.items():
        for spelling in (name, kind.lower()):
            if wanted in (spelling, f"{spelling}s", f"{spelling}es"):
                return name
    return None


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


def labelled(tags: Mapping[str, str], labels: Sequence[str]) -> bool:
    """Whether these tags fit every label, each `KEY` or `KEY=VALUE`."""
    for label in labels:
        key, equals, value = label.partition("=")
        if key not in tags or (equals and tags[key] != value):
            return False
    return True
