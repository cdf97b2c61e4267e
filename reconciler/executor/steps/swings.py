"""Whether what is healed swings back by itself, each time to the same other value.

A provider may show a value as it was asked for, and turn it into another later. Then every step succeeds
and every look shows drift, for ever. A person can do the same by hand, so it takes several times in a row,
with nothing else in between; then it is said once, and left alone until the manifest or a person says
otherwise.
"""

from __future__ import annotations

from reconciler.executor.steps.ineffective import Ineffective
from reconciler.model.diff import Reason
from reconciler.model.plan import Action, Step
from reconciler.store.database.session import Transaction
from reconciler.store.work import operations as ops
from reconciler.store.work import repeats

CODE = "swings"
"""The class of this failure among `resource_failures`."""

TIMES = 6
"""So often a value is set back before it is left alone."""


def swings(tx: Transaction, step: Step, begun: ops.Begun) -> Ineffective | None:
    """What this step healed, though it came back so often; None where nothing did.

    To be asked when what the step brought is recorded.
    """
    if step.action is not Action.UPDATE or step.reason is not Reason.DRIFT:
        return None
    found = repeats.swings(tx, begun, least=TIMES)  # this step's own healing is the last of them
    if not found:
        return None
    said = [
        f"{each.name} was set {each.times} times, was shown so, and each time became "
        f"{each.back_to or 'no value'} again later"
        for each in found
    ]
    return Ineffective(CODE, "; ".join(said) + "; it is left as it is", for_good=True)
