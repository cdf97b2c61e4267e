"""From desired and recorded to a plan. Pure: time is an argument, lowering is a function handed in.

The same planner serves previews, the CLI's apply and the daemon; it decides everything and does nothing.
"""

from reconciler.planner.inputs import EndpointStatus, Limits, Lower, PlanInput
from reconciler.planner.plan import make_plan
from reconciler.planner.select import Selection, parse_selector

__all__ = [
    "EndpointStatus",
    "Limits",
    "Lower",
    "PlanInput",
    "Selection",
    "make_plan",
    "parse_selector",
]
