"""Deleting a guest: off first, then gone with its own disks and its places in other configurations. Pure."""

from __future__ import annotations

from reconciler.errors import PlanError
from reconciler.model.plan import Call, Impact
from reconciler.model.resource import Recorded
from reconciler.providers.proxmox.types.guest.build import Params, place_of
from reconciler.providers.proxmox.types.guest.kind import Kind


def lower(kind: Kind, recorded: Recorded) -> tuple[Call, ...]:
    """Raises PlanError for a protected guest: lifting the protection is a step of its own."""
    if recorded.attributes.get("protected") is True:
        raise PlanError(
            f"{recorded.address}: protected against deletion at the provider",
            hint="set `protected: false` and apply that first",
        )
    place = place_of(kind.names, recorded)
    # The id is never used again, so whatever names it elsewhere (backup jobs, HA) may go. Volumes that the
    # configuration does not name stay: somebody may have put them there to keep.
    params: Params = (("purge", 1), ("destroy-unreferenced-disks", 0))
    calls: list[Call] = []
    if recorded.state != "stopped":
        stop = place.call("stop", "POST", "/status/stop", "stop", impact=Impact.STOP, best_effort=True)
        calls.append(stop)
    calls.append(
        place.call(
            "delete",
            "DELETE",
            "",
            f"delete {place.vmid} with its disks, its snapshots, and its places in backup jobs and HA",
            params,
            deletes=True,
            timeout=3600,
        )
    )
    return tuple(calls)
