"""What every part of the executor works with: the database, the drivers, and who is at work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from reconciler.errors import ConfigurationError, CredentialError, ErrorCode, PlanError, ProviderError
from reconciler.executor.access.budget import Metered, RequestBudget
from reconciler.executor.access.edge import Edge
from reconciler.executor.access.opened import OpenDrivers, Opened
from reconciler.executor.access.poller import Poller
from reconciler.model.catalog import Catalog
from reconciler.model.inventory import Endpoint
from reconciler.providers.driver import Access, DriverClass, Meter
from reconciler.store.database.session import Actor, Store
from reconciler.store.work.operations import IdRange


@dataclass(frozen=True, slots=True)
class EndpointConnection:
    """An endpoint with what it is reached by. `access` resolves the credential each time it is called.

    `fingerprint` tells whether two texts are the same, and nothing else of them.
    """

    endpoint: Endpoint
    driver: DriverClass
    access: Callable[[Meter], Access]
    fingerprint: Callable[[str], str]
    budget: RequestBudget
    withheld: str | None = None  # why its credential is not sent there, and what would change that
    id_range: IdRange | None = None  # the ids that we choose from, where the provider lets its clients choose
    read_timeout: float = 30.0  # seconds that a request may take


class Connections:
    """One driver for each endpoint and thread at work, and one poller for each endpoint.

    An endpoint's credential is read once a run, however many drivers are connected with it. It keeps which
    logins were shown something of ours, because only theirs is a denial to be believed. `stop` ends all
    waiting for a place in a budget; it is the one of the run that uses these. The driver of a thread that has
    ended lies idle for the next; `rest` and `close` close those that do.
    """

    def __init__(
        self,
        endpoints: Mapping[str, EndpointConnection],
        stop: threading.Event | None = None,
        opened: OpenDrivers | None = None,
    ) -> None:
        self.endpoints = endpoints
        self._opened = opened or OpenDrivers()
        self.stop = stop or threading.Event()
        self._local = threading.local()
        self._pollers: dict[str, Poller] = {}
        self._access: dict[str, Access] = {}
        self._trusted: set[tuple[str, str]] = set()  # (endpoint, login)
        self._lock = threading.Lock()
        self._reading = threading.Lock()

    def to(self, name: str) -> EndpointConnection:
        """The connection to an endpoint. Raises PlanError if there is no such endpoint."""
        try:
            return self.endpoints[name]
        except KeyError:
            raise PlanError(f"there is no endpoint `{name}`", hint="declare a ProviderEndpoint") from None

    def driver(self, name: str) -> Edge:
        """This thread's driver. Raises ProviderError if there is no way to reach the endpoint."""
        drivers: dict[str, Edge] = self._local.__dict__.setdefault("drivers", {})
        if name not in drivers:
            opened = self._opened.take(name) or self._connected(name)
            drivers[name] = opened.driver
            self._logins()[name] = opened.login
        return drivers[name]

    def _connected(self, name: str) -> Opened:
        to = self.to(name)
        try:
            access = self._access_to(name)
            opened = Opened(
                name, Edge(name, to.driver(access)), to.fingerprint(f"{access.url}\n{access.credential}")
            )
        except CredentialError as error:
            raise ProviderError(
                f"{name}: {error.message}", code=ErrorCode.UNAUTHORIZED, hint=error.hint
            ) from error
        except ConfigurationError as error:
            raise ProviderError(error.message, code=ErrorCode.INVALID, hint=error.hint) from error
        except OSError as error:  # a CA file that is not there, for one
            raise ProviderError(f"{name}: {error}", code=ErrorCode.INVALID) from error
        self._opened.add(opened)
        return opened

    def _access_to(self, name: str) -> Access:
        """How the endpoint is reached. The first who asks reads its credential, and that is on record."""
        with self._reading:
            if name not in self._access:
                to = self.to(name)
                self._access[name] = to.access(Metered(to.budget, lambda: self.stop, self._is_hasty))
            return self._access[name]

    @contextmanager
    def hasty(self) -> Iterator[None]:
        """While it lasts, this thread only looks: a stop request ends it at its next request."""
        before, self._local.hasty = self._is_hasty(), True
        try:
            yield
        finally:
            self._local.hasty = before

    def _is_hasty(self) -> bool:
        return bool(self._local.__dict__.get("hasty", False))

    def login(self, name: str) -> str:
        """A fingerprint of the address and credential of this thread's driver. Raises ProviderError."""
        self.driver(name)
        return self._logins()[name]

    def _logins(self) -> dict[str, str]:
        logins: dict[str, str] = self._local.__dict__.setdefault("logins", {})
        return logins

    def trust(self, name: str) -> None:
        """This thread's login was shown something of ours there."""
        self._trusted.add((name, self.login(name)))

    def trusted(self, name: str) -> bool:
        """Whether this thread's login was shown something of ours there. Raises ProviderError."""
        return (name, self.login(name)) in self._trusted

    def release(self) -> None:
        """Leave nobody waiting for a task, because what comes of it could not be recorded."""
        with self._lock:
            pollers = list(self._pollers.values())
        for poller in pollers:
            poller.release()

    def poller(self, name: str) -> Poller:
        """The endpoint's one poller, which all threads share."""
        with self._lock:
            if name not in self._pollers:
                budget = self.to(name).budget
                self._pollers[name] = Poller(
                    lambda: self.driver(name), leave=self._rest_own, pace=lambda: budget.pace
                )
            return self._pollers[name]

    @contextmanager
    def pool(self, workers: int, name: str) -> Iterator[ThreadPoolExecutor]:
        """Threads that work with these; when all have ended, their drivers lie idle."""
        try:
            with ThreadPoolExecutor(max_workers=workers, thread_name_prefix=name) as pool:
                yield pool
        finally:
            self._opened.rest_ended()

    def renewed(self, endpoints: Mapping[str, EndpointConnection]) -> Connections:
        """The connections to go on with when the inventory has changed; these are closed."""
        self.close()
        return Connections(endpoints, self.stop, self._opened)

    def _rest_own(self) -> None:
        """What this thread is connected with lies idle: the thread ends."""
        self._local.__dict__.clear()
        self._opened.rest_own()

    def rest(self) -> None:
        """Close what lies idle: a run begins or ends. The next reads each credential anew."""
        with self._reading:
            self._access.clear()
        self._opened.close_idle()

    def close(self) -> None:
        """Close the drivers of this thread, and those that lie idle. What comes after connects anew."""
        self._local = threading.local()
        self._access.clear()
        self._opened.end()


@dataclass(frozen=True, slots=True)
class Context:
    """`owner` is this installation's id, `worker` this process's; `secret` resolves a credential's name."""

    store: Store
    catalog: Catalog
    connections: Connections
    owner: UUID
    worker: UUID
    actor: str
    secret: Callable[[str], str]
    revision: int | None = None

    def acting(self, cause_operation: UUID | None, reason: str) -> Actor:
        """Who the history names for a change made by an operation."""
        return Actor(self.actor, reason, "operation", cause_operation, self.revision)
