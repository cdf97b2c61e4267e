"""What goes with a server, and what must not: its primary IPs, its backups.

A primary IP with `auto_delete` goes with its server, whatever its own manifest says. One that we manage is
destroyed by a step of its own or not at all, so that is switched off first, and on again afterwards where
the manifest wants it so.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.errors import PlanError
from reconciler.model.plan import Call
from reconciler.model.resource import Management, Recorded
from reconciler.providers.driver import LowerRequest
from reconciler.providers.hetzner.calls import Calls
from reconciler.providers.hetzner.reverse_dns import VERSIONS
from reconciler.providers.hetzner.types import primary_ip


def around_deletion(request: LowerRequest, calls: Calls) -> Calls:
    """The deletion's calls with what keeps its addresses around them. Raises PlanError."""
    recorded = request.recorded
    if recorded is None:
        return calls
    before: list[Call] = []
    after: list[Call] = []
    for ours in _ours(request, recorded):
        wanted = request.wanted_of(ours.address)
        again = wanted is not None and wanted.attributes.get("auto_delete") is True
        if ours.attributes.get("auto_delete") is not True and not again:
            continue
        why = f"so that it outlives {recorded.address}"
        before.append(primary_ip.switch_auto_delete(ours.address, why, on=False))
        if again:
            why = f"as it was before {recorded.address} went"
            after.append(primary_ip.switch_auto_delete(ours.address, why, on=True))
    loss = _losses(request, recorded)
    calls = tuple(replace(call, destroys=loss) if call.deletes else call for call in calls)
    return (*before, *calls, *after)


def _ours(request: LowerRequest, recorded: Recorded) -> list[Recorded]:
    found = [request.recorded_of(recorded.attributes.get(version)) for version in VERSIONS]
    ours = [each for each in found if each is not None and each.type == primary_ip.WIRE.resource_type]
    for each in ours:
        if each.management is not Management.MANAGED and each.attributes.get("auto_delete") is True:
            raise PlanError(
                f"{recorded.address}: {each.address} is in quarantine and would go with it (auto_delete)",
                hint=f"see whose {each.address} is, or take it off the machine, first",
            )
    return [each for each in ours if each.management is Management.MANAGED]


def _losses(request: LowerRequest, recorded: Recorded) -> tuple[str, ...]:
    """In words: what the provider takes away with the machine."""
    losses: list[str] = []
    if recorded.attributes.get("backups") is True:
        losses.append("its backups go with it")
    own = [
        str(recorded.attributes[f"public_{version}"])
        for version in VERSIONS
        if recorded.attributes.get(f"public_{version}") is not None
        and request.recorded_of(recorded.attributes.get(version)) is None
    ]
    if own:
        losses.append(f"{' and '.join(own)}, made with it, {'go' if len(own) > 1 else 'goes'} with it")
    return tuple(losses)
