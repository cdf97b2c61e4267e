"""The process: opens the database and keeps it open, says when to reconcile, and ends when it is told to.

Ticks and signals only put a word into a queue; the main thread takes the words and does the work, so there is
one reconcile at a time. When the database goes, everything on it is closed and opened anew once it is back:
with it went the lock that proves this worker's life, so what was open is recovered like a dead worker's.
"""

from __future__ import annotations

import os
import queue
import random
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass
from types import FrameType

from reconciler.daemon.config import DaemonConfig
from reconciler.daemon.cycle import Due, Ended, Reconciler
from reconciler.daemon.health import TICK_SECONDS, Health, HealthServer
from reconciler.daemon.hook.hook import Hook
from reconciler.daemon.housekeeping import Archiving, Housekeeping
from reconciler.daemon.labels import label
from reconciler.daemon.logs import configure, get_logger
from reconciler.daemon.metrics import Metrics
from reconciler.daemon.notices import Notices
from reconciler.daemon.notify import notify
from reconciler.daemon.observe_schedule import Endpoints
from reconciler.daemon.sources import Sources
from reconciler.daemon.ticks import Tick, Ticks
from reconciler.engine.engine import Engine
from reconciler.engine.planning import PlanOptions
from reconciler.errors import DatabaseUnavailable, ReconcilerError
from reconciler.executor.access.budget import RequestBudget
from reconciler.executor.context import Context
from reconciler.model.backoff import BackOff
from reconciler.planner import Limits
from reconciler.providers.trace import Trace
from reconciler.redaction import Redactor
from reconciler.store.database.faults import TryAgain

HEARTBEAT_SECONDS = 5.0
MAINTENANCE = "partitions"
MAINTENANCE_SECONDS = 6 * 3600.0
BACK_OFF = BackOff(1.0, 30.0)
"""Between attempts to open the database."""

_log = get_logger(__name__)
_STOP, _LOST = "stop", "lost"


def run(config: DaemonConfig) -> int:
    """Run until SIGTERM or SIGINT. The exit code: 0 ended in good order, 1 it could not run or not end."""
    redactor = Redactor()
    configure(config.log_level, config.log_format, redactor)
    try:
        with Trace.open(config.trace, _log.warning) as trace:
            return _Service(config, redactor, trace).run()
    except ReconcilerError as error:
        _log.error("the daemon cannot run", problem=error.message, hint=error.hint)
        return 1


@dataclass(frozen=True, slots=True)
class Pushed:
    """A word in the queue: something was pushed to the source of that label."""

    source: str


class _Broken(ReconcilerError):
    """A reconcile ended by a fault. Operations may be open under this worker: it has to end, so that the next
    one recovers them."""


