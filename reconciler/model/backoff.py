"""How long to leave alone what failed: longer each time, up to a bound, and never all at the same moment.

Pure: how often it failed is counted by whoever asks, and chance is an argument.
"""

from __future__ import annotations

from dataclasses import dataclass

JITTER = 0.2
"""The share by which a pause is lengthened or shortened at random."""


@dataclass(frozen=True, slots=True)
class BackOff:
    """`first` seconds after one failure, twice as long after each further one, never longer than `most`."""

    first: float
    most: float

    def after(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row (1 or more)."""
        return min(self.first * 2.0 ** min(failures - 1, 30), self.most)

    def spread(self, failures: int, chance: float) -> float:
        """The same, so that not all wait for one moment. `chance` is a random number in [0, 1)."""
        return self.after(failures) * (1 - JITTER + 2 * JITTER * chance)
