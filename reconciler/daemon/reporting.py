"""Tells of a reconcile, in logs and in metrics: of what happens each time, of what stays so only once."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.daemon.logs import get_logger
from reconciler.daemon.metrics import Metrics, tally
from reconciler.daemon.notices import Notices
from reconciler.executor.observe.endpoint import Coverage
from reconciler.executor.steps.outcome import Outcome, Result
from reconciler.executor.steps.recover import Recovered
from reconciler.model.address import Address
from reconciler.model.diff import Reason
from reconciler.model.plan import BlockReason, Plan, Step

_log = get_logger(__name__)
_EXPECTED = frozenset({Result.DONE, Result.BUSY, Result.STALE, Result.NOT_STARTED})


@dataclass(slots=True)
class Teller:
    """Told of all that happens. Remembers what has drifted, so that each drift is counted once."""

    metrics: Metrics
    notices: Notices
    _drifted: frozenset[Address] = field(default_factory=frozenset)

    def recovered(self, item: Recovered) -> None:
        """An operation of a dead worker was brought to an end, or could not be settled."""
        self.metrics.recovered.labels(str(item.settled).lower()).inc()
        _log.warning(
            "an operation of a dead worker was taken up",
            resource=str(item.address),
            action=item.action.value,
            settled=item.settled,
            what=item.message,
        )

    def observed(self, covered: Coverage) -> None:
        """What is new by a look; an endpoint's trouble or a quarantine, once until it changes."""
        changed, gone = [str(a) for a in covered.changed], [str(a) for a in covered.gone]
        if changed or gone:
            _log.info(
                "observed", endpoint=covered.endpoint, changed=changed, gone=gone, requests=covered.requests
            )
        else:
            _log.debug("observed", endpoint=covered.endpoint, seen=covered.seen, requests=covered.requests)
        if (
            self.notices.is_news(("quarantined", covered.endpoint), covered.quarantined or None)
            and covered.quarantined
        ):
            _log.error(
                "objects carry our mark in a way that cannot be decided; a person must look",
                endpoint=covered.endpoint,
                resources=[str(a) for a in covered.quarantined],
            )
        if not self.notices.is_news(("endpoint", covered.endpoint), covered.trouble):
            return
        if covered.trouble is None:
            _log.info("the endpoint can be seen again", endpoint=covered.endpoint)
        else:
            _log.warning(
                "the endpoint cannot be seen" if covered.blind else "not all of the endpoint can be seen",
                endpoint=covered.endpoint,
                problem=covered.trouble,
            )

    def started(self, step: Step) -> None:
        """A step begins, which is logged each time."""
        _log.info(
            "step started",
            resource=str(step.address),
            action=step.action.value,
            endpoint=step.endpoint,
            reason=step.reason.value if step.reason else None,
            summary=step.summary,
        )

    def ended(self, outcome: Outcome, step: Step | None) -> None:
        """`step` is None where it was never started."""
        self.metrics.steps.labels(outcome.action.value, outcome.result.value).inc()
        if outcome.result is Result.DONE and step is not None and step.reason is Reason.DRIFT:
            self.metrics.drift_healed.inc()
        say = _log.info if outcome.result in _EXPECTED else _log.error
        say(
            f"step {outcome.result.value}",
            resource=str(outcome.address),
            action=outcome.action.value,
            operation=str(outcome.operation) if outcome.operation else None,
            seconds=round(outcome.seconds, 3),
            requests=outcome.requests,
            **({"problem": outcome.message, "hint": outcome.hint} if outcome.message else {}),
        )

    def drift(self, plan: Plan) -> None:
        """Count and tell what has drifted since the last time."""
        drifted = _drifted(plan)
        summaries = {step.address: step.summary for step in plan.steps}
        summaries |= {item.address: item.message for item in plan.blocked}
        for address in sorted(drifted - self._drifted):
            self.metrics.drift_found.inc()
            _log.warning("drift found", resource=str(address), what=summaries[address])
        self._drifted = drifted

    def report(self, plan: Plan) -> None:
        """What would be done, where nothing is: each step once, until it changes."""
        steps = {step.address: step for step in plan.steps}
        new, over = self.notices.news("report", {address: step.hash() for address, step in steps.items()})
        for step in (steps[address] for address in steps if address in new):
            _log.info(
                "would be done",
                resource=str(step.address),
                action=step.action.value,
                reason=step.reason.value if step.reason else None,
                summary=step.summary,
            )
        for address in over:
            _log.info("need not be done any more", resource=str(address))

    def left(self, plan: Plan) -> None:
        """What differs still, and what is in the way."""
        self.drift(plan)
        now = self.metrics.snapshot
        now.drifted = len(self._drifted)
        now.blocked = tally(item.reason.value for item in plan.blocked)
        blocked = {(item.address, item.reason): item for item in plan.blocked}
        # A back-off's text names a time that moves with each failure, and each failure is told by itself.
        texts = {key: "" if key[1] is BlockReason.BACK_OFF else item.message for key, item in blocked.items()}
        new, _ = self.notices.news("blocked", dict(texts))
        for key, item in blocked.items():
            if key in new:
                _log.warning(
                    "blocked",
                    resource=str(item.address),
                    action=item.action.value,
                    hindrance=item.reason.value,
                    problem=item.message,
                    hint=item.hint,
                )
        for text in plan.warnings:
            if self.notices.is_news(("warning", text), text):
                _log.warning("plan", warning=text)


def _drifted(plan: Plan) -> frozenset[Address]:
    reported = {item.address for item in plan.blocked if item.reason is BlockReason.REPORT_ONLY}
    return frozenset({step.address for step in plan.steps if step.reason is Reason.DRIFT} | reported)
