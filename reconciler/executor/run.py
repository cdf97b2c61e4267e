"""Running a plan's steps: in dependency order, side by side where nothing stands between them.

A failure stops only what depends on it. A stop request lets what is under way finish and starts nothing new.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

from reconciler.errors import DatabaseUnavailable
from reconciler.executor.context import Context
from reconciler.executor.steps.ground import Ground
from reconciler.executor.steps.outcome import Outcome, Result
from reconciler.executor.steps.schedule import Schedule
from reconciler.executor.steps.step import StepRunner
from reconciler.model.address import Address
from reconciler.model.plan import Step

WORKERS = 8
"""Steps under way at once. Each needs a database connection for moments only."""


@dataclass(slots=True)
class _Run:
    schedule: Schedule
    under_way: dict[Future[Outcome], Step] = field(default_factory=dict)
    cut_off: list[Step] = field(default_factory=list)  # by a fault


def run_steps(
    context: Context,
    steps: Sequence[Step],
    *,
    stop: threading.Event,
    plan_step_ids: Mapping[Address, int] | None = None,
    revisions: Mapping[Address, int] | None = None,
    grounds: Mapping[Address, Ground] | None = None,
    started: Callable[[Step], None] = lambda _: None,
    ended: Callable[[Outcome], None] = lambda _: None,
    workers: int = WORKERS,
) -> tuple[Outcome, ...]:
    """The outcome of every step, in the order of the plan. `started` and `ended` tell of progress.

    `revisions` says whose change a step is, for the history; the context's where it does not. `grounds` are
    what the steps were planned from; of one without, what is recorded is read again.

    Raises what is a fault of ours or of the database, after what is under way has ended.
    """
    ids = plan_step_ids or {}
    commits = revisions or {}
    planned_from = grounds or {}
    context.connections.stop = stop
    run = _Run(Schedule(steps))

    def begin(pool: ThreadPoolExecutor, step: Step) -> None:
        started(step)
        acting = replace(context, revision=commits.get(step.address, context.revision))
        runner = StepRunner(acting, step, ids.get(step.address), stop, planned_from.get(step.address))
        run.under_way[pool.submit(runner.run)] = step

    try:
        with context.connections.pool(workers, "step") as pool:
            while True:
                while len(run.under_way) < workers and not stop.is_set():
                    step = run.schedule.take()
                    if step is None:
                        break
                    begin(pool, step)
                if stop.is_set():
                    _tell(run.schedule.abandon(), ended)
                if not run.under_way:
                    break
                _collect(run, context, stop, ended)
    except DatabaseUnavailable as error:
        raise _lost(run, error) from error
    return tuple(run.schedule.outcomes[step.address] for step in steps)


def _lost(run: _Run, error: DatabaseUnavailable) -> DatabaseUnavailable:
    """The loss of the database, and what state it leaves behind."""
    open_too = [step for future, step in run.under_way.items() if _left_open(future)]
    names = ", ".join(sorted(str(step.address) for step in [*run.cut_off, *open_too]))
    return DatabaseUnavailable(
        f"{error.message}; no further request was sent, and what was under way is left open: {names}",
        hint=f"{error.hint or 'Check that the server runs.'} The next run looks first at what was left open,"
        " and goes on from there; nothing needs unlocking.",
    )


def _left_open(ended: Future[Outcome]) -> bool:
    return ended.exception() is not None or ended.result().result is Result.AMBIGUOUS


def _tell(outcomes: Iterable[Outcome], ended: Callable[[Outcome], None]) -> None:
    for outcome in outcomes:
        ended(outcome)


def _collect(run: _Run, context: Context, stop: threading.Event, ended: Callable[[Outcome], None]) -> None:
    done, _ = wait(run.under_way, return_when=FIRST_COMPLETED)
    for future in done:
        step = run.under_way.pop(future)
        try:
            outcome = future.result()
        except BaseException:
            stop.set()  # a fault of ours or of the database: start nothing more, then say it
            context.connections.release()
            run.schedule.abandon()
            run.cut_off.append(step)
            raise
        _tell([outcome, *run.schedule.end(outcome)], ended)
