"""What a server is: its type and its placement group; and which of all changes need it to be off."""

from __future__ import annotations

from reconciler.model.plan import Call
from reconciler.providers.hetzner.calls import Calls, Change, plain, target_id
from reconciler.providers.hetzner.types.vm.public import change_addresses
from reconciler.providers.hetzner.types.vm.wire import WIRE


def online_changes(change: Change) -> Calls:
    """Leaving a placement group works while the machine runs."""
    group = change.diff.change("placement_group")
    if group is None or group.before is None:
        return ()
    address = change.recorded.address
    return (WIRE.act(address, "remove_from_placement_group", f"{address.name}: leave {group.before}"),)


def off_changes(change: Change) -> Calls:
    """The change of type comes last: it starts the machine."""
    address = change.recorded.address
    calls: list[Call] = []
    group = change.diff.change("placement_group")
    if group is not None and group.after is not None:
        body = {"placement_group": target_id(group.after)}
        calls.append(WIRE.act(address, "add_to_placement_group", f"{address.name}: join {group.after}", body))
    calls += change_addresses(change)
    if server_type := change.diff.change("server_type"):
        disk = change.desired.attributes.get("upgrade_disk") is True
        words = f"{address.name}: change to {server_type.after}, {'growing' if disk else 'keeping'} the disk"
        body = {"server_type": plain(server_type.after), "upgrade_disk": disk}
        calls.append(WIRE.act(address, "change_type", words, body, timeout=3600))
    return tuple(calls)
