"""Looking at guests: which there are, and how those of ours are configured.

One list of the whole cluster says what exists and where, of every kind. For guests of ours each node adds
how they really run (the cluster's list lags by seconds), and each guest its configuration with what is
pending. Strangers are reported from the list alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.errors import ErrorCode, ProviderError
from reconciler.providers.driver import Unseen
from reconciler.providers.proxmox import marks
from reconciler.providers.proxmox.resource_type import Look, Target
from reconciler.providers.proxmox.types.guest import read
from reconciler.providers.proxmox.types.guest.kind import Kind

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Listed:
    """A guest in the cluster's list. `type` there is its kind's wire name."""

    kind: Kind
    row: Row

    @property
    def type(self) -> str:
        return self.kind.names.type

    @property
    def vmid(self) -> str:
        return str(self.row["vmid"])

    @property
    def node(self) -> str:
        return str(self.row["node"])

    @property
    def path(self) -> str:
        return f"/nodes/{self.node}/{self.kind.names.wire}/{self.vmid}"


@dataclass(frozen=True, slots=True)
class GuestView:
    """The guests of these kinds, and the proof of their absence (see `_absence`)."""

    kinds: tuple[Kind, ...]

    @property
    def types(self) -> frozenset[str]:
        """Our names for its kinds, as addresses have them."""
        return frozenset(kind.names.type for kind in self.kinds)

    def at_all(self, look: Look, types: frozenset[str]) -> None:
        """Every guest of these types: ours with their configuration, others as the list shows them.

        While any node is offline no type is complete.
        """
        listed = [guest for guest in self._listed(look) if guest.type in types]
        offline = _offline(look)
        for node in sorted(offline):
            for name in sorted(types):
                look.unseen.append(Unseen(name, None, f"node {node} is offline"))
        ours = [guest for guest in listed if _is_ours(look, guest)]
        for guest in listed:
            if not _is_ours(look, guest):
                _stranger(look, guest)
        for guest in ours:
            if guest.node in offline:
                _not_seen(look, guest, f"its node {guest.node} is offline")
        silent: dict[str, str] = {}
        for (node, _), guests in sorted(_by_place(ours).items()):
            if node in offline:
                continue
            if node in silent:  # not asked for its other kind; what nobody looked at is not absent
                for guest in guests:
                    _not_seen(look, guest, silent[node])
            elif error := _at_node(look, node, guests):
                silent[node] = error.message

    def at_targets(self, look: Look, targets: Iterable[Target]) -> None:
        """Single guests. One that the list does not show is absent only by a proof of its own."""
        listed = {(guest.type, guest.vmid): guest for guest in self._listed(look)}
        for target in targets:
            if target in listed:
                _target(look, listed[target])
            else:
                _absence(look, target, {vmid for _, vmid in listed})

    def _listed(self, look: Look) -> list[_Listed]:
        kinds = {kind.names.wire: kind for kind in self.kinds}
        rows = look.client.get("/cluster/resources", {"type": "vm"})
        return [_Listed(kinds[row["type"]], row) for row in rows if row.get("type") in kinds]


def _offline(look: Look) -> frozenset[str]:
    rows = look.client.get("/cluster/resources", {"type": "node"})
    if not all(row.get("node") for row in rows):
        raise ProviderError(
            "the list of nodes has one without a name, so it is not known which are offline",
            code=ErrorCode.UNAVAILABLE,
            transient=True,
        )
    look.client.nodes = {str(row["node"]): row.get("status") == "online" for row in rows}
    return frozenset(node for node, is_online in look.client.nodes.items() if not is_online)


def _is_ours(look: Look, guest: _Listed) -> bool:
    return guest.vmid in look.known(guest.type) or marks.RESOURCE in str(guest.row.get("tags") or "")


def _stranger(look: Look, guest: _Listed) -> None:
    if read.guest_state(guest.row) == read.UNKNOWN:
        _not_seen(look, guest, f"node {guest.node} does not say how guest {guest.vmid} is")
    else:
        look.resources.append(read.stranger(guest.kind, guest.row))


def _by_place(guests: Iterable[_Listed]) -> dict[tuple[str, str], list[_Listed]]:
    places: dict[tuple[str, str], list[_Listed]] = {}
    for guest in guests:
        places.setdefault((guest.node, guest.kind.names.wire), []).append(guest)
    return places


def _at_node(look: Look, node: str, guests: list[_Listed]) -> ProviderError | None:
    """Look at our guests of one kind on one node; the error if the node did not answer."""
    kind = guests[0].kind
    try:
        rows = look.client.get(f"/nodes/{node}/{kind.names.wire}", kind.listing)
        lives = {str(live["vmid"]): live for live in rows}
    except ProviderError as error:
        for guest in guests:
            _not_seen(look, guest, error.message)
        silent = error.code in (ErrorCode.UNAVAILABLE, ErrorCode.TIMEOUT, ErrorCode.CONNECTION)
        return error if silent else None
    for guest in guests:
        live = lives.get(guest.vmid)
        if live is None:
            text = f"node {node} does not show it; it may be on its way to another node"
            _not_seen(look, guest, text)
        else:
            _add(look, guest, live)
    return None


def _add(look: Look, guest: _Listed, live: Row) -> None:
    try:
        rows = look.client.get(f"{guest.path}/pending")
    except ProviderError as error:
        _not_seen(look, guest, error.message)
        return
    config = read.Config.of(rows)
    # Every guest has options; a list without any is half an answer, and says nothing of its mark.
    if config.current.keys() <= {"digest"}:
        text = f"the answer about the configuration of guest {guest.vmid} is empty"
        _not_seen(look, guest, text)
    elif read.guest_state(live) == read.UNKNOWN:
        _not_seen(look, guest, f"node {guest.node} does not say how guest {guest.vmid} is")
    else:
        look.resources.append(read.guest(guest.kind, guest.row, live, config))


def _not_seen(look: Look, guest: _Listed, message: str) -> None:
    look.unseen.append(Unseen(guest.type, guest.vmid, message))


def _target(look: Look, guest: _Listed) -> None:
    try:
        live = look.client.get(f"{guest.path}/status/current")
    except ProviderError as error:
        _not_seen(look, guest, error.message)
    else:
        _add(look, guest, live)


def _absence(look: Look, target: Target, listed: set[str]) -> None:
    """A guest that is not in the list: gone only if the cluster says that its id is free.

    The list leaves out what one may not see; the check of an id needs no privilege and leaves out
    nothing, guests on offline nodes included.
    """
    resource_type, vmid = target
    if vmid in listed:  # the id belongs to a guest of another kind
        look.absent.add(target)
        return
    try:
        look.client.get("/cluster/nextid", {"vmid": vmid})
    except ProviderError as error:
        taken = error.code is ErrorCode.ALREADY_EXISTS
        message = f"guest {vmid} exists but is not shown: VM.Audit is missing" if taken else error.message
        look.unseen.append(Unseen(resource_type, vmid, message))
    else:
        look.absent.add(target)
