"""The words for actions, reasons and impacts, and those of `plain` with them: one place for every face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.executor.steps.outcome import Outcome, Result
from reconciler.model.plan import Action, Blocked, BlockReason, Impact, Step
from reconciler.report.plain import age as age
from reconciler.report.plain import counted as counted
from reconciler.report.plain import moment as moment
from reconciler.report.plain import seconds_text as seconds_text
from reconciler.report.plain import short_commit as short_commit
from reconciler.report.plain import styled as styled


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
