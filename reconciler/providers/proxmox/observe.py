"""Looking at a cluster: which guests and pools there are, and how those of ours are configured.

One list of the whole cluster says what exists and where. For guests of ours each node adds how they really
run (the cluster's list lags by seconds), and each guest its configuration with what is pending. Strangers
are reported from the list alone. Absence needs proof: see `_absence` and `_Look.complete`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.errors import ErrorCode, ProviderError
from reconciler.model.resource import Observed
from reconciler.providers.driver import Observation, ObserveRequest, Unseen
from reconciler.providers.proxmox import convert, marks, permissions
from reconciler.providers.proxmox.client import ProxmoxClient
from reconciler.providers.proxmox.convert import API_TYPES, TYPES, Config
from reconciler.providers.proxmox.observe_pools import PoolLook

Row = Mapping[str, Any]
GUESTS = frozenset(API_TYPES)


def observe(client: ProxmoxClient, request: ObserveRequest) -> Observation:
    """Raises ProviderError where nothing at all could be seen; less than that goes into `unseen`."""
    before = client.requests
    look = _Look(client, request)
    if request.targets:
        look.at_targets()
    else:
        look.at_types()
    return Observation(
        resources=tuple(look.resources),
        complete=frozenset(look.complete),
        absent=frozenset(look.absent),
        unseen=tuple(look.unseen),
        requests=client.requests - before,
    )


@dataclass
class _Look:
    """One observation in the making."""

    client: ProxmoxClient
    request: ObserveRequest
    resources: list[Observed] = field(default_factory=list)
    complete: set[str] = field(default_factory=set)
    absent: set[tuple[str, str]] = field(default_factory=set)
    unseen: list[Unseen] = field(default_factory=list)

    def at_types(self) -> None:
        types = self.request.types & permissions.AUDIT.keys()
        granted = self.client.get("/access/permissions") if types else {}
        visible = frozenset(kind for kind in types if permissions.sees_all(kind, granted))
        for kind in sorted(types - visible):
            _, privilege = permissions.AUDIT[kind]
            self.unseen.append(
                Unseen(
                    kind, None, f"the credentials may not see everything: {privilege} is missing somewhere"
                )
            )
        if types & GUESTS:
            self._guests(types & GUESTS, visible)
        if "pool" in types:
            pools = PoolLook(self.client)
            pools.at_all(self.request.known.get("pool", frozenset()))
            self.resources += pools.resources
            self.unseen += pools.unseen
            if "pool" in visible and not pools.unseen:
                self.complete.add("pool")

    def _guests(self, types: frozenset[str], visible: frozenset[str]) -> None:
        listed = [row for row in self._listed() if TYPES[row["type"]] in types]
        offline = self._offline()
        for node in sorted(offline):
            for kind in sorted(types):
                self.unseen.append(Unseen(kind, None, f"node {node} is offline"))
        ours = [row for row in listed if self._is_ours(row)]
        for row in listed:
            if not self._is_ours(row):
                self._stranger(row)
        reachable = [row for row in ours if row["node"] not in offline]
        for row in ours:
            if row["node"] in offline:
                self._not_seen(row, f"its node {row['node']} is offline")
        failed = set(offline)
        for (node, api_type), rows in sorted(_by_place(reachable).items()):
            if node not in failed and not self._at_node(node, api_type, rows):
                failed.add(node)
        blind = {item.type for item in self.unseen}
        self.complete |= {kind for kind in types & visible if kind not in blind}

    def _stranger(self, row: Row) -> None:
        if convert.guest_state(row) == convert.UNKNOWN:
            self._not_seen(row, f"node {row['node']} does not say how guest {row['vmid']} is")
        else:
            self.resources.append(convert.stranger(row))

    def _listed(self) -> list[Row]:
        rows = self.client.get("/cluster/resources", {"type": "vm"})
        return [row for row in rows if row.get("type") in TYPES]

    def _offline(self) -> frozenset[str]:
        rows = self.client.get("/cluster/resources", {"type": "node"})
        if not all(row.get("node") for row in rows):
            raise ProviderError(
                "the list of nodes has one without a name, so it is not known which are offline",
                code=ErrorCode.UNAVAILABLE,
                transient=True,
            )
        return frozenset(str(row["node"]) for row in rows if row.get("status") != "online")

    def _is_ours(self, row: Row) -> bool:
        known = self.request.known.get(TYPES[row["type"]], frozenset())
        return str(row["vmid"]) in known or marks.RESOURCE in str(row.get("tags") or "")

    def _at_node(self, node: str, api_type: str, rows: list[Row]) -> bool:
        """Look at our guests on one node; False if the node did not answer."""
        # Without `full` the list calls a paused machine running.
        wanted = {"full": 1} if api_type == "qemu" else {}
        try:
            lives = {str(live["vmid"]): live for live in self.client.get(f"/nodes/{node}/{api_type}", wanted)}
        except ProviderError as error:
            for row in rows:
                self._not_seen(row, error.message)
            return error.code not in (ErrorCode.UNAVAILABLE, ErrorCode.TIMEOUT, ErrorCode.CONNECTION)
        for row in rows:
            live = lives.get(str(row["vmid"]))
            if live is None:
                self._not_seen(row, f"node {node} does not show it; it may be on its way to another node")
            else:
                self._add(row, live)
        return True

    def _add(self, row: Row, live: Row) -> None:
        try:
            rows = self.client.get(f"{_path(row)}/pending")
        except ProviderError as error:
            self._not_seen(row, error.message)
            return
        config = Config.of(rows)
        # Every guest has options; a list without any is half an answer, and says nothing of its mark.
        if config.current.keys() <= {"digest"}:
            self._not_seen(row, f"the answer about the configuration of guest {row['vmid']} is empty")
            return
        if convert.guest_state(live) == convert.UNKNOWN:
            self._not_seen(row, f"node {row['node']} does not say how guest {row['vmid']} is")
            return
        self.resources.append(convert.guest(row, live, config))

    def _not_seen(self, row: Row, message: str) -> None:
        self.unseen.append(Unseen(TYPES[row["type"]], str(row["vmid"]), message))

    def at_targets(self) -> None:
        guests = [target for target in sorted(self.request.targets) if target[0] in GUESTS]
        pools = [target for target in sorted(self.request.targets) if target[0] == "pool"]
        listed = {(TYPES[row["type"]], str(row["vmid"])): row for row in self._listed()} if guests else {}
        for target in guests:
            if target in listed:
                self._target(listed[target])
            else:
                self._absence(target, {vmid for _, vmid in listed})
        if pools:
            look = PoolLook(self.client)
            look.at_targets(name for _, name in pools)
            self.resources += look.resources
            self.absent |= look.absent
            self.unseen += look.unseen
        for kind, name in sorted(set(self.request.targets) - set(guests) - set(pools)):
            self.unseen.append(Unseen(kind, name, "not a type of this provider"))

    def _target(self, row: Row) -> None:
        try:
            live = self.client.get(f"{_path(row)}/status/current")
        except ProviderError as error:
            self._not_seen(row, error.message)
        else:
            self._add(row, live)

    def _absence(self, target: tuple[str, str], listed: set[str]) -> None:
        """A guest that is not in the list: gone only if the cluster says that its id is free.

        The list leaves out what one may not see; the check of an id needs no privilege and leaves out
        nothing, guests on offline nodes included.
        """
        kind, vmid = target
        if vmid in listed:  # the id belongs to a guest of the other type
            self.absent.add(target)
            return
        try:
            self.client.get("/cluster/nextid", {"vmid": vmid})
        except ProviderError as error:
            taken = error.code is ErrorCode.ALREADY_EXISTS
            message = f"guest {vmid} exists but is not shown: VM.Audit is missing" if taken else error.message
            self.unseen.append(Unseen(kind, vmid, message))
        else:
            self.absent.add(target)


def _path(row: Row) -> str:
    return f"/nodes/{row['node']}/{row['type']}/{row['vmid']}"


def _by_place(rows: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
    places: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        places.setdefault((str(row["node"]), str(row["type"])), []).append(row)
    return places
