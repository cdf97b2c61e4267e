"""Lowering: from a step to the requests it takes, each type by its own rules. Pure.

It lowers the diff it is given, no more and no less, and decides no policy.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.errors import PlanError
from reconciler.model.plan import Action, Call
from reconciler.model.resource import Desired
from reconciler.providers.driver import LowerRequest
from reconciler.providers.hetzner.calls import Calls, Change
from reconciler.providers.hetzner.labels import marked
from reconciler.providers.hetzner.resource_type import ResourceType
from reconciler.providers.hetzner.types import TYPES


def lower(request: LowerRequest) -> tuple[Call, ...]:
    """Raises PlanError for what Hetzner cannot do."""
    address = request.diff.address
    kind = TYPES.get(address.type)
    if kind is None:
        raise PlanError(f"{address}: Hetzner Cloud has no {address.type}")
    before: Calls = ()
    if request.desired is not None and request.action is not Action.DELETE:
        _check_numbers(request.desired, kind.rules.most_parts)
        before = kind.rules.before(request, request.desired)
    return (*before, *kind.rules.around(request, _calls(request, kind)))


def _check_numbers(desired: Desired, most_parts: Mapping[str, int]) -> None:
    for part_type, most in most_parts.items():
        count = sum(1 for part in desired.parts if part.type == part_type)
        if count > most:
            words = part_type.replace("_", " ")
            message = f"{desired.address}: {count} {words}s are more than the {most} that there may be"
            raise PlanError(message, hint="spread them over several")


def _calls(request: LowerRequest, kind: ResourceType) -> Calls:
    address, rules = request.diff.address, kind.rules
    match request.action:
        case Action.CREATE if request.desired is not None:
            return rules.create(request.desired)
        case Action.UPDATE if request.desired is not None and request.recorded is not None:
            return rules.update(Change(request.desired, request.recorded, request.diff, request.settings))
        case Action.ADOPT if request.desired is not None and request.recorded is not None:
            mark = kind.wire.put(address, {"labels": marked(address, request.recorded.tags)})
            change = Change(request.desired, request.recorded, request.diff, request.settings)
            return (*mark, *(rules.update(change) if request.diff else ()))
        case Action.DELETE if request.recorded is not None:
            return rules.delete(request.recorded)
    raise PlanError(f"{address}: `{request.action}` cannot be lowered without what it starts from")
