"""Running a plan's steps: in dependency order, side by side where nothing stands between them.

A failure stops only what depends on it. A stop request lets what is under way finish and starts nothing new.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

from reconciler.executor.context import Context
from reconciler.executor.outcome import Outcome, Result
from reconciler.executor.step import StepRunner
from reconciler.model.address import Address
from reconciler.model.plan import Step

WORKERS = 8
"""Steps under way at once. Each needs a database connection for moments only."""


@dataclass(slots=True)
class _Run:
    waiting: dict[Address, Step]
    outcomes: dict[Address, Outcome] = field(default_factory=dict)
    under_way: dict[Future[Outcome], Step] = field(default_factory=dict)


def run_steps(
    context: Context,
    steps: Sequence[Step],
    *,
    stop: threading.Event,
    plan_step_ids: Mapping[Address, int] | None = None,
    revisions: Mapping[Address, int] | None = None,
    started: Callable[[Step], None] = lambda _: None,
    ended: Callable[[Outcome], None] = lambda _: None,
    workers: int = WORKERS,
) -> tuple[Outcome, ...]:
    """The outcome of every step, in the order of the plan. `started` and `ended` tell of progress.

    `revisions` says whose change a step is, for the history; the context's where it does not.

    Raises what is a fault of ours or of the database, after what is under way has ended.
    """
    ids = plan_step_ids or {}
    commits = revisions or {}
    run = _Run({step.address: step for step in steps})
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="step") as pool:
        while run.waiting or run.under_way:
            _skip(run, stop, ended)
            for step in _ready(run)[: max(0, workers - len(run.under_way))]:
                del run.waiting[step.address]
                started(step)
                acting = replace(context, revision=commits.get(step.address, context.revision))
                runner = StepRunner(acting, step, ids.get(step.address), stop)
                run.under_way[pool.submit(runner.run)] = step
            _collect(run, stop, ended)
    return tuple(run.outcomes[step.address] for step in steps)


def _ready(run: _Run) -> list[Step]:
    return [
        step
        for step in run.waiting.values()
        if all(need in run.outcomes or not _pending(run, need) for need in step.requires)
    ]


def _pending(run: _Run, address: Address) -> bool:
    return address in run.waiting or any(step.address == address for step in run.under_way.values())


def _skip(run: _Run, stop: threading.Event, ended: Callable[[Outcome], None]) -> None:
    """Give an outcome to what will not be started, and so on along the dependencies."""
    changed = True
    while changed:
        changed = False
        for step in list(run.waiting.values()):
            outcome = _unstarted(run, step, stop)
            if outcome is not None:
                del run.waiting[step.address]
                run.outcomes[step.address] = outcome
                ended(outcome)
                changed = True


def _unstarted(run: _Run, step: Step, stop: threading.Event) -> Outcome | None:
    failed = [n for n in step.requires if n in run.outcomes and run.outcomes[n].result is not Result.DONE]
    if failed:
        names = ", ".join(map(str, failed))
        message, hint = f"needs {names}, which did not succeed", "apply again when it has"
        return Outcome(step.address, step.action, Result.SKIPPED, message, hint)
    if stop.is_set():
        return Outcome(
            step.address, step.action, Result.NOT_STARTED, "stopped before it began", "apply again"
        )
    return None


def _collect(run: _Run, stop: threading.Event, ended: Callable[[Outcome], None]) -> None:
    if not run.under_way:
        return
    done, _ = wait(run.under_way, return_when=FIRST_COMPLETED)
    for future in done:
        step = run.under_way.pop(future)
        try:
            outcome = future.result()
        except BaseException:
            stop.set()  # a fault of ours or of the database: start nothing more, then say it
            run.waiting.clear()
            raise
        run.outcomes[step.address] = outcome
        ended(outcome)
