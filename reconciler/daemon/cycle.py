"""One reconcile: recover, read the sources, look, plan and apply; and tell what came of it.

Everything that changes anything is the engine's. Whatever goes wrong at one source, endpoint or resource
holds up no other; what goes wrong with the database is for the caller.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from reconciler.daemon.hook.hook import Hook
from reconciler.daemon.logs import get_logger
from reconciler.daemon.metrics import Metrics
from reconciler.daemon.notices import Notices
from reconciler.daemon.observe_schedule import Endpoints
from reconciler.daemon.quiet import Quiet
from reconciler.daemon.reporting import Teller
from reconciler.daemon.sources import Sources
from reconciler.daemon.waiting import settle_saved
from reconciler.engine.apply import Session
from reconciler.engine.approval import Permit
from reconciler.engine.engine import Engine
from reconciler.engine.observing import observe_all
from reconciler.engine.planning import PlanOptions
from reconciler.engine.results import Applied, Progress
from reconciler.errors import CredentialError
from reconciler.executor.context import Context
from reconciler.executor.steps.outcome import Result
from reconciler.model.address import Address
from reconciler.model.plan import BlockReason, Plan, Step
from reconciler.redaction import Redactor
from reconciler.store.inventory import rows as inventory

_log = get_logger(__name__)

UNDONE = frozenset({Result.FAILED, Result.AMBIGUOUS, Result.SKIPPED})
"""Results that leave something failing. Another worker being faster is none of them."""


class Due(StrEnum):
    """Why a reconcile is to be made."""

    SOURCES = "sources"  # see whether a source moved; if none did, that was all
    OBSERVE = "observe"  # look at every endpoint
    RECONCILE = "reconcile"  # everything, though nothing seems to have moved


class Ended(StrEnum):
    """How a reconcile ended."""

    DONE = "done"  # whatever is left waits for a person
    INCOMPLETE = "incomplete"  # something failed, now or earlier, or could not be read or seen
    STOPPED = "stopped"
    IDLE = "idle"  # no source moved, and nothing else was asked for


@dataclass(slots=True)
class Reconciler:
    """Keeps from one reconcile to the next what spares work, and nothing that correctness rests on."""

    options: PlanOptions
    report_only: bool
    sources: Sources
    endpoints: Endpoints
    metrics: Metrics
    notices: Notices
    redactor: Redactor
    hook: Hook | None = None
    hook_credentials: tuple[str, ...] = ()
    teller: Teller = field(init=False)
    quiet: Quiet = field(default_factory=Quiet)

    def __post_init__(self) -> None:
        self.teller = Teller(self.metrics, self.notices)

    def run(
        self,
        engine: Engine,
        context: Context,
        due: frozenset[Due],
        stop: threading.Event,
        pushed: frozenset[str] = frozenset(),
    ) -> tuple[Context, Ended]:
        """One reconcile, with the context for the next. Raises what is a fault of ours or the database's.

        `pushed`: labels of sources that something was pushed to. Where nothing is due they alone are read.
        """
        began: dict[Address, Step] = {}
        session = Session(engine, context, options=self.options, stop=stop, progress=self._progress(began))
        session.recover()
        quiet = Due.RECONCILE in due and self.quiet.holds(engine)
        again = Due.RECONCILE in due and not quiet
        reading = self.sources.read(
            engine, context, again=again, stop=stop, pushed=pushed, only_pushed=not due
        )
        self.metrics.snapshot.sources = self.sources.views()
        session.context = reading.context
        session.options = replace(self.options, scope=reading.scope)
        for name in session.take_approved():
            self.endpoints.doubt(name)
        if due <= {Due.SOURCES} and not reading.moved:
            return reading.context, Ended.IDLE
        self._learn_secrets(engine)
        soon = reading.moved or Due.OBSERVE in due
        moved = soon or session.inventory or self.sources.problems
        if quiet and not moved and not self._to_be_seen(session.context, soon=soon):
            return session.context, Ended.DONE
        self._observe(session.context, stop, soon=soon)
        mark = self.quiet.since(engine)
        session.coverage = dict(self.endpoints.coverage())
        if stop.is_set():
            return session.context, Ended.STOPPED
        if self.report_only:
            plan = session.preview().plan
            self.teller.report(plan)
            self.teller.left(plan)
            failed = False
        else:
            plan, failed = self._apply(engine, session, began)
        if stop.is_set():
            return session.context, Ended.STOPPED
        blind = any(covered.blind for covered in session.coverage.values())
        whole = not (failed or blind or self.sources.problems)
        self.quiet.left(mark, plan if whole else None)
        return session.context, Ended.DONE if whole else Ended.INCOMPLETE

    def _apply(self, engine: Engine, session: Session, began: Mapping[Address, Step]) -> tuple[Plan, bool]:
        """What is left, and whether anything of it is failing."""
        applied: Applied = session.apply(Permit())
        for outcome in applied.outcomes:
            if outcome.result is not Result.DONE and (step := began.get(outcome.address)) is not None:
                self.endpoints.doubt(step.endpoint)
        settle_saved(engine, applied, session.context.revision)
        self.teller.left(applied.left)
        waits = any(item.reason is BlockReason.BACK_OFF for item in applied.left.blocked)
        return applied.left, waits or any(outcome.result in UNDONE for outcome in applied.outcomes)

    def _to_be_seen(self, context: Context, *, soon: bool) -> frozenset[str]:
        """The endpoints whose time it is to be looked at."""
        return self.endpoints.due(context.connections.endpoints.keys(), time.monotonic(), soon=soon)

    def _observe(self, context: Context, stop: threading.Event, *, soon: bool) -> None:
        names = context.connections.endpoints.keys()
        self.endpoints.keep(names)
        wanted = self._to_be_seen(context, soon=soon)
        if not wanted or stop.is_set():
            return
        coverage = observe_all(context, wanted)
        for covered in coverage.values():
            self.endpoints.seen(covered, time.monotonic())
            self.teller.observed(covered)
        now = self.metrics.snapshot
        seen = {name: time.time() for name, covered in coverage.items() if not covered.blind}
        now.observed_at = {name: at for name, at in {**now.observed_at, **seen}.items() if name in names}
        now.trouble = {
            name: covered.trouble is not None for name, covered in self.endpoints.coverage().items()
        }

    def _progress(self, began: dict[Address, Step]) -> Progress:
        def started(step: Step) -> None:
            began[step.address] = step
            self.teller.started(step)

        return Progress(
            started=started,
            ended=lambda outcome: self.teller.ended(outcome, began.get(outcome.address)),
            recovered=self.teller.recovered,
            planned=self.teller.drift,
        )

    def _learn_secrets(self, engine: Engine) -> None:
        with engine.store.read() as tx:
            names = [row.name for row in inventory.credentials(tx)]
            ends = inventory.expiries(tx)
        self.metrics.snapshot.expires_at = {name: at.timestamp() for name, at in ends.items()}
        for_hook: list[str] = []
        for name in names:
            try:
                value = engine.resolve(name)
                self.redactor.learn([value])
                if name in self.hook_credentials:
                    for_hook.append(value)
            except CredentialError as error:
                if self.notices.is_news(("credential", name), error.message):
                    _log.warning("a credential cannot be resolved", credential=name, problem=error.message)
        self._teach_hook(names, for_hook)

    def _teach_hook(self, declared: Sequence[str], values: Sequence[str]) -> None:
        if self.hook is None:
            return
        self.hook.learn(values)
        missing = tuple(sorted(set(self.hook_credentials) - set(declared)))
        if self.notices.is_news(("hook",), missing or None) and missing:
            _log.warning(
                "the hook takes nothing that is signed with a credential that nobody declared",
                credentials=list(missing),
            )
