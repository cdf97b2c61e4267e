"""What is happening, while it happens: a live table on a terminal, one line an event elsewhere.

It is told by the engine and only shows. It writes to standard error, so that a result stays clean.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from reconciler.cli.output import counted, errors, line, note, seconds_text
from reconciler.cli.plan_text import SYMBOLS
from reconciler.engine.results import Progress
from reconciler.executor.steps.outcome import Outcome, Result
from reconciler.executor.steps.recover import Recovered
from reconciler.model.address import Address
from reconciler.model.plan import Action, Plan, Step

GERUNDS: Mapping[Action, str] = {
    Action.CREATE: "creating",
    Action.UPDATE: "changing",
    Action.REPLACE: "replacing",
    Action.DELETE: "deleting",
    Action.ADOPT: "taking over",
    Action.FORGET: "forgetting",
    Action.NOOP: "looking at",
}
PAST: Mapping[Action, str] = {
    Action.CREATE: "created",
    Action.UPDATE: "changed",
    Action.REPLACE: "replaced",
    Action.DELETE: "deleted",
    Action.ADOPT: "taken over",
    Action.FORGET: "forgotten",
    Action.NOOP: "left alone",
}
_SHOWN = 12  # steps under way that fit; there are never many more
_WORTH_SAYING = 10.0  # seconds that work must take before an estimate is given


@dataclass(slots=True)
class Reporter:
    """Shows a run. `typical`: seconds that an action on a type took before, by (type, action)."""

    typical: Mapping[tuple[str, str], float] = field(default_factory=dict)
    stopping: bool = False
    _plan: Plan = field(default_factory=Plan)
    _running: dict[Address, tuple[Step, float]] = field(default_factory=dict)
    _done: int = 0
    _live: Live | None = None

    @property
    def progress(self) -> Progress:
        return Progress(self.started, self.ended, self.recovered, self.planned)

    @contextmanager
    def showing(self) -> Iterator[None]:
        """While it lasts, a terminal shows what is under way."""
        if not errors().is_terminal:
            yield
            return
        with Live(
            console=errors(), get_renderable=self._picture, refresh_per_second=8, transient=True
        ) as live:
            self._live = live
            try:
                yield
            finally:
                self._live = None

    def planned(self, plan: Plan) -> None:
        if self._plan.steps:
            note(f"What follows from that: {counted(len(plan.steps), 'more step')}.")
        self._plan, self._done = plan, 0
        seconds = self._estimate(plan)
        if seconds >= _WORTH_SAYING:
            note((f"About {seconds_text(seconds)}, going by the last times.", "dim"))

    def started(self, step: Step) -> None:
        self._running[step.address] = (step, time.monotonic())
        if self._live is None:
            note(f"{step.address}: {GERUNDS[step.action]} …")

    def ended(self, outcome: Outcome) -> None:
        self._running.pop(outcome.address, None)
        self._done += 1
        if self._live is None:
            note(f"{outcome.address}: ", outcome_text(outcome))

    def recovered(self, item: Recovered) -> None:
        mark = ("✓", "green") if item.settled else ("!", "yellow")
        note(
            mark, f" left over from a run that was cut off: {item.action.value} {item.address} {item.message}"
        )

    def stop(self) -> None:
        """Say, once, that nothing new begins."""
        self.stopping = True
        if self._live is None:
            note(("Stopping: what is under way is brought to its end. Again to leave at once.", "yellow"))

    def _estimate(self, plan: Plan) -> float:
        """Seconds that the longest chain of steps that wait for one another usually takes; 0 if not known."""
        ends: dict[Address, float] = {}
        for step in plan.steps:
            own = self.typical.get((step.address.type, step.action.value), 0.0)
            ends[step.address] = own + max((ends.get(need, 0.0) for need in step.requires), default=0.0)
        return max(ends.values(), default=0.0)

    def _picture(self) -> Group:
        now = time.monotonic()
        grid = Table.grid(padding=(0, 2))
        for step, since in list(self._running.values())[:_SHOWN]:
            usual = self.typical.get((step.address.type, step.action.value))
            expected = f"of about {seconds_text(usual)}" if usual and usual >= 2 else ""
            symbol, style = SYMBOLS[step.action]
            grid.add_row(
                Spinner("line" if errors().options.ascii_only else "dots", style=style),
                Text(symbol, style=style),
                Text(str(step.address), style="bold"),
                Text(GERUNDS[step.action]),
                Text(f"{now - since:.0f}s {expected}", style="dim"),
            )
        return Group(grid, self._footer())

    def _footer(self) -> Text:
        whole = len(self._plan.steps)
        if self.stopping:
            return line(
                ("Stopping: what is under way is brought to its end. Ctrl-C again leaves at once.", "yellow")
            )
        if not whole:
            return line(("Looking …", "dim"))
        return line((f"{self._done} of {counted(whole, 'step')} done", "dim"))


def outcome_text(outcome: Outcome) -> str:
    """What came of a step, in a few words."""
    if outcome.result is Result.DONE:
        return f"{PAST[outcome.action]} in {seconds_text(outcome.seconds)}"
    return f"{outcome.result.value}: {outcome.message}"
