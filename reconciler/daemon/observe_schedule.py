"""When each endpoint is looked at again, and what the last look at it said.

No I/O and no clock of its own: the time is an argument. An endpoint that cannot be seen is left alone for
longer and longer, and holds up no other; until it is seen again, nothing is changed at it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from reconciler.executor.observe.endpoint import Coverage
from reconciler.model.backoff import BackOff

FIRST_PAUSE = 5.0
MOST_PAUSE = 900.0
"""Seconds between looks at an endpoint that cannot be seen, at first and at most."""


@dataclass(slots=True)
class _View:
    covered: Coverage
    next_at: float
    failures: int = 0


@dataclass(slots=True)
class Endpoints:
    """`interval`: seconds after which a look at an endpoint is too old."""

    interval: float
    chance: Callable[[], float] = random.random
    _views: dict[str, _View] = field(default_factory=dict)

    def due(self, names: Iterable[str], now: float, *, soon: bool = False) -> frozenset[str]:
        """Those to be looked at now. `soon`: all but those that are left alone because they failed."""
        return frozenset(name for name in names if self._is_due(name, now, soon))

    def _is_due(self, name: str, now: float, soon: bool) -> bool:
        view = self._views.get(name)
        return view is None or now >= view.next_at or (soon and view.failures == 0)

    def seen(self, covered: Coverage, now: float) -> None:
        """A look was made."""
        before = self._views.get(covered.endpoint)
        if not covered.blind:
            self._views[covered.endpoint] = _View(covered, now + self.interval)
            return
        failures = (before.failures if before else 0) + 1
        back_off = BackOff(min(FIRST_PAUSE, self.interval), max(MOST_PAUSE, self.interval))
        self._views[covered.endpoint] = _View(
            covered, now + back_off.spread(failures, self.chance()), failures
        )

    def doubt(self, name: str) -> None:
        """Something there did not go as planned: it is looked at again the next time."""
        view = self._views.get(name)
        if view is not None and view.failures == 0:
            view.next_at = 0.0

    def keep(self, names: Iterable[str]) -> None:
        """Forget the endpoints that are not there any more."""
        for name in self._views.keys() - set(names):
            del self._views[name]

    def coverage(self) -> Mapping[str, Coverage]:
        """What the last look at each endpoint said, by name, for those that were looked at."""
        return {name: view.covered for name, view in self._views.items()}
