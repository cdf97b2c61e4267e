"""The words for actions, reasons and impacts, and for numbers, times and spans: one place for every face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.executor.steps.outcome import Outcome, Result
from reconciler.model.plan import Action, Blocked, BlockReason, Impact, Step
from reconciler.report.lines import Piece


@dataclass(frozen=True, slots=True)
class ActionWords:
    """An action's sign and its colour, and it to come (`will be created`), done and under way."""

    symbol: str
    style: str
    future: str
    past: str
    gerund: str


# The signs follow what people know from Terraform.
ACTIONS: Mapping[Action, ActionWords] = {
    Action.CREATE: ActionWords("+", "green", "will be created", "created", "creating"),
    Action.UPDATE: ActionWords("~", "yellow", "will be changed", "changed", "changing"),
    Action.REPLACE: ActionWords("-/+", "magenta", "will be destroyed and made anew", "replaced", "replacing"),
    Action.DELETE: ActionWords("-", "red", "will be deleted", "deleted", "deleting"),
    Action.ADOPT: ActionWords("<-", "cyan", "will be taken over", "taken over", "taking over"),
    Action.FORGET: ActionWords("x", "blue", "will be forgotten, the object stays", "forgotten", "forgetting"),
    Action.NOOP: ActionWords(" ", "dim", "stays", "left alone", "looking at"),
}
IMPACTS: Mapping[Impact, str] = {
    Impact.ONLINE: "",
    Impact.REBOOT: "restarts it",
    Impact.STOP: "stops it",
    Impact.REPLACE: "replaces it",
}
_STYLES: Mapping[str, str] = {
    **dict.fromkeys(("running", "available", "done", "applied", "complete"), "green"),
    **dict.fromkeys(("creating", "updating", "deleting", "pending"), "yellow"),
    **dict.fromkeys(("partial", "interrupted", "stale", "busy"), "yellow"),
    **dict.fromkeys(("missing", "failed"), "red"),
    **dict.fromkeys(("quarantined", "ambiguous"), "bold red"),
    **dict.fromkeys(("stopped", "expired", "skipped", "not started"), "dim"),
    "saved": "cyan",
}


def styled(word: str | None) -> Piece:
    """A state of a resource, a result or a status, in the colour that it has everywhere."""
    return (word or "", _STYLES.get(word or "", ""))


def step_verb(step: Step) -> str:
    """What happens to it. Of what is gone already nothing stays."""
    if step.action is Action.FORGET and step.gone:
        return "will be forgotten, there is none"
    return ACTIONS[step.action].future


def blocked_verb(item: Blocked) -> str:
    """`would be changed`; of what could not be seen not even that is known."""
    if item.reason is BlockReason.UNKNOWN and item.action is Action.UPDATE:
        return "may differ"
    return f"would be {ACTIONS[item.action].past}"


def outcome_text(outcome: Outcome) -> str:
    """What came of a step, in a few words."""
    if outcome.result is Result.DONE:
        return f"{ACTIONS[outcome.action].past} in {seconds_text(outcome.seconds)}"
    return f"{outcome.result.value}: {outcome.message}"


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 step`, `2 steps`."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def age(since: datetime | None, now: datetime | None = None) -> str:
    """How long ago: 45s, 12m, 3h, 5d."""
    if since is None:
        return ""
    return seconds_text(max(0.0, ((now or datetime.now(UTC)) - since).total_seconds()))


def seconds_text(seconds: float) -> str:
    """A span as one number with a unit; below ten seconds with one decimal."""
    if seconds < 10:
        return f"{seconds:.1f}s" if seconds % 1 >= 0.05 else f"{seconds:.0f}s"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:.0f}s"


def moment(at: datetime | None) -> str:
    """`2026-01-31 08:00:00`, in UTC; empty where there is no such time."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if at else ""


def short_commit(commit: str) -> str:
    """A commit's first seven characters. What was not committed stays told apart from what was."""
    name, dash, state = commit.partition("-")
    return f"{name[:7]}{dash}{state}"
