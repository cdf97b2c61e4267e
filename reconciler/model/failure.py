"""A failure that still counts: of one action, on one resource, for one specification."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.model.plan import Action


@dataclass(frozen=True, slots=True)
class Failure:
    """What failed last. `desired_hash=None` for a removal.

    `not_before=None`: parked for good. It is not tried again by itself, however much time goes by, until
    a manifest changes what was set or a person says so.
    """

    action: Action
    desired_hash: bytes | None
    not_before: datetime | None
    message: str

    @property
    def parked(self) -> bool:
        """Whether no time brings another try: only another specification does, or a person."""
        return self.not_before is None
