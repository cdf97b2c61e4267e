"""Actions and the passing of time: what an accepted command does, and when it is done.

There is no background thread. Every request first settles what has become due by the clock, in the order
in which it became due, so an effect is visible exactly when its action is finished. While an action runs
it holds its locks; an action that fails gives them back and applies nothing. A lock knows its holders: what
one gives back another one keeps.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]
Resource = tuple[str, int]  # ("server", 42): the kinds as actions name them, in the singular
Effect = Callable[[], None]

# How long a command takes, in units of the simulator's `action_seconds`; 1 where nothing is said.
DURATION = {
    "create_server": 3.0,
    "change_server_type": 3.0,
    "rebuild_server": 3.0,
    "create_image": 2.0,
    "change_protection": 0.0,
    "change_dns_ptr": 0.0,
    "request_console": 0.0,
    "enable_backup": 0.0,
    "disable_backup": 0.0,
}


def timestamp(seconds: float) -> str:
    """RFC 3339 in UTC, to the second, as the API writes times."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True)
class Action:
    """One accepted command. `failure` is what it will end in, `stuck` keeps its locks after the end."""

    id: int
    command: str
    resources: tuple[Resource, ...]
    started: float
    begins: float
    ends: float
    locks: tuple[Resource, ...] = ()
    effect: Effect | None = None
    undo: Effect | None = None
    failure: Json | None = None
    stuck: float | None = None
    done: bool = False

    def render(self, now: float) -> Json:
        """The action as the API shows it; until it is done its progress is at most 99."""
        if self.done:
            status, progress = ("error" if self.failure else "success"), 100
        else:
            length = self.ends - self.begins
            status = "running"
            progress = max(0, min(99, int(100 * (now - self.begins) / length))) if length > 0 else 0
        return {
            "id": self.id,
            "command": self.command,
            "status": status,
            "progress": progress,
            "started": timestamp(self.started),
            "finished": timestamp(self.ends) if self.done else None,
            "resources": [{"id": number, "type": kind} for kind, number in self.resources],
            "error": self.failure if self.done else None,
        }


@dataclass(slots=True)
class Timeline:
    """A project's actions and everything else that is due at some time."""

    action_seconds: float
    actions: dict[int, Action] = field(default_factory=dict)
    by_resource: dict[Resource, list[int]] = field(default_factory=dict)
    locks: dict[Resource, set[int]] = field(default_factory=dict)  # the ids of the actions that hold it
    _due: list[tuple[float, int, Effect]] = field(default_factory=list)
    _order: int = 0

    def settle(self, now: float) -> None:
        """Apply everything that has become due."""
        while self._due and self._due[0][0] <= now:
            _, _, effect = heapq.heappop(self._due)
            effect()

    def at(self, when: float, effect: Effect) -> None:
        """Have an effect applied at `when`, in unix seconds; equals in the order of calls."""
        self._order += 1
        heapq.heappush(self._due, (when, self._order, effect))

    def start(self, action: Action, *, after: Sequence[Action] = ()) -> Action:
        """Run an action, behind those it has to wait for; it fails with the first of them that fails."""
        action.begins = max([action.started, *(earlier.ends for earlier in after if not earlier.done)])
        action.ends = action.begins + DURATION.get(action.command, 1.0) * self.action_seconds
        failed = next((earlier.failure for earlier in after if earlier.failure), None)
        action.failure = action.failure or failed
        self.actions[action.id] = action
        for resource in action.resources:
            self.by_resource.setdefault(resource, []).append(action.id)
        for lock in action.locks:
            self.locks.setdefault(lock, set()).add(action.id)
        if DURATION.get(action.command) == 0 and action.ends == action.started:
            self.finish(action)
        else:
            self.at(action.ends, lambda: self.finish(action))
        return action

    def finish(self, action: Action) -> None:
        """End an action, once: give its locks back and apply its effect, or `undo` where it failed.

        A stuck one keeps its locks for `stuck` seconds after its end, and with 0 until `unlock`.
        """
        if action.done:
            return
        action.done = True
        if action.stuck is None:
            self._release(action)
        elif action.stuck > 0:
            self.at(action.ends + action.stuck, lambda: self._release(action))
        effect = action.undo if action.failure else action.effect
        if effect is not None:
            effect()

    def cut_short(self, action: Action, now: float) -> None:
        """End an action now, unless it has ended before."""
        action.ends = min(action.ends, now)
        self.finish(action)

    def locked(self, resource: Resource) -> bool:
        """Whether an action holds the resource, one that runs or one whose locks are stuck."""
        return resource in self.locks

    def unlock(self, resource: Resource) -> None:
        """Take a lock away whoever holds it (a provider's support does this to a stuck one)."""
        self.locks.pop(resource, None)

    def _release(self, action: Action) -> None:
        for lock in action.locks:
            holders = self.locks.get(lock, set())
            holders.discard(action.id)
            if not holders:
                self.locks.pop(lock, None)
