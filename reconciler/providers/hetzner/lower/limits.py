"""What Hetzner refuses whatever is to be had: numbers of things, and things that exclude each other.

Each is known when planning; a machine without any network, say, would be refused by the API.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.errors import PlanError
from reconciler.model.plan import Action
from reconciler.model.resource import Desired
from reconciler.providers.driver import LowerRequest
from reconciler.providers.hetzner.lower.build import at

_FIREWALLS_OF_A_SERVER = 5
_MOST_PARTS = {"firewall_rule": 50, "route": 50, "subnet": 50}


def check(request: LowerRequest) -> None:
    """Raises PlanError for what no request can bring about."""
    desired = request.desired
    if desired is None or request.action is Action.DELETE:
        return
    for part_type, most in _MOST_PARTS.items():
        count = sum(1 for part in desired.parts if part.type == part_type)
        if count > most:
            words = part_type.replace("_", " ")
            message = f"{desired.address}: {count} {words}s are more than the {most} that there may be"
            raise PlanError(message, hint="spread them over several")
    if problem := next(_machine(request, desired), None):
        raise PlanError(f"{desired.address}{at(desired)}: {problem[0]}", hint=problem[1])
    if problem := next(_volume(request, desired), None):
        raise PlanError(f"{desired.address}{at(desired)}: {problem[0]}", hint=problem[1])


def _machine(request: LowerRequest, desired: Desired) -> Iterator[tuple[str, str]]:
    if desired.type != "vm":
        return
    values = desired.attributes
    firewalls = values.get("firewalls")
    count = len(firewalls) if isinstance(firewalls, tuple) else 0
    if count > _FIREWALLS_OF_A_SERVER:
        message = f"{count} firewalls are more than the {_FIREWALLS_OF_A_SERVER} that a machine may have"
        yield message, "put their rules together"
    public = any(values.get(f"{version}_enabled") is not False for version in ("ipv4", "ipv6"))
    if request.action is not Action.CREATE or public:
        return
    if count:
        yield "a firewall is for public traffic, and it has no public address", "remove one of the two"
    networks = [part for part in desired.parts if part.type == "network_attachment"]
    if not networks and values.get("power_state") != "stopped":
        message = "it would have neither a public address nor a private network"
        yield message, "give it a network, or `power_state: stopped`"


def _volume(request: LowerRequest, desired: Desired) -> Iterator[tuple[str, str]]:
    if desired.type != "volume":
        return
    values = desired.attributes
    if (
        request.action is Action.CREATE
        and values.get("automount") is True
        and values.get("filesystem") is None
    ):
        yield "`automount` needs a file system to mount", "write `filesystem: ext4`, or remove `automount`"
    server = values.get("server")
    there, wanted = request.recorded_of(server), request.wanted_of(server)
    sides = [side for side in (there, wanted) if side is not None]
    other = next((side.attributes["location"] for side in sides if side.attributes.get("location")), None)
    mine = values.get("location")
    if mine is None and request.recorded is not None:
        mine = request.recorded.attributes.get("location")
    if mine is not None and other is not None and mine != other:
        yield f"it is in {mine} and {server} is in {other}", "a volume can only be attached in its location"
