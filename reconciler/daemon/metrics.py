"""What the daemon measures, in a registry of its own. Labels hold names, never secrets or texts of errors.

Counters and the histogram are kept here; levels come from what the daemon last knew, when it is asked.
"""

from __future__ import annotations

import threading
from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from reconciler import __version__
from reconciler.executor.access.budget import RequestBudget
from reconciler.store.work.watch import Levels

_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)


@dataclass(frozen=True, slots=True)
class SourceView:
    """Of one source: the commit that was last recorded and when (Unix seconds), and how much is wrong now."""

    commit: str = ""
    recorded_at: float = 0.0
    problems: int = 0


@dataclass(slots=True)
class Snapshot:
    """What the daemon last knew. Replaced field by field, never changed in place, so that reading is safe."""

    database_up: bool = False
    last_success: float = 0.0  # Unix seconds
    levels: Levels = field(default_factory=Levels)
    drifted: int = 0
    blocked: Mapping[str, int] = field(default_factory=dict)
    observed_at: Mapping[str, float] = field(default_factory=dict)  # Unix seconds of the last look that saw
    trouble: Mapping[str, bool] = field(default_factory=dict)
    sources: Mapping[str, SourceView] = field(default_factory=dict)
    expires_at: Mapping[str, float] = field(default_factory=dict)  # Unix seconds, by credential
    budgets: Mapping[str, RequestBudget] = field(default_factory=dict)


class Metrics:
    """The registry and all that is in it."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self.snapshot = Snapshot()
        self._lock = threading.Lock()
        self.reconciles = Counter(
            "reconciler_reconciles", "Reconciles by how they ended.", ["outcome"], registry=self.registry
        )
        self.duration = Histogram(
            "reconciler_reconcile_duration_seconds",
            "How long a reconcile took.",
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.steps = Counter(
            "reconciler_steps", "Steps by action and result.", ["action", "result"], registry=self.registry
        )
        self.drift_found = Counter(
            "reconciler_drift_found", "Resources found to have drifted.", registry=self.registry
        )
        self.drift_healed = Counter(
            "reconciler_drift_healed", "Resources whose drift was undone.", registry=self.registry
        )
        self.recovered = Counter(
            "reconciler_recovered_operations",
            "Operations of dead workers that were taken up, by whether they could be settled.",
            ["settled"],
            registry=self.registry,
        )
        self.hooks = Counter(
            "reconciler_hooks",
            "Requests to the hook by what became of them.",
            ["outcome"],
            registry=self.registry,
        )
        self.registry.register(_Levels(self.snapshot))

    def text(self) -> bytes:
        """In Prometheus's text format."""
        with self._lock:
            return generate_latest(self.registry)


class _Levels(Collector):
    def __init__(self, snapshot: Snapshot) -> None:
        self._now = snapshot

    def collect(self) -> Iterator[Metric]:
        yield from _plain(self._now)
        yield from _of_endpoints(self._now)
        yield from _of_sources(self._now)


def _plain(now: Snapshot) -> Iterator[Metric]:
    levels = now.levels
    for name, help_text, value in (
        ("database_up", "Whether the database answered the last time.", int(now.database_up)),
        ("last_success_timestamp_seconds", "When a reconcile last left nothing failing.", now.last_success),
        ("open_operations", "Operations that are not at their end.", levels.open_operations),
        ("failing_resources", "Resources whose last operation failed.", levels.failing),
        ("backing_off_resources", "Failing resources that are left alone for now.", levels.backing_off),
        ("holds", "Holds in force.", levels.holds),
        ("waiting_approvals", "Plans that wait for a person's approval.", levels.waiting_approvals),
        (
            "stray_history_rows",
            "History rows in a default partition, because no month was there for them; should be 0.",
            levels.stray_history_rows,
        ),
        ("archived_history_rows", "History rows that are away in files.", levels.archived_history_rows),
        (
            "archived_resources",
            "Deleted resources and parts that are away in files.",
            levels.archived_resources,
        ),
        ("drifted_resources", "Resources that differ from what was applied.", now.drifted),
    ):
        yield GaugeMetricFamily(f"reconciler_{name}", help_text, value=value)
    yield _labelled(
        "blocked_resources", "Differences that are left, by what is in the way.", ["hindrance"], now.blocked
    )
    yield _labelled(
        "credential_expires_timestamp_seconds",
        "When a credential expires, of those where it is known to.",
        ["credential"],
        now.expires_at,
    )
    info = GaugeMetricFamily("reconciler_build_info", "The version that runs.", labels=["version"])
    info.add_metric([__version__], 1)
    yield info


def _of_endpoints(now: Snapshot) -> Iterator[Metric]:
    label = ["endpoint"]
    yield _labelled(
        "endpoint_observed_timestamp_seconds", "When the endpoint was last seen.", label, now.observed_at
    )
    yield _labelled("endpoint_trouble", "Whether not all of it could be seen.", label, now.trouble)
    requests = CounterMetricFamily(
        "reconciler_provider_requests", "Requests sent to the endpoint.", labels=label
    )
    left = GaugeMetricFamily(
        "reconciler_request_budget_remaining", "Requests left in the endpoint's hourly budget.", labels=label
    )
    for name, budget in sorted(now.budgets.items()):
        requests.add_metric([name], budget.requests)
        if (remaining := budget.remaining) is not None:
            left.add_metric([name], remaining)
    yield requests
    yield left


def _of_sources(now: Snapshot) -> Iterator[Metric]:
    info = GaugeMetricFamily(
        "reconciler_source_revision_info", "The commit that was last recorded.", labels=["source", "commit"]
    )
    for name, view in sorted(now.sources.items()):
        if view.recorded_at:
            info.add_metric([name, view.commit], 1)
    yield info
    yield _labelled(
        "source_recorded_timestamp_seconds",
        "When a revision of the source was last recorded.",
        ["source"],
        {name: view.recorded_at for name, view in now.sources.items()},
    )
    yield _labelled(
        "source_problems",
        "What is wrong with the source now; more than 0: its last good revision stays.",
        ["source"],
        {name: view.problems for name, view in now.sources.items()},
    )


def _labelled(name: str, text: str, labels: Sequence[str], values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"reconciler_{name}", text, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric([key], float(value))
    return family


def tally(words: Iterable[str]) -> dict[str, int]:
    """How often each word is there."""
    return dict(Tally(words))
