"""How much of what there is was observed: what a plan, an apply or a comparison can go by.

A report claims no more than that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.executor.observe.endpoint import Coverage
from reconciler.report.lines import Page, Piece, Table, line
from reconciler.report.plain import counted, styled


@dataclass(frozen=True, slots=True)
class ObservationCoverage:
    """The coverage of each endpoint, by its name, and what bounds it. `observed`: false where no look was
    wanted; `selected`: only a part was asked about; `unmanaged`: objects that are not ours, by endpoint;
    `unrecorded`: endpoints that are only declared so far, of which nothing seen is kept."""

    endpoints: Mapping[str, Coverage] = field(default_factory=dict)
    observed: bool = True
    selected: bool = False
    unmanaged: Mapping[str, int] = field(default_factory=dict)
    unrecorded: frozenset[str] = frozenset()

    @property
    def troubles(self) -> list[str]:
        """Each endpoint of which not all is known, and why."""
        return [trouble_text(covered) for _, covered in sorted(self.endpoints.items()) if covered.trouble]

    @property
    def whole(self) -> bool:
        """Whether all that there is was seen."""
        return self.observed and not self.troubles


def coverage_json(covered: Coverage) -> dict[str, Any]:
    """What came of looking at an endpoint."""
    return {
        "endpoint": covered.endpoint,
        "seen": covered.seen,
        "changed": [str(address) for address in covered.changed],
        "gone": [str(address) for address in covered.gone],
        "unknown": [str(address) for address in covered.unknown],
        "quarantined": [str(address) for address in covered.quarantined],
        "requests": covered.requests,
        "trouble": covered.trouble,
        "untold": covered.untold,
    }


def coverage_page(coverage: Mapping[str, Coverage]) -> Page:
    """A table of the endpoints, then each resource of which the look says something new."""
    looked = [covered for _, covered in sorted(coverage.items())]
    yield Table(
        ("ENDPOINT", "LOOK", "SEEN", "CHANGED", "GONE", "UNKNOWN", "REQUESTS"), tuple(map(_row, looked))
    )
    for covered in looked:
        for what, addresses, style in (
            ("changed", covered.changed, "yellow"),
            ("gone", covered.gone, "red"),
            ("unknown", covered.unknown, "dim"),
            ("in quarantine", covered.quarantined, "bold red"),
        ):
            yield from (line((f"  {what}: ", style), str(address)) for address in sorted(addresses))
        if covered.untold:
            yield line(("  by whom, may not be known: ", "dim"), covered.untold)


def _row(covered: Coverage) -> tuple[Piece, ...]:
    how = "failed" if covered.blind else "partial" if covered.trouble else "complete"
    return (
        (covered.endpoint, "bold"),
        styled(how),
        str(covered.seen),
        str(len(covered.changed)),
        str(len(covered.gone)),
        str(len(covered.unknown)),
        str(covered.requests),
    )


def trouble_text(covered: Coverage) -> str:
    """`hetzner-1 cannot be observed: …`."""
    said = "cannot be observed" if covered.blind else "could not be observed whole"
    return f"{covered.endpoint} {said}: {covered.trouble}"


def unmanaged_texts(coverage: ObservationCoverage) -> list[str]:
    """What was seen and is not managed, and where it is listed: what is recorded, then what is not yet."""
    texts = []
    for new in (False, True):
        found = {
            name: count
            for name, count in sorted(coverage.unmanaged.items())
            if (name in coverage.unrecorded) == new
        }
        if not found:
            continue
        count = sum(found.values())
        places = ", ".join(f"{many} at {name}" for name, many in found.items())
        once = f" lists them once {' and '.join(found)} {'is' if len(found) == 1 else 'are'} applied"
        text = f"{counted(count, 'object')} {'is' if count == 1 else 'are'} not managed"
        texts.append(f"{text}: `reconciler get unmanaged`{once if new else ''} ({places}).")
    return texts
