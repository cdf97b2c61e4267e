"""The hourly request budget: a bucket that refills evenly, shown in every answer's headers."""

from __future__ import annotations

import math

HOUR = 3600.0
USUAL_LIMIT = 3600


class Bucket:
    """`limit` requests an hour; with None the count is kept and shown, but nothing is refused."""

    def __init__(self, limit: int | None, now: float) -> None:
        self.enforced = limit is not None
        self.limit = USUAL_LIMIT if limit is None else limit
        self._left = float(self.limit)
        self._at = now

    def take(self, now: float) -> bool:
        """Count one request; False where the budget is used up."""
        self._left = min(float(self.limit), self._left + max(0.0, now - self._at) * self.limit / HOUR)
        self._at = now
        if self._left < 1.0:
            return not self.enforced
        self._left -= 1.0
        return True

    def headers(self) -> dict[str, str]:
        """`RateLimit-Reset` is the unix time at which the bucket is full again."""
        full_in = (self.limit - self._left) * HOUR / self.limit if self.limit else 0.0
        return self._headers(self._left, full_in)

    def used_up(self, seconds: float) -> dict[str, str]:
        """The headers of an empty bucket, which is full again in `seconds`; 0: in the hour that it takes."""
        return self._headers(0.0, seconds or HOUR)

    def _headers(self, left: float, full_in: float) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(int(left)),
            "RateLimit-Reset": str(math.ceil(self._at + full_in)),
        }
