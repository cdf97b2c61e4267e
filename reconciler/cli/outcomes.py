"""What an apply did, for a person and as JSON, and the exit code that says so to a script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text

from reconciler.cli.exit_codes import ExitCode
from reconciler.cli.output import Piece, counted, line, seconds_text, table
from reconciler.cli.plan_text import VERBS, blocked_lines, elsewhere_text, titled
from reconciler.cli.progress import GERUNDS, PAST
from reconciler.cli.sight import Sight
from reconciler.engine.results import Applied
from reconciler.executor.steps.outcome import Outcome, Result
from reconciler.model.plan import Action, Blocked, BlockReason

_STYLES: Mapping[Result, str] = {
    Result.DONE: "green",
    Result.FAILED: "red",
    Result.AMBIGUOUS: "bold red",
    Result.STALE: "yellow",
    Result.BUSY: "yellow",
    Result.SKIPPED: "dim",
    Result.NOT_STARTED: "dim",
}
_ASKED_FOR = frozenset({BlockReason.HELD, BlockReason.REPORT_ONLY})


def outcome_lines(applied: Applied, sight: Sight) -> Iterator[Text]:
    """What changed of the inventory, the table of outcomes, the failures with what to do, what is left."""
    for changed in applied.inventory:
        word = "declared" if changed.is_new else "changed"
        yield line(("✓ ", "bold green"), (str(changed), "bold"), f" {word}")
    if applied.outcomes:
        yield Text()
        yield from table(("RESULT", "ADDRESS", "ACTION", "TIME", "REQUESTS"), map(_row, applied.outcomes))
        yield Text()
    for outcome in applied.failed:
        if outcome.result is not Result.NOT_STARTED:
            yield line(
                ("✗ ", "bold red"), (str(outcome.address), "bold"), f" {outcome.result}: {outcome.message}"
            )
            if outcome.hint or _waits(outcome, applied):
                yield line(("    → ", "cyan"), outcome.hint or _retry_hint(outcome))
    if applied.failed:
        yield Text()
    said = {outcome.address for outcome in applied.failed if _waits(outcome, applied)}
    yield from blocked_lines(
        item
        for item in applied.left.blocked
        if item.address not in said or item.hindrance is not BlockReason.BACK_OFF
    )
    yield from titled("Differs since creation", applied.left.since_creation, "yellow")
    if applied.unlisted:
        yield line(("Not in the plan that was shown, so not done", "bold yellow"))
        for step in applied.unlisted:
            yield line(("  ! ", "bold yellow"), (str(step.address), "bold"), f" {VERBS[step.action]}")
        yield line(("      → ", "cyan"), "plan again to see it; then apply")
        yield Text()
    yield summary(applied, sight)
    if applied.left.elsewhere:
        yield line((elsewhere_text(applied.left), "dim"))


def _waits(outcome: Outcome, applied: Applied) -> bool:
    """Whether the failure is why the resource is left alone for a while, so that once is enough to say so."""
    return any(
        item.address == outcome.address and item.hindrance is BlockReason.BACK_OFF
        for item in applied.left.blocked
    )


def _retry_hint(outcome: Outcome) -> str:
    return f"the next apply tries it at once, the daemon after a while: reconciler retry {outcome.address}"


def _row(outcome: Outcome) -> tuple[Piece, ...]:
    done = outcome.result is Result.DONE
    return (
        (outcome.result.value, _STYLES[outcome.result]),
        str(outcome.address),
        PAST[outcome.action] if done else GERUNDS[outcome.action],
        seconds_text(outcome.seconds) if outcome.seconds else "",
        str(outcome.requests) if outcome.requests else "",
    )


def summary(applied: Applied, sight: Sight) -> Text:
    """One line: what was done, what failed, what is left, and what is not known."""
    done = [outcome for outcome in applied.outcomes if outcome.result is Result.DONE]
    failed = [o for o in applied.failed if o.result not in (Result.NOT_STARTED, Result.SKIPPED)]
    words = [f"{count} {PAST[action]}" for action in Action if (count := _count(done, action))]
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
    if sight.troubles:
        pieces.append((f"; {'; '.join(sight.troubles)}", "yellow"))
    return line(*pieces, ".")


def _count(outcomes: list[Outcome], action: Action) -> int:
    return sum(1 for outcome in outcomes if outcome.action is action)


def exit_code(applied: Applied, *, interrupted: bool) -> ExitCode:
    """What a script learns of an apply; see `exit_codes`."""
    if interrupted:
        return ExitCode.INTERRUPTED
    waiting = {step.address for step in applied.withheld}
    undone = applied.failed or any(step.address not in waiting for step in applied.left.steps)
    failing = any(item.hindrance is BlockReason.BACK_OFF for item in applied.left.blocked)
    if undone or failing or any(covered.blind for covered in applied.coverage.values()):
        return ExitCode.FAILED
    waits = applied.withheld or applied.left.inventory
    if waits or any(not _asked_for(item) for item in applied.left.blocked):
        return ExitCode.LEFT if applied.outcomes else ExitCode.FAILED
    return ExitCode.DONE


def _asked_for(item: Blocked) -> bool:
    return item.hindrance in _ASKED_FOR


def applied_json(applied: Applied, saved_as: int | None) -> dict[str, Any]:
    """`{plan_id, inventory, outcomes, left, withheld, unlisted, blocked, elsewhere, saved_as}`.

    `inventory` is what was changed of it; `saved_as` is the plan that waits, with what is `withheld`.
    `unlisted` is of `left` what would destroy something that the plan shown before did not list.
    """
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
        "withheld": [
            *map(str, applied.left.inventory),
            *(str(step.address) for step in applied.withheld),
        ],
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
        "saved_as": saved_as,
    }
