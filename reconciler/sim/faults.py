"""Faults on demand: what a network and a provider do on their bad days.

A rule names the requests it applies to, how often, and what happens. The rules are data posted to the
simulator's control address, so a test (or a person with curl) can break things while the controller runs.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from random import Random

KINDS = frozenset(
    {
        "latency",  # wait `seconds`, then go on as usual
        "status",  # answer `status` (with the API's own error shape) and do nothing
        "reset_before",  # cut the connection, nothing applied
        "reset_after",  # apply, then cut the connection before the answer
        "deliver_twice",  # apply the request twice, answer once
        "empty_list",  # 200 with an empty list
        "missing_page",  # a list that ends before its last page
        "stale",  # answer a read from the state as it was `seconds` ago
        "html",  # 200 with an HTML page
        "action_error",  # accept, and let the task or action end in an error
        "lost_permission",  # 200 with what the caller may no longer see left out
        "offline_node",  # a node that does not answer (Proxmox)
        "refused",  # answer the API's own error `code` and do nothing (Hetzner)
        "stuck_lock",  # a lock that is not given back
    }
)


@dataclass(slots=True)
class Fault:
    """`times` is how often it still applies; -1 means until it is cleared.

    `share` of the requests that it names are hit (1.0: all), by a die that `seed` has loaded.
    """

    kind: str
    method: str = "*"
    path: str = ".*"
    times: int = -1
    status: int = 500
    seconds: float = 0.0
    options: dict[str, object] = field(default_factory=dict)
    share: float = 1.0
    seed: int = 0
    _die: Random = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            known = ", ".join(sorted(KINDS))
            raise ValueError(f"unknown fault {self.kind!r}; known: {known}")
        if not 0 < self.share <= 1:
            raise ValueError(f"a share of {self.share}: it is more than 0 and at most 1")
        re.compile(self.path)
        self._die = Random(self.seed)  # noqa: S311 - chance that can be had again, no secret

    def matches(self, method: str, path: str) -> bool:
        """Whether the rule hits this request. `path` must match the whole path.

        Where `share` is below 1, each request that it names is one throw of the die.
        """
        named = self.times != 0 and self.method in ("*", method) and re.fullmatch(self.path, path) is not None
        return named and (self.share == 1 or self._die.random() < self.share)


class Faults:
    """The rules in force, in the order they were posted. Safe for several threads."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Put a rule behind those in force; it hits requests from the next one on."""
        with self._lock:
            self._rules.append(fault)

    def clear(self) -> None:
        """Drop every rule, those with `times` left as well."""
        with self._lock:
            self._rules.clear()

    def take(self, method: str, path: str) -> list[Fault]:
        """The rules that hit this request; each is counted down by one."""
        with self._lock:
            hits = [rule for rule in self._rules if rule.matches(method, path)]
            for rule in hits:
                if rule.times > 0:
                    rule.times -= 1
            return hits
