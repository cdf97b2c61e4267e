"""Lowering: from a step to the requests it takes, one module for each resource type. Pure.

It lowers the diff it is given, no more and no less, and decides no policy.
"""

from __future__ import annotations

from reconciler.errors import PlanError
from reconciler.model.plan import Action, Call
from reconciler.providers.driver import LowerRequest
from reconciler.providers.hetzner.labels import marked
from reconciler.providers.hetzner.lower import (
    addresses,
    firewall,
    network,
    placement_group,
    ssh_key,
    vm,
    volume,
)
from reconciler.providers.hetzner.lower.build import put
from reconciler.providers.hetzner.lower.limits import check
from reconciler.providers.hetzner.lower.rules import Change, Rules
from reconciler.providers.hetzner.lower.vm_fit import fitting, unchecked
from reconciler.providers.hetzner.lower.vm_places import placed
from reconciler.providers.hetzner.lower.vm_public import check_addresses
from reconciler.providers.hetzner.lower.vm_release import around_deletion

RULES: dict[str, Rules] = {
    "firewall": firewall.RULES,
    "floating_ip": addresses.FLOATING_IP,
    "network": network.RULES,
    "placement_group": placement_group.RULES,
    "primary_ip": addresses.PRIMARY_IP,
    "ssh_key": ssh_key.RULES,
    "vm": vm.RULES,
    "volume": volume.RULES,
}


def lower(request: LowerRequest) -> tuple[Call, ...]:
    """Raises PlanError for what Hetzner cannot do."""
    address = request.diff.address
    rules = RULES.get(address.type)
    if rules is None:
        raise PlanError(f"{address}: Hetzner Cloud has no {address.type}")
    check(request)
    return _machine(request, rules) if address.type == "vm" else _calls(request, rules)


def _machine(request: LowerRequest, rules: Rules) -> tuple[Call, ...]:
    """A machine's calls, after what is to be known first, and around them what its removal must not take."""
    if request.action is Action.DELETE:
        return around_deletion(request, _calls(request, rules))
    if request.desired is not None and request.diff:
        there = request.recorded if request.action is not Action.CREATE else None
        resets = {change.name for change in request.diff.changes if change.after is None}
        check_addresses(request.desired, there, request.wanted_of, resets)
    return (*fitting(request), *placed(request), *unchecked(request, _calls(request, rules)))


def _calls(request: LowerRequest, rules: Rules) -> tuple[Call, ...]:
    address = request.diff.address
    match request.action:
        case Action.CREATE if request.desired is not None:
            return rules.create(request.desired)
        case Action.UPDATE if request.desired is not None and request.recorded is not None:
            return rules.update(Change(request.desired, request.recorded, request.diff, request.settings))
        case Action.ADOPT if request.desired is not None and request.recorded is not None:
            mark = put(address, {"labels": marked(address, request.recorded.tags)})
            change = Change(request.desired, request.recorded, request.diff, request.settings)
            return (*mark, *(rules.update(change) if request.diff else ()))
        case Action.DELETE if request.recorded is not None:
            return rules.delete(request.recorded)
    raise PlanError(f"{address}: `{request.action}` cannot be lowered without what it starts from")
