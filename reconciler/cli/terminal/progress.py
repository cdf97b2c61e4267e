"""What is happening, while it happens: a bar on a terminal with what is under way, else one line an event.

It is told by the engine and only shows. It writes to standard error, so that a result stays clean.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn
from rich.progress_bar import ProgressBar
from rich.table import Column, Table
from rich.text import Text

from reconciler.cli.terminal.output import errors, note
from reconciler.engine.results import Progress as Events
from reconciler.executor.steps.outcome import Outcome, Result
from reconciler.executor.steps.recover import Recovered
from reconciler.model.address import Address
from reconciler.model.plan import Plan, Step
from reconciler.report.estimate import seconds_left, steps_done, usual_seconds
from reconciler.report.words import ACTIONS, counted, outcome_text, seconds_text

_WORTH_SAYING = 10.0  # seconds that work must take before an estimate is given in a line of its own
_BAR = 30  # columns
_STOPPING = "Stopping: what is under way is brought to its end."


class _Elapsed(ProgressColumn):
    """`12s of about 40s`."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.elapsed or 0:.0f}s{task.fields['usual']}", style="dim")


def _steps() -> Progress:
    """A line for each step that is under way. An address that is too long for it is folded."""
    return Progress(
        SpinnerColumn("line" if errors().options.ascii_only else "dots"),
        TextColumn("{task.fields[symbol]}"),
        TextColumn("{task.description}", "bold", markup=False, table_column=Column(overflow="fold")),
        TextColumn("{task.fields[gerund]}", table_column=Column(no_wrap=True)),
        _Elapsed(Column(no_wrap=True)),
        console=errors(),
    )


@dataclass(slots=True)
class Reporter:
    """Shows a run. `typical`: seconds that an action on a type took before, by (type, action)."""

    typical: dict[tuple[str, str], float] = field(default_factory=dict)
    stopping: bool = False
    _plan: Plan = field(default_factory=Plan)
    _since: dict[Address, float] = field(default_factory=dict)  # of what is under way, on the monotonic clock
    _ended: set[Address] = field(default_factory=set)
    _live: Live | None = None
    _steps: Progress = field(default_factory=_steps)
    _shown: dict[Address, TaskID] = field(default_factory=dict)

    @property
    def progress(self) -> Events:
        """What the engine is given, so that it tells this of what happens."""
        return Events(self.started, self.ended, self.recovered, self.planned)

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
        """A wave begins: what is counted and estimated from now on are its steps."""
        if self._plan.steps:
            note(f"What follows from that: {counted(len(plan.steps), 'more step')}.")
        self._plan = plan
        self._ended.clear()
        seconds = seconds_left(plan.steps, self.typical, (), {})
        if self._live is None and seconds >= _WORTH_SAYING:
            note((f"About {seconds_text(seconds)}, going by the last times.", "dim"))

    def started(self, step: Step) -> None:
        """A step is under way: a line of its own in the picture, or one that is printed."""
        words = ACTIONS[step.action]
        self._since[step.address] = time.monotonic()
        if self._live is None:
            note(f"{step.address}: {words.gerund} …")
            return
        usual = usual_seconds(step, self.typical)
        self._shown[step.address] = self._steps.add_task(
            str(step.address),
            total=None,
            symbol=f"[{words.style}]{words.symbol}[/]",
            gerund=words.gerund,
            usual=f" of about {seconds_text(usual)}" if usual >= 2 else "",
        )

    def ended(self, outcome: Outcome) -> None:
        """A step came to its end. Its time is the estimate for its kind where there was none."""
        self._since.pop(outcome.address, None)
        self._ended.add(outcome.address)
        # What took its time just now says how long the next of its kind will take.
        if outcome.result is Result.DONE:
            self.typical.setdefault((outcome.address.type, outcome.action.value), outcome.seconds)
        if (task := self._shown.pop(outcome.address, None)) is not None:
            self._steps.remove_task(task)
        if self._live is None:
            note(f"{outcome.address}: ", outcome_text(outcome))

    def recovered(self, item: Recovered) -> None:
        """One operation of a dead worker was brought to an end, or (`!`) could not be."""
        mark = ("✓", "green") if item.settled else ("!", "yellow")
        note(
            mark, f" left over from a run that was cut off: {item.action.value} {item.address} {item.message}"
        )

    def stop(self) -> None:
        """Say, once, that nothing new begins."""
        self.stopping = True
        if self._live is None:
            note((f"{_STOPPING} Again to leave at once.", "yellow"))

    def _picture(self) -> RenderableType:
        if self.stopping:
            return Group(self._steps, Text(f"{_STOPPING} Ctrl-C again leaves at once.", "yellow"))
        steps, now = self._plan.steps, time.monotonic()
        if not steps:
            return Group(self._steps, Text("Looking …", "dim"))
        running = {address: now - since for address, since in list(self._since.items())}
        ended = frozenset(self._ended)
        left = seconds_left(steps, self.typical, ended, running)
        row = Table.grid(padding=(0, 2))
        row.add_row(
            f"{len(ended)} of {counted(len(steps), 'step')} done",
            ProgressBar(len(steps), steps_done(steps, self.typical, ended, running), _BAR),
            Text(f"about {seconds_text(round(left))} left" if left >= 1 else "", "dim"),
        )
        return Group(self._steps, row)
