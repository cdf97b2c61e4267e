"""Tells of what needs a person's approval, and of approved plans that fit no longer."""

from __future__ import annotations

from collections.abc import Collection

from reconciler.daemon.logs import get_logger
from reconciler.engine.engine import Engine
from reconciler.engine.results import Applied
from reconciler.engine.saved import keep_waiting
from reconciler.model.address import Address

_log = get_logger(__name__)


def settle_saved(engine: Engine, applied: Applied, revision: int | None) -> None:
    """Keep what waits now for an approval, and say so once."""
    kept = keep_waiting(engine, applied, revision)
    for waiting in kept.expired:
        if waiting.approved:
            _log.warning("an approved plan fits no longer and was not applied", plan=waiting.id)
    if kept.plan is None or not kept.is_new:
        return
    plan = kept.plan
    _log.warning(
        "a plan waits for an approval",
        plan=kept.number,
        hash=plan.hash(),
        steps=len(plan.steps),
        resources=_some([step.address for step in plan.steps]),
        inventory=list(map(str, plan.inventory)),
        reasons=list(plan.approval_reasons),
        command=f"reconciler approve {kept.number}",
    )


def _some(addresses: Collection[Address], most: int = 20) -> list[str]:
    shown = [str(address) for address in addresses][:most]
    left = len(addresses) - len(shown)
    return [*shown, f"and {left} more"] if left else shown
