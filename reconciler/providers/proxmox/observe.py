"""Looking at a cluster: each view in turn, and which types were seen completely.

A type was seen completely if the login may see every object of it and nothing of it stayed unseen; only
then is what is not shown gone. How objects are listed and read is their view's own.
"""

from __future__ import annotations

from reconciler.providers.driver import Observation, ObserveRequest, Unseen
from reconciler.providers.proxmox.client import ProxmoxClient
from reconciler.providers.proxmox.permissions import sees_all
from reconciler.providers.proxmox.resource_type import Look
from reconciler.providers.proxmox.types import TYPES, VIEWS


def observe(client: ProxmoxClient, request: ObserveRequest) -> Observation:
    """Raises ProviderError where nothing at all could be seen; less than that goes into `unseen`."""
    before = client.requests
    look = Look(client, request)
    complete: frozenset[str] = frozenset()
    if request.targets:
        _at_targets(look)
    else:
        complete = _at_types(look)
    return Observation(
        resources=tuple(look.resources),
        complete=complete,
        absent=frozenset(look.absent),
        unseen=tuple(look.unseen),
        requests=client.requests - before,
    )


def _at_types(look: Look) -> frozenset[str]:
    """The types that were seen completely."""
    types = look.request.types & TYPES.keys()
    granted = look.client.get("/access/permissions") if types else {}
    look.client.granted = granted if types else None
    visible = frozenset(name for name in types if sees_all(*TYPES[name].audit, granted))
    for name in sorted(types - visible):
        _, privilege = TYPES[name].audit
        text = f"the credentials may not see everything: {privilege} is missing somewhere"
        look.unseen.append(Unseen(name, None, text))
    for view in VIEWS:
        if types & view.types:
            view.at_all(look, types & view.types)
    return visible - {item.type for item in look.unseen}


def _at_targets(look: Look) -> None:
    targets = sorted(look.request.targets)
    for view in VIEWS:
        if own := [target for target in targets if target[0] in view.types]:
            view.at_targets(look, own)
    for name, external_id in sorted(set(targets)):
        if name not in TYPES:
            look.unseen.append(Unseen(name, external_id, "not a type of this provider"))
