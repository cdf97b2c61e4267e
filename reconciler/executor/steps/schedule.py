"""Which step may begin next. Pure bookkeeping: it starts nothing, and knows no clock and no thread.

What the end of a step costs follows its dependants, not the length of the plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush

from reconciler.executor.steps.outcome import Outcome, Result
from reconciler.model.address import Address
from reconciler.model.plan import Step


class Schedule:
    """The steps of one run: those that wait for others, those that may begin, and how each ended.

    What a step requires and the run does not have counts as met.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self.outcomes: dict[Address, Outcome] = {}
        self._steps = steps
        self._places = {step.address: place for place, step in enumerate(steps)}
        self._needs = [{need for need in step.requires if need in self._places} for step in steps]
        self._dependants: dict[Address, list[int]] = {}
        for place, needs in enumerate(self._needs):
            for need in needs:
                self._dependants.setdefault(need, []).append(place)
        self._ready = [place for place, needs in enumerate(self._needs) if not needs]  # a heap, being sorted
        self._waiting = set(range(len(steps)))

    def take(self) -> Step | None:
        """The first step of the plan that may begin now; None if there is none at the moment."""
        if not self._ready:
            return None
        place = heappop(self._ready)
        self._waiting.discard(place)
        return self._steps[place]

    def end(self, outcome: Outcome) -> list[Outcome]:
        """Note how a step ended; gives the outcomes of those that will not begin because of it."""
        self.outcomes[outcome.address] = outcome
        if outcome.result is not Result.DONE:
            return self._skip(outcome.address)
        for place in self._dependants.get(outcome.address, ()):
            self._needs[place].discard(outcome.address)
            if not self._needs[place] and place in self._waiting:
                heappush(self._ready, place)
        return []

    def abandon(self) -> list[Outcome]:
        """Begin nothing more; gives the outcomes of those that have not begun."""
        self._ready.clear()
        message, hint = "stopped before it began", "apply again"
        return [self._unstarted(place, Result.NOT_STARTED, message, hint) for place in sorted(self._waiting)]

    def _skip(self, failed: Address) -> list[Outcome]:
        """Whatever needs it, and so on along the dependencies."""
        skipped: list[Outcome] = []
        failures = [failed]
        while failures:
            for place in self._dependants.get(failures.pop(), ()):
                if place in self._waiting:
                    message = f"needs {self._failures(place)}, which did not succeed"
                    hint = "apply again when it has"
                    skipped.append(self._unstarted(place, Result.SKIPPED, message, hint))
                    failures.append(skipped[-1].address)
        return skipped

    def _failures(self, place: int) -> str:
        ended = (self.outcomes.get(need) for need in self._steps[place].requires)
        return ", ".join(str(each.address) for each in ended if each and each.result is not Result.DONE)

    def _unstarted(self, place: int, result: Result, message: str, hint: str) -> Outcome:
        self._waiting.discard(place)
        step = self._steps[place]
        outcome = Outcome(step.address, step.action, result, message, hint)
        self.outcomes[step.address] = outcome
        return outcome