class _Service:
    def __init__(self, config: DaemonConfig, redactor: Redactor, trace: Trace | None) -> None:
        self.config = config
        self.trace = trace
        self.metrics = Metrics()
        self.health = Health(self.metrics)
        notices = Notices()
        self.hook = (
            Hook(((label(spec), spec) for spec in config.sources), self._pushed, self.metrics)
            if config.hook_credentials
            else None
        )
        self.reconciler = Reconciler(
            options=PlanOptions(limits=Limits(destroy=config.max_destroy)),
            report_only=config.report_only,
            sources=Sources(config.sources, config.home / "cache", notices, self._fetched),
            endpoints=Endpoints(config.observe_interval),
            metrics=self.metrics,
            notices=notices,
            redactor=redactor,
            hook=self.hook,
            hook_credentials=config.hook_credentials,
        )
        self.actor = config.actor or f"daemon@{socket.gethostname()}"
        self.words: queue.SimpleQueue[str | Pushed] = (
            queue.SimpleQueue()
        )  # its put may be called in a signal handler
        self.stopping = threading.Event()
        self.work_stop = threading.Event()
        self.session_lost = threading.Event()
        self.ended = threading.Event()
        self.housekeeping = Housekeeping(self.metrics, self.actor, self._lost)
        self.failures = 0  # in a row, to open the database or to reconcile
        self.budgets: dict[str, RequestBudget] = {}

    def run(self) -> int:
        config = self.config
        server = HealthServer(self.health, config.port, hook=self.hook) if config.port is not None else None
        self.ticks = Ticks(self._ticks())
        self._handle_signals()
        _log.info(
            "daemon started",
            actor=self.actor,
            port=server.port if server else None,
            sources=len(config.sources),
            report_only=config.report_only,
        )
        try:
            self._serve_for_ever()
        finally:
            self.ticks.close()
            self.reconciler.sources.close()
            self.ended.set()
            if server is not None:
                server.close()
        _log.info("daemon ended")
        return 0

    def _ticks(self) -> tuple[Tick, ...]:
        config = self.config

        def due(word: Due, seconds: float) -> Tick:
            # The jitter, which only delays, keeps replicas and many daemons from asking all at once.
            return Tick(word.value, seconds, lambda: self.words.put(word), jitter=seconds / 10)

        return (
            due(Due.SOURCES, config.source_poll),
            due(Due.OBSERVE, config.observe_interval),
            due(Due.RECONCILE, config.reconcile_interval),
            Tick("alive", TICK_SECONDS, self._alive, at_once=True),
            Tick("heartbeat", HEARTBEAT_SECONDS, self.housekeeping.beat, at_once=True),
            Tick(MAINTENANCE, MAINTENANCE_SECONDS, self.housekeeping.maintain),
        )

    # The database: opened, lost, opened again.

    def _serve_for_ever(self) -> None:
        while not self.stopping.is_set():
            try:
                with Engine.open(
                    self.config.home,
                    self.config.database_url,
                    self.actor,
                    check_plans=self.config.check_plans,
                    trace=self.trace,
                ) as engine:
                    engine.budgets = self.budgets  # what was sent was sent, whatever became of the database
                    with engine.working("daemon") as context:
                        self._serve(engine, context)
            except (DatabaseUnavailable, TryAgain) as error:
                self.metrics.snapshot.database_up = False
                self._wait("the database does not answer; nothing is changed until it does", error)
            except _Broken as error:
                self._wait("the reconcile failed; another worker takes over what it left open", error)

    def _wait(self, event: str, error: ReconcilerError) -> None:
        self.failures += 1
        wait = BACK_OFF.spread(self.failures, random.random())  # noqa: S311 - jitter
        if not self.stopping.is_set():
            _log.error(event, problem=error.message, hint=error.hint, retry_in_seconds=round(wait, 1))
        self.stopping.wait(wait)

    def _serve(self, engine: Engine, context: Context) -> None:
        """Reconcile whenever it is due. Raises DatabaseUnavailable when the database is lost, and _Broken."""
        self._taken()  # words about an earlier connection
        self.session_lost.clear()
        self.housekeeping.begin(engine.store, context.worker, self._archiving(engine))
        self.ticks.soon(MAINTENANCE)  # in a thread of the clock's: the first reconcile does not wait for it
        self.metrics.snapshot.budgets = self.budgets
        self.words.put(Due.RECONCILE)
        notify("READY=1")
        _log.info("database open", embedded=engine.database.is_embedded, worker=str(context.worker))
        try:
            while not self.stopping.is_set():
                words = {self.words.get(), *self._taken()}
                if _LOST in words:
                    raise DatabaseUnavailable("the worker's session with the database has ended")
                due = frozenset(Due(word) for word in words if isinstance(word, str) and word != _STOP)
                pushed = frozenset(word.source for word in words if isinstance(word, Pushed))
                if not self.stopping.is_set():
                    context = self._reconcile(engine, context, due, pushed)
        finally:
            self.housekeeping.end()

    def _archiving(self, engine: Engine) -> Archiving | None:
        config = self.config
        if config.archive_keep is None and config.archive_deleted is None:
            return None
        folder = config.archive_to or config.home / "archive"
        return Archiving(engine.database, config.archive_keep, config.archive_deleted, folder)

    def _fetched(self) -> None:
        """A remote source was read after the reconcile that asked for it had gone on without."""
        self.words.put(Due.SOURCES)

    def _pushed(self, source: str) -> None:
        self.words.put(Pushed(source))

    def _lost(self) -> None:
        """Others count this worker as dead from now on, so that it begins nothing any more."""
        self.session_lost.set()
        self.work_stop.set()
        self.words.put(_LOST)

    def _taken(self) -> set[str | Pushed]:
        """All the words that are there, without waiting."""
        words: set[str | Pushed] = set()
        while True:
            try:
                words.add(self.words.get_nowait())
            except queue.Empty:
                return words

    def _reconcile(
        self, engine: Engine, context: Context, due: frozenset[Due], pushed: frozenset[str]
    ) -> Context:
        # An event of its own: the engine sets it too, when something fails that must stop the whole run.
        self.work_stop = threading.Event()
        # Either may have been set between the caller's look and the new event.
        if self.stopping.is_set() or self.session_lost.is_set():
            return context
        began = time.monotonic()
        try:
            context, ended = self.reconciler.run(engine, context, due, self.work_stop, pushed)
        except DatabaseUnavailable:
            self.metrics.reconciles.labels("error").inc()
            raise
        except Exception as error:
            self.metrics.reconciles.labels("error").inc()
            if not isinstance(error, ReconcilerError):
                _log.exception("a fault of the program")
            raise _Broken(str(error)) from error
        self._note(ended, time.monotonic() - began)
        return context

    def _note(self, ended: Ended, seconds: float) -> None:
        self.failures = 0
        if ended is Ended.IDLE:
            return
        self.metrics.reconciles.labels(ended.value).inc()
        self.metrics.duration.observe(seconds)
        if ended in (Ended.DONE, Ended.INCOMPLETE):
            self.health.reconciled = True
        if ended is Ended.DONE:
            self.metrics.snapshot.last_success = time.time()
        self.housekeeping.measure()
        _log.debug("reconciled", ended=ended.value, seconds=round(seconds, 3))

    def _alive(self) -> None:
        self.health.tick()
        notify("WATCHDOG=1")

    # Signals. A handler runs between two instructions of the main thread: it may take no lock, nor log.

    def _handle_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._told_to_stop)
        signal.signal(signal.SIGHUP, self._told_to_read)

    def _told_to_read(self, _: int, __: FrameType | None) -> None:
        self.words.put(Due.SOURCES)

    def _told_to_stop(self, number: int, _: FrameType | None) -> None:
        if self.stopping.is_set():
            os._exit(1)  # told twice: at once
        self.stopping.set()
        self.work_stop.set()
        self.words.put(_STOP)
        threading.Thread(target=self._watch_the_end, args=(number,), name="end", daemon=True).start()

    def _watch_the_end(self, number: int) -> None:
        bound = self.config.shutdown_timeout
        notify("STOPPING=1")
        _log.info(
            "stopping: what is under way ends first", signal=signal.Signals(number).name, within_seconds=bound
        )
        if self.ended.wait(bound):
            return
        _log.error("what is under way did not end in time; it is left to the recovery of the next run")
        sys.stderr.flush()
        os._exit(1)
