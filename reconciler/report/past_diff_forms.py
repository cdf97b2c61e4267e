"""What differs between two moments, as a page for people, as JSON and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.model.catalog import Catalog
from reconciler.model.values import SecretRef
from reconciler.report.lines import Line, Page, Piece, line
from reconciler.report.marks import mark_json, mark_text
from reconciler.report.past_diff import Action, Difference, PastDiff, ResourceDifference
from reconciler.report.plain import counted
from reconciler.report.plan_markdown import cell
from reconciler.report.values import as_json, with_unit

_SIGNS: Mapping[Action, tuple[str, str]] = {
    "added": ("+", "green"),
    "removed": ("-", "red"),
    "changed": ("~", "yellow"),
}


def past_diff_page(diff: PastDiff) -> Page:
    """Both moments, each resource with what differs of it, and a summary."""
    yield from _moments(diff)
    yield line()
    for item in diff.found:
        sign, style = _SIGNS[item.action]
        pieces: list[Piece] = [(f"{sign} {item.address}", f"bold {style}"), f"  {_headline(item)}"]
        yield line(*pieces)
        if item.action == "changed":
            yield from (line("    ", difference_text(each, diff.catalog)) for each in item.differences)
    if diff.found:
        yield line()
    yield line((_summary(diff), "bold"))


def past_diff_json(diff: PastDiff) -> dict[str, Any]:
    """`from`, `to` (null: now), and `added`, `removed`, `changed`: resources with each value's both sides."""
    return {
        "from": mark_json(diff.since),
        "to": mark_json(diff.until),
        "added": [_json(item, diff.catalog) for item in diff.of("added")],
        "removed": [_json(item, diff.catalog) for item in diff.of("removed")],
        "changed": [_json(item, diff.catalog) for item in diff.of("changed")],
    }


def past_diff_markdown(diff: PastDiff) -> str:
    """For a comment or an audit: a table with a row a resource, its values in one cell."""
    rows = [f"**{_summary(diff)}**", "", *(f"{cell(each.plain)}  " for each in _moments(diff)), ""]
    if diff.found:
        rows += ["| | resource | endpoint | what |", "|---|---|---|---|"]
    for item in diff.found:
        values = (cell(difference_text(each, diff.catalog)) for each in item.differences)
        what = "<br>".join(values) if item.action == "changed" else cell(_headline(item))
        rows.append(f"| {_SIGNS[item.action][0]} | {cell(item.address)} | {cell(item.endpoint)} | {what} |")
    return "\n".join(rows) + "\n"


def difference_text(item: Difference, catalog: Catalog) -> str:
    """`memory_mb: 8192 MiB → 6144 MiB`, `tag env: prod → test`, `no longer depends on network/a`."""
    if item.what == "relationship":
        verb = item.name.replace("_", " ")
        return f"{verb} {item.after}" if item.before is None else f"no longer {verb} {item.before}"
    before, after = (with_unit(side, item.name, catalog) for side in (item.before, item.after))
    if item.what == "tag":
        return f"tag {item.name}: {before} → {after}"
    if item.what == "resource":
        return f"{item.name}: {before} → {after}"
    if isinstance(item.before, SecretRef) and before == after:
        after = "another value of it"
    return f"{item.name}: {before} → {after}"


def _moments(diff: PastDiff) -> Iterator[Line]:
    yield line("From: ", mark_text(diff.since))
    yield line("To:   ", "now" if diff.until is None else mark_text(diff.until))


def _headline(item: ResourceDifference) -> str:
    parts = f", {counted(item.parts, 'part')} with it" if item.parts else ""
    return f"{item.action}{parts}  {item.endpoint}"


def _summary(diff: PastDiff) -> str:
    if not diff.found:
        return "Nothing differs."
    return ", ".join(f"{len(diff.of(action))} {action}" for action in _SIGNS if diff.of(action)) + "."


def _json(item: ResourceDifference, catalog: Catalog) -> dict[str, Any]:
    return {
        "address": item.address,
        "type": item.type,
        "endpoint": item.endpoint,
        "parts": item.parts,
        "differences": [_difference_json(each, catalog) for each in item.differences],
    }


def _difference_json(item: Difference, catalog: Catalog) -> dict[str, Any]:
    definition = catalog.definitions.get(item.name) if item.what == "attribute" else None
    return {
        "what": item.what,
        "name": item.name,
        "before": as_json(item.before),
        "after": as_json(item.after),
        "unit": definition.unit if definition else None,
    }
