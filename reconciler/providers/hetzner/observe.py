"""Looking at a project: whole collections in pages of 50, or single objects.

Absence is concluded only from a 404 of an object, or from a collection of which every page came and the
pages agree with the total that the API states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from reconciler.errors import ErrorCode, ProviderError
from reconciler.model.resource import Observed
from reconciler.providers.driver import Observation, ObserveRequest, Offer, Unseen
from reconciler.providers.hetzner.client import HetznerClient
from reconciler.providers.hetzner.errors import malformed
from reconciler.providers.hetzner.reading import Json
from reconciler.providers.hetzner.resource_type import ResourceType
from reconciler.providers.hetzner.types import TYPES
from reconciler.providers.hetzner.wire import Wire

PER_PAGE = 50

# After one of these no further request of the same observation would fare better.
_FUTILE = (ErrorCode.UNAUTHORIZED, ErrorCode.RATE_LIMITED)
_NOT_ASKED = "not asked for, because an earlier request was refused"


def observe(client: HetznerClient, request: ObserveRequest) -> Observation:
    """Raises ProviderError where nothing at all could be seen; less than that goes into `unseen`."""
    before = client.requests
    look = _Look(client)
    if request.targets:
        for resource_type, external_id in sorted(request.targets):
            look.one(resource_type, external_id)
    else:
        for resource_type in sorted(request.types & TYPES.keys()):
            look.all(resource_type)
    if look.error is not None and not look.successes:
        raise look.error
    asked = not request.targets and not look.futile
    offers = _offers(client, request.types) if asked else None
    return Observation(
        resources=tuple(look.resources),
        complete=frozenset(look.complete),
        absent=frozenset(look.absent),
        unseen=tuple(look.unseen),
        requests=client.requests - before,
        offers=offers,
    )


def _offers(client: HetznerClient, types: Iterable[str]) -> tuple[Offer, ...] | None:
    """What there is to be had for these types; None where it is not asked for, or cannot be read."""
    readers = [TYPES[name].offers for name in sorted(TYPES.keys() & types)]
    found = [read(client) for read in readers if read is not None]
    if not found or None in found:
        return None
    return tuple(offer for offers in found for offer in offers or ())


@dataclass
class _Look:
    """One observation in the making. `digests`: what `beside` was asked for."""

    client: HetznerClient
    resources: list[Observed] = field(default_factory=list)
    complete: set[str] = field(default_factory=set)
    absent: set[tuple[str, str]] = field(default_factory=set)
    unseen: list[Unseen] = field(default_factory=list)
    successes: int = 0
    error: ProviderError | None = None
    futile: bool = False
    digests: dict[Callable[[list[Json]], Any], Any] = field(default_factory=dict)

    def one(self, resource_type: str, external_id: str) -> None:
        kind = TYPES.get(resource_type)
        if kind is None:
            self.unseen.append(Unseen(resource_type, external_id, "not a type of this provider"))
            return
        if self.futile:
            self.unseen.append(Unseen(resource_type, external_id, _NOT_ASKED))
            return
        path, noun = f"/{kind.wire.collection}/{external_id}", kind.wire.noun
        try:
            answer = self.client.get(path)
            if noun not in answer:
                raise malformed(self.client.named("GET", path), "GET", f"the answer has no `{noun}`")
        except ProviderError as error:
            if error.code is ErrorCode.NOT_FOUND:
                self.successes += 1
                self.absent.add((resource_type, external_id))
            else:
                self._failed(resource_type, external_id, error)
            return
        try:
            self._read(kind, [answer[noun]])
        except ProviderError as error:
            self._failed(resource_type, external_id, error)
            return
        self.successes += 1

    def all(self, resource_type: str) -> None:
        kind = TYPES[resource_type]
        if self.futile:
            self.unseen.append(Unseen(resource_type, None, _NOT_ASKED))
            return
        try:
            rows, whole = pages(self.client, kind.wire)
            if not whole:  # most likely somebody made or deleted something between two pages
                rows, whole = pages(self.client, kind.wire)
            understood = self._read(kind, rows)
        except ProviderError as error:
            self._failed(resource_type, None, error)
            return
        self.successes += 1
        if not whole:
            message = f"the list of {kind.wire.collection} changed or lost a page while it was read"
            self.unseen.append(Unseen(resource_type, None, message))
        elif understood:
            self.complete.add(resource_type)

    def beside(self, wire: Wire, digest: Callable[[list[Json]], Any]) -> Any:
        """See `resource_type.Beside`."""
        if digest not in self.digests:
            rows, whole = pages(self.client, wire)
            name = self.client.named("GET", f"/{wire.collection}")
            if not whole:
                raise malformed(name, "GET", "the list changed while it was read")
            try:
                self.digests[digest] = digest(rows)
            except (KeyError, TypeError):
                raise malformed(name, "GET", "an answer that cannot be read") from None
        return self.digests[digest]

    def _read(self, kind: ResourceType, rows: list[Json]) -> bool:
        """Whether every row was understood. Raises ProviderError, with none kept, if more had to be seen."""
        name, read, unread = kind.wire.resource_type, list[Observed](), list[Unseen]()
        for row in rows:
            try:
                read.append(kind.read(row, self.beside))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                external_id = str(row["id"]) if isinstance(row, dict) and "id" in row else None
                message = f"an answer that cannot be read: {type(error).__name__}: {error}"
                unread.append(Unseen(name, external_id, message))
        self.resources += read
        self.unseen += unread
        return not unread

    def _failed(self, resource_type: str, external_id: str | None, error: ProviderError) -> None:
        self.error = error
        self.futile = self.futile or error.code in _FUTILE
        self.unseen.append(Unseen(resource_type, external_id, error.message))


def pages(client: HetznerClient, wire: Wire) -> tuple[list[Json], bool]:
    """All objects of a collection, and whether that is surely all of them."""
    rows: dict[int, Json] = {}
    count, page = 0, 1
    totals: set[int] = set()
    while True:
        path = f"/{wire.collection}"
        answer = client.get(path, {"page": page, "per_page": PER_PAGE, "sort": "id:asc"})
        try:
            found = answer[wire.collection]
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
