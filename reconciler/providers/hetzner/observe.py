"""Looking at a project: whole collections in pages of 50, or single objects.

Absence is concluded only from a 404 of an object, or from a collection of which every page came and the
pages agree with the total that the API states.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from reconciler.errors import ErrorCode, ProviderError
from reconciler.model.resource import Observed
from reconciler.providers.driver import Observation, ObserveRequest, Unseen
from reconciler.providers.hetzner import catalogue, convert_network, convert_objects, convert_vm
from reconciler.providers.hetzner.client import HetznerClient
from reconciler.providers.hetzner.convert import Json
from reconciler.providers.hetzner.errors import malformed
from reconciler.providers.hetzner.kinds import KINDS, Kind

PER_PAGE = 50
Convert = Callable[[Json], Observed]

# After one of these no further request of the same observation would fare better.
_FUTILE = (ErrorCode.UNAUTHORIZED, ErrorCode.RATE_LIMITED)
_NOT_ASKED = "not asked for, because an earlier request was refused"

# Servers have a way of their own: which firewalls are directly on one is known to the firewalls only.
CONVERT: dict[str, Convert] = {
    "firewall": convert_network.firewall,
    "network": convert_network.network,
    "ssh_key": convert_objects.ssh_key,
    "placement_group": convert_objects.placement_group,
    "volume": convert_objects.volume,
    "floating_ip": convert_objects.floating_ip,
    "primary_ip": convert_objects.primary_ip,
}


def observe(client: HetznerClient, request: ObserveRequest) -> Observation:
    """Raises ProviderError where nothing at all could be seen; less than that goes into `unseen`."""
    before = client.requests
    look = _Look(client)
    if request.targets:
        for resource_type, external_id in sorted(request.targets):
            look.one(resource_type, external_id)
    else:
        for resource_type in sorted(request.types & KINDS.keys()):
            look.all(resource_type)
    if look.error is not None and not look.successes:
        raise look.error
    asked = not request.targets and "vm" in request.types and not look.futile
    offers = catalogue.everything(client) if asked else None
    return Observation(
        resources=tuple(look.resources),
        complete=frozenset(look.complete),
        absent=frozenset(look.absent),
        unseen=tuple(look.unseen),
        requests=client.requests - before,
        offers=offers,
    )


@dataclass
class _Look:
    """One observation in the making. `direct`: see `convert_vm.direct_firewalls`; None until asked for."""

    client: HetznerClient
    resources: list[Observed] = field(default_factory=list)
    complete: set[str] = field(default_factory=set)
    absent: set[tuple[str, str]] = field(default_factory=set)
    unseen: list[Unseen] = field(default_factory=list)
    successes: int = 0
    error: ProviderError | None = None
    futile: bool = False
    direct: dict[int, frozenset[int]] | None = None

    def one(self, resource_type: str, external_id: str) -> None:
        kind = KINDS.get(resource_type)
        if kind is None:
            self.unseen.append(Unseen(resource_type, external_id, "not a type of this provider"))
            return
        if self.futile:
            self.unseen.append(Unseen(resource_type, external_id, _NOT_ASKED))
            return
        path = f"/{kind.collection}/{external_id}"
        try:
            answer = self.client.get(path)
            if kind.noun not in answer:
                raise malformed(self.client.named("GET", path), "GET", f"the answer has no `{kind.noun}`")
        except ProviderError as error:
            if error.code is ErrorCode.NOT_FOUND:
                self.successes += 1
                self.absent.add((resource_type, external_id))
            else:
                self._failed(resource_type, external_id, error)
            return
        rows = [answer[kind.noun]]
        try:
            convert = self._converter(kind, rows)
        except ProviderError as error:
            self._failed(resource_type, external_id, error)
            return
        self.successes += 1
        self._convert(kind, rows, convert)

    def all(self, resource_type: str) -> None:
        kind = KINDS[resource_type]
        if self.futile:
            self.unseen.append(Unseen(resource_type, None, _NOT_ASKED))
            return
        try:
            rows, whole = pages(self.client, kind)
            if not whole:  # most likely somebody made or deleted something between two pages
                rows, whole = pages(self.client, kind)
            convert = self._converter(kind, rows)
        except ProviderError as error:
            self._failed(resource_type, None, error)
            return
        self.successes += 1
        understood = self._convert(kind, rows, convert)
        if not whole:
            message = f"the list of {kind.collection} changed or lost a page while it was read"
            self.unseen.append(Unseen(resource_type, None, message))
        elif understood:
            self.complete.add(resource_type)

    def _converter(self, kind: Kind, rows: list[Json]) -> Convert:
        """One more request, once in an observation, where any firewall is on any of the servers."""
        if kind.resource_type != "vm":
            return CONVERT[kind.resource_type]
        if self.direct is None and any(map(_has_firewall, rows)):
            firewalls, whole = pages(self.client, KINDS["firewall"])
            name = self.client.named("GET", "/firewalls")
            if not whole:
                raise malformed(name, "GET", "the list changed while it was read")
            try:
                self.direct = convert_vm.direct_firewalls(firewalls)
            except (KeyError, TypeError):
                raise malformed(name, "GET", "an answer that cannot be read") from None
        return partial(convert_vm.vm, direct=self.direct or {})

    def _convert(self, kind: Kind, rows: list[Json], convert: Convert) -> bool:
        understood = True
        for row in rows:
            try:
                self.resources.append(convert(row))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                understood = False
                external_id = str(row["id"]) if isinstance(row, dict) and "id" in row else None
                message = f"an answer that cannot be read: {type(error).__name__}: {error}"
                self.unseen.append(Unseen(kind.resource_type, external_id, message))
        return understood

    def _failed(self, resource_type: str, external_id: str | None, error: ProviderError) -> None:
        self.error = error
        self.futile = self.futile or error.code in _FUTILE
        self.unseen.append(Unseen(resource_type, external_id, error.message))


def _has_firewall(server: Json) -> bool:
    """False for a row that is no server, too: converting it is what fails then."""
    net = server.get("public_net") if isinstance(server, dict) else None
    return isinstance(net, dict) and bool(net.get("firewalls"))


def pages(client: HetznerClient, kind: Kind) -> tuple[list[Json], bool]:
    """All objects of a collection, and whether that is surely all of them."""
    rows: dict[int, Json] = {}
    count, page = 0, 1
    totals: set[int] = set()
    while True:
        path = f"/{kind.collection}"
        answer = client.get(path, {"page": page, "per_page": PER_PAGE, "sort": "id:asc"})
        try:
            found = answer[kind.collection]
            pagination = answer["meta"]["pagination"]
            rows.update((int(row["id"]), row) for row in found)
            count += len(found)
            totals.add(int(pagination["total_entries"]))
            following = pagination["next_page"]
        except (KeyError, TypeError, ValueError):
            raise malformed(client.named("GET", path), "GET", "the answer is not a page of a list") from None
        if following is None or int(following) <= page:
            break
        page = int(following)
    return list(rows.values()), totals == {count} and count == len(rows)
