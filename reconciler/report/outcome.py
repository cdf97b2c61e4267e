"""What an apply did and what it left: what that comes to, as JSON, and as a page for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from reconciler.engine.results import Applied
from reconciler.executor.steps.outcome import Outcome, Result
from reconciler.model.plan import Action, BlockReason
from reconciler.report.coverage import ObservationCoverage
from reconciler.report.lines import Line, Page, Piece, Table, line, titled
from reconciler.report.plan_lines import blocked_lines
from reconciler.report.plan_summary import elsewhere_text
from reconciler.report.words import ACTIONS, counted, seconds_text, styled

_ASKED_FOR = frozenset({BlockReason.HELD, BlockReason.REPORT_ONLY})


@dataclass(frozen=True, slots=True)
class ApplyReport:
    """An apply that ended. `saved_as`: the number of the plan that waits with what is withheld, or None."""

    applied: Applied
    coverage: ObservationCoverage = field(default_factory=ObservationCoverage)
    saved_as: int | None = None


class Verdict(StrEnum):
    """What an apply comes to as a whole."""

    DONE = "done"  # what was left alone, somebody asked for
    LEFT = "left"  # all that may be done was done, and something is blocked or waits for an approval
    FAILED = "failed"  # something failed, could not be seen, or nothing of what differs could be done


def verdict(applied: Applied) -> Verdict:
    """What came of it, of an apply that was not interrupted."""
    waiting = {step.address for step in applied.withheld}
    undone = applied.failed or any(step.address not in waiting for step in applied.left.steps)
    failing = any(item.reason is BlockReason.BACK_OFF for item in applied.left.blocked)
    if undone or failing or any(covered.blind for covered in applied.coverage.values()):
        return Verdict.FAILED
    waits = applied.withheld or applied.left.inventory
    if waits or any(item.reason not in _ASKED_FOR for item in applied.left.blocked):
        return Verdict.LEFT if applied.outcomes else Verdict.FAILED
    return Verdict.DONE


def outcome_page(report: ApplyReport) -> Page:
    """What changed of the inventory, the table of outcomes, the failures with what to do, what is left."""
    applied = report.applied
    for changed in applied.inventory:
        word = "declared" if changed.is_new else "changed"
        yield line(("✓ ", "bold green"), (str(changed), "bold"), f" {word}")
    if applied.outcomes:
        yield line()
        yield Table(("RESULT", "ADDRESS", "ACTION", "TIME", "REQUESTS"), tuple(map(_row, applied.outcomes)))
        yield line()
    yield from _failures(applied)
    said = {outcome.address for outcome in applied.failed if _waits(outcome, applied)}
    yield from blocked_lines(
        item
        for item in applied.left.blocked
        if item.address not in said or item.reason is not BlockReason.BACK_OFF
    )
    yield from titled("Differs since creation", applied.left.since_creation, "yellow")
    if applied.unlisted:
        yield line(("Not in the plan that was shown, so not done", "bold yellow"))
        for step in applied.unlisted:
            yield line(
                ("  ! ", "bold yellow"), (str(step.address), "bold"), f" {ACTIONS[step.action].future}"
            )
        yield line(("      → ", "cyan"), "plan again to see it; then apply")
        yield line()
    yield summary(report)
    if applied.left.elsewhere:
        yield line((elsewhere_text(applied.left), "dim"))


def _failures(applied: Applied) -> Iterator[Line]:
    for outcome in applied.failed:
        if outcome.result is not Result.NOT_STARTED:
            yield line(
                ("✗ ", "bold red"), (str(outcome.address), "bold"), f" {outcome.result}: {outcome.message}"
            )
            if outcome.hint or _waits(outcome, applied):
                yield line(("    → ", "cyan"), outcome.hint or _retry_hint(outcome))
    if applied.failed:
        yield line()


def withheld_lines(report: ApplyReport) -> Iterator[Line]:
    """What waits for an approval, why, and how to give it; nothing where nothing was saved for one."""
    left = report.applied.left
    if report.saved_as is None:
        return
    yield line()
    yield line(("Waits for an approval:", "bold magenta"))
    for reason in left.approvals:
        yield line("  ", reason)
    for changed in left.inventory:
        yield line("  ", (str(changed), "bold"), f": {'; '.join(changed.approvals)}")
    for step in report.applied.withheld:
        if step.approvals or not left.approvals:
            why = "; ".join(step.approvals) or "goes with what needs one"
            yield line("  ", (str(step.address), "bold"), f" ({step.action.value}): {why}")
    yield line(
        ("  → ", "cyan"), f"approve it with `reconciler approve {report.saved_as}`, then run this again"
    )


def _waits(outcome: Outcome, applied: Applied) -> bool:
    """Whether the failure is why the resource is left alone for a while, so that once is enough to say so."""
    return any(
        item.address == outcome.address and item.reason is BlockReason.BACK_OFF
        for item in applied.left.blocked
    )


def _retry_hint(outcome: Outcome) -> str:
    return f"the next apply tries it at once, the daemon after a while: reconciler retry {outcome.address}"


def _row(outcome: Outcome) -> tuple[Piece, ...]:
    done, words = outcome.result is Result.DONE, ACTIONS[outcome.action]
    return (
        styled(outcome.result),
        str(outcome.address),
        words.past if done else words.gerund,
        seconds_text(outcome.seconds) if outcome.seconds else "",
        str(outcome.requests) if outcome.requests else "",
    )


def summary(report: ApplyReport) -> Line:
    """One line: what was done, what failed, what is left, and what is not known."""
    applied, troubles = report.applied, report.coverage.troubles
    done = [outcome for outcome in applied.outcomes if outcome.result is Result.DONE]
    failed = [o for o in applied.failed if o.result not in (Result.NOT_STARTED, Result.SKIPPED)]
    words = [f"{count} {ACTIONS[action].past}" for action in Action if (count := _count(done, action))]
    undone = applied.outcomes or applied.left or applied.left.blocked
    nothing = "nothing" if undone else "nothing to do"
    if applied.inventory and not words:
        words.append(f"{len(applied.inventory)} of the inventory")
    pieces: list[Piece] = [("Applied: ", "bold"), ", ".join(words) or nothing]
    if failed:
        pieces.append((f"; {len(failed)} failed", "bold red"))
    left = len(applied.left.steps)
    if left:
        pieces.append((f"; {counted(left, 'step')} left", "yellow"))
    if troubles:
        pieces.append((f"; {'; '.join(troubles)}", "yellow"))
    return line(*pieces, ".")


def _count(outcomes: list[Outcome], action: Action) -> int:
    return sum(1 for outcome in outcomes if outcome.action is action)


def outcome_json(report: ApplyReport) -> dict[str, Any]:
    """`{plan_id, inventory, outcomes, left, withheld, unlisted, blocked, elsewhere, saved_as}`.

    `inventory` is what was changed of it; `saved_as` is the plan that waits, with what is `withheld`.
    `unlisted` is of `left` what would destroy something that the plan shown before did not list.
    """
    applied = report.applied
    return {
        "plan_id": applied.plan_id,
        "inventory": [str(step) for step in applied.inventory],
        "outcomes": [
            {
                "address": str(outcome.address),
                "action": outcome.action.value,
                "result": outcome.result.value,
                "message": outcome.message or None,
                "hint": outcome.hint or None,
                "seconds": round(outcome.seconds, 3),
                "requests": outcome.requests,
            }
            for outcome in applied.outcomes
        ],
        "left": [str(step.address) for step in applied.left.steps],
        "withheld": [*map(str, applied.left.inventory), *(str(step.address) for step in applied.withheld)],
        "unlisted": [str(step.address) for step in applied.unlisted],
        "blocked": [
            {
                "address": str(b.address),
                "action": b.action.value,
                "message": b.message,
                "hint": b.hint or None,
            }
            for b in applied.left.blocked
        ],
        "elsewhere": applied.left.elsewhere,
        "saved_as": report.saved_as,
    }
