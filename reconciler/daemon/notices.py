"""Says a thing once, and again only when it has changed: a loop must not repeat its troubles for ever."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Notices:
    """What was said last of each subject."""

    _said: dict[Hashable, Hashable] = field(default_factory=dict)

    def is_news(self, subject: Hashable, what: Hashable) -> bool:
        """Whether this was not the last thing said of the subject. `None` says that all is well."""
        if self._said.get(subject) == what:
            return False
        if what is None:
            del self._said[subject]
        else:
            self._said[subject] = what
        return True

    def news(self, kind: str, now: Mapping[Hashable, Hashable]) -> tuple[list[Hashable], list[Hashable]]:
        """Of everything that is so of a kind: the subjects with something new, and those that are over."""
        over = [
            subject[1]
            for subject in list(self._said)
            if isinstance(subject, tuple) and subject[0] == kind and subject[1] not in now
        ]
        for subject in over:
            del self._said[kind, subject]
        return [subject for subject, what in now.items() if self.is_news((kind, subject), what)], over
