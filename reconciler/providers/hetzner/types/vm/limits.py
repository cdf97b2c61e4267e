"""What Hetzner refuses whatever is to be had: a machine with too much before it, or with nothing around it.

Each is known when planning; a machine without any network, say, would be refused by the API.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.errors import PlanError
from reconciler.model.plan import Action
from reconciler.model.resource import Desired
from reconciler.providers.driver import LowerRequest
from reconciler.providers.hetzner.calls import at
from reconciler.providers.hetzner.types.vm.wire import ATTACHMENT

_MOST_FIREWALLS = 5


def check(request: LowerRequest, desired: Desired) -> None:
    """Raises PlanError for what no request can bring about."""
    if problem := next(_problems(request, desired), None):
        raise PlanError(f"{desired.address}{at(desired)}: {problem[0]}", hint=problem[1])


def _problems(request: LowerRequest, desired: Desired) -> Iterator[tuple[str, str]]:
    values = desired.attributes
    firewalls = values.get("firewalls")
    count = len(firewalls) if isinstance(firewalls, tuple) else 0
    if count > _MOST_FIREWALLS:
        message = f"{count} firewalls are more than the {_MOST_FIREWALLS} that a machine may have"
        yield message, "put their rules together"
    public = any(values.get(f"{version}_enabled") is not False for version in ("ipv4", "ipv6"))
    if request.action is not Action.CREATE or public:
        return
    if count:
        yield "a firewall is for public traffic, and it has no public address", "remove one of the two"
    networks = [part for part in desired.parts if part.type == ATTACHMENT]
    if not networks and values.get("power_state") != "stopped":
        message = "it would have neither a public address nor a private network"
        yield message, "give it a network, or `power_state: stopped`"
