"""Ceasing to manage a resource without touching its object, because a person said so."""

from __future__ import annotations

import shlex

from reconciler.engine.apply import Session
from reconciler.errors import PlanError
from reconciler.executor.run import run_steps
from reconciler.executor.steps.outcome import Outcome
from reconciler.model.address import Address
from reconciler.model.plan import Action, Plan, Step
from reconciler.model.resource import Management
from reconciler.store.database.session import Actor
from reconciler.store.desired.sources import wanted_by
from reconciler.store.recorded.resources import load_recorded
from reconciler.store.work import plans


def forget(session: Session, address: Address) -> Outcome:
    """Carry out a plan of the one step that forgets a root; its object is left alone.

    Raises PlanError where nothing is managed there, or where a manifest wants it: the next apply would
    find an object that is not ours in its way. What is in quarantine may be forgotten in any case.
    """
    engine = session.engine
    if address.parent is not None:
        raise PlanError(
            f"{address} is a part of {address.root}, and a part cannot be forgotten by itself",
            hint=f"forget {address.root}, or add what it is to lifecycle.ignore_changes there",
        )
    actor = Actor(engine.actor, f"forget {address}", "manual")
    with engine.store.transaction(actor) as tx:
        recorded = load_recorded(tx, [address], engine.catalog).get(address)
        if recorded is None:
            raise PlanError(f"nothing is managed at {address}", hint="`reconciler get all` lists what is")
        wish = wanted_by(tx, [address]).get(address)
        if wish is not None and recorded.management is not Management.QUARANTINED:
            raise PlanError(
                f"{address} is wanted by the source {wish}, so it cannot be forgotten",
                hint="set lifecycle.on_remove: retain there, apply, then remove its manifest; if there is no "
                f"such source any more: reconciler source forget {shlex.quote(wish.source)}",
            )
        step = Step(
            address=address,
            action=Action.FORGET,
            endpoint=recorded.endpoint,
            provider_type=recorded.provider_type,
            reason=None,
            summary="forgotten by hand; the object stays",
            resource=recorded.uid,
            expected_version=recorded.version,
        )
        plan_id, ids = plans.save_plan(tx, Plan(steps=(step,)), engine.actor, "applying")
    (outcome,) = run_steps(session.context, [step], stop=session.stop, plan_step_ids=ids)
    with engine.store.transaction(actor) as tx:
        plans.set_status(tx, plan_id, "applied" if outcome.result == "done" else "failed")
    return outcome
