"""What a look after a restoring showed: what is taken back, what is left as it is, what is gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reconciler.engine.readopting import Readopted
from reconciler.executor.observe.readopt import Found
from reconciler.model.resource import Observed
from reconciler.report.lines import Line, Page, Table, line


def readopting_page(found: Sequence[Found]) -> Page:
    """For people: a table of what is taken back, one of what is left, and one of what is gone."""
    taken = [
        (str(each.address), looked.coverage.endpoint, each.observed.external_id, _how(each.row, each.gone))
        for looked in found
        for each in looked.taken
    ]
    kept = [
        (
            f"{each.observed.type}/{each.observed.name}",
            looked.coverage.endpoint,
            each.observed.external_id,
            each.why,
        )
        for looked in found
        for each in looked.kept
    ]
    gone = [(str(address), looked.coverage.endpoint) for looked in found for address in looked.coverage.gone]
    page: list[Line | Table] = []
    if taken:
        page += [line(("Carry our mark, and are taken back:", "bold"))]
        page += [Table(("ADDRESS", "ENDPOINT", "ID", "AS"), tuple(taken), indent=2), line()]
    if kept:
        page += [line(("Carry our mark, and are left as they are:", "bold"))]
        page += [Table(("OBJECT", "ENDPOINT", "ID", "BECAUSE"), tuple(kept), indent=2), line()]
    if gone:
        page += [line(("Are recorded, and are gone:", "bold"))]
        page += [Table(("ADDRESS", "ENDPOINT"), tuple(gone), indent=2), line()]
    return page or [line("Everything that carries our mark is known, and everything known is there.")]


def _named(observed: Observed) -> str:
    return f"{observed.type}/{observed.name}"


def _how(row: int | None, gone: int | None) -> str:
    if row is not None:
        return "the resource that is recorded, whose object it replaced"
    return "a resource that is not recorded" + (", in place of one that is gone" if gone is not None else "")


def readopting_json(found: Sequence[Found], done: Readopted) -> dict[str, Any]:
    """For programs: {taken, kept, gone: [{endpoint, type, name, external_id, …}], trouble, released}."""
    return {
        "taken": [
            {"address": str(each.address), "replaced": each.row is not None, **_object(looked, each.observed)}
            for looked in found
            for each in looked.taken
        ],
        "kept": [
            {"why": each.why, **_object(looked, each.observed)} for looked in found for each in looked.kept
        ],
        "gone": [str(address) for looked in found for address in looked.coverage.gone],
        "trouble": {
            looked.coverage.endpoint: looked.coverage.trouble for looked in found if looked.coverage.trouble
        },
        "released": done.released,
    }


def _object(looked: Found, observed: Observed) -> dict[str, str]:
    return {
        "endpoint": looked.coverage.endpoint,
        "type": observed.type,
        "name": observed.name,
        "external_id": observed.external_id,
    }
