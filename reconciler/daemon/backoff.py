"""How long to leave alone what failed: longer each time, up to a bound, and never all at the same moment."""

from __future__ import annotations

JITTER = 0.2
"""The share by which a pause is lengthened or shortened at random."""


def pause(failures: int, first: float, most: float, chance: float) -> float:
    """Seconds to wait after so many failures in a row (1 or more). `chance` is a random number in [0, 1)."""
    doubled = first * 2.0 ** min(failures - 1, 30)
    return min(doubled, most) * (1 - JITTER + 2 * JITTER * chance)
