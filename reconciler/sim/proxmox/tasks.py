"""Tasks: what the server calls work it has accepted and not yet done.

Time is looked at only when somebody looks: a task is done once its time has come and a request or a reading
of the state arrives. Its effect is applied then, so a guest changes when its task ends, not before.

Work that breaks ends its own task with an error, and no other request. That is a mistake of the simulator: it
is printed, and kept for whoever stops it.
"""

from __future__ import annotations

import heapq
import itertools
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from reconciler.sim.proxmox.failure import ApiError

Effect = Callable[[], int | None]
"""Does the work. Returns the number of warnings, or None; raises ApiError with the task's error text."""


@dataclass(slots=True)
class Task:
    """One task. `starttime` and `endtime` are seconds since the epoch; `ends_at` exact."""

    upid: str
    node: str
    pid: int
    pstart: int
    starttime: int
    type: str
    id: str
    user: str
    ends_at: float
    effect: Effect | None  # let go of once it is done
    on_failure: Callable[[], object] | None = None
    forced_exit: str | None = None
    applies_anyway: bool = False
    exitstatus: str | None = None
    endtime: int | None = None
    log: list[str] = field(default_factory=list)

    @property
    def running(self) -> bool:
        """Whether it has no exit status yet. It gets one when somebody looks after `ends_at`."""
        return self.exitstatus is None


class Tasks:
    """Every task of the cluster, by UPID, oldest first."""

    def __init__(self, random: Random, clock: Callable[[], float], seconds: float) -> None:
        self.seconds = seconds
        self._random = random
        self._clock = clock
        self._pid = 1000 + random.randrange(1000)
        self._all: dict[str, Task] = {}
        self._due: list[tuple[float, int, Task]] = []
        self._order = itertools.count()
        self.mistakes: list[Exception] = []

    def start(self, node: str, kind: str, about: object, user: str, effect: Effect, *, at_once: bool) -> Task:
        """Accept work; it is done after `seconds`, or as soon as anybody looks."""
        now = self._clock()
        self._pid += self._random.randrange(1, 40)
        pstart = int(now * 100) % (1 << 32)
        upid = f"UPID:{node}:{self._pid:08X}:{pstart:08X}:{int(now):08X}:{kind}:{about}:{user}:"
        task = Task(upid, node, self._pid, pstart, int(now), kind, str(about), user, now, effect)
        task.ends_at += 0 if at_once else self.seconds
        self._all[upid] = task
        heapq.heappush(self._due, (task.ends_at, next(self._order), task))
        return task

    def get(self, upid: str) -> Task | None:
        """The task of a UPID, ended or not, on whichever node; None where none has it."""
        return self._all.get(upid)

    def all(self) -> list[Task]:
        """Every task that was ever started, oldest first; nothing is forgotten."""
        return list(self._all.values())

    def settle(self) -> None:
        """Do the work of every task whose time has come, in the order in which they end."""
        now = self._clock()
        while self._due and self._due[0][0] <= now:
            self._finish(heapq.heappop(self._due)[2])

    def _finish(self, task: Task) -> None:
        task.endtime = int(task.ends_at)
        effect, task.effect = task.effect, None
        if task.forced_exit is not None and not task.applies_anyway:
            self._fail(task, task.forced_exit)
            return
        try:
            warnings = effect() if effect else None
        except ApiError as error:
            self._fail(task, error.text)
            return
        except Exception as mistake:  # noqa: BLE001 - whatever it is, it is this task's
            self._note(mistake)
            self._fail(task, f"the simulator made a mistake: {mistake!r}")
            return
        task.exitstatus = task.forced_exit or (f"WARNINGS: {warnings}" if warnings else "OK")
        task.log.append(f"TASK {task.exitstatus}")

    def _fail(self, task: Task, text: str) -> None:
        undo, task.on_failure = task.on_failure, None
        task.exitstatus = text
        task.log.append(f"TASK ERROR: {text}")
        try:
            if undo is not None:
                undo()
        except Exception as mistake:  # noqa: BLE001 - as above
            self._note(mistake)

    def _note(self, mistake: Exception) -> None:
        self.mistakes.append(mistake)
        traceback.print_exception(mistake)
