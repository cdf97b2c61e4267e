"""The engine: one opened database, its catalog, the installed drivers, and who is at work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, NoReturn
from uuid import UUID, uuid4

from reconciler.engine.actor import default_actor
from reconciler.engine.catalog import bring_in, recorded
from reconciler.engine.credential_hosts import host_not_given
from reconciler.engine.drivers import drivers
from reconciler.errors import CredentialError, ErrorCode, ProviderError
from reconciler.executor.access.budget import RequestBudget
from reconciler.executor.context import Connections, Context, EndpointConnection
from reconciler.model.catalog import Catalog
from reconciler.model.inventory import Endpoint
from reconciler.providers.driver import Access, DriverClass, Meter
from reconciler.providers.trace import Trace
from reconciler.store.database.opening import Database, open_database
from reconciler.store.database.session import Actor, Store, Transaction
from reconciler.store.inventory import rows as inventory
from reconciler.store.inventory import trust
from reconciler.store.inventory.keys import Key
from reconciler.store.inventory.secrets import resolve, whereabouts
from reconciler.store.inventory.vault import Vault
from reconciler.store.work.operations import IdRange
from reconciler.store.work.workers import worker

CONNECTIONS = 16
"""Database connections at most: one for each step under way, some for observing, one for the worker."""


@dataclass(slots=True)
class Engine:
    """Holds what lives as long as the process. `budgets` outlive connections, so limits hold throughout.

    `check_plans`: refuse a plan that does not keep what the planner promises. `trace`: where every request to
    a provider is written down; whoever opened it closes it.
    """

    home: Path
    database: Database
    catalog: Catalog
    owner: UUID
    actor: str
    vault: Vault
    budgets: dict[str, RequestBudget] = field(default_factory=dict)
    check_plans: bool = False
    trace: Trace | None = None

    @classmethod
    @contextmanager
    def open(
        cls,
        home: Path,
        url: str | None,
        actor: str | None = None,
        *,
        check_plans: bool = False,
        trace: Trace | None = None,
    ) -> Iterator[Engine]:
        """Open the database (starting the embedded one where no URL is given) and bring the catalog in."""
        who = actor or default_actor()
        with open_database(url, home, max_size=CONNECTIONS) as database:
            with database.store.transaction(Actor(who, "catalog of this version", "catalog")) as tx:
                catalog = bring_in(tx) if database.standing == "program" else recorded(tx)
                owner = tx.value("installation.uid")
            vault = database.vault(home, who)
            yield cls(home, database, catalog, owner, who, vault, check_plans=check_plans, trace=trace)

    @property
    def store(self) -> Store:
        """The opened database's."""
        return self.database.store

    @property
    def key(self) -> Key:
        """What fingerprints and approvals are made with."""
        return self.vault.key

    @contextmanager
    def working(self, kind: Literal["cli", "daemon"]) -> Iterator[Context]:
        """A context for observing and applying, for as long as the block runs.

        Raises NotPermitted where the database user is not for that; see `previewing`.
        """
        self.database.require("program", "run the program")
        with worker(self.store, kind) as worker_id:
            context = self.context(worker_id)
            try:
                yield context
            finally:
                context.connections.close()

    @contextmanager
    def previewing(self) -> Iterator[Context]:
        """A context to preview with, whoever the database user is: a worker where it may be one.

        A planner is none: it claims nothing, and the database keeps nothing that it writes.
        """
        if self.database.standing == "program":
            with self.working("cli") as context:
                yield context
            return
        context = self.context(uuid4())
        try:
            yield context
        finally:
            context.connections.close()

    def context(self, worker_id: UUID) -> Context:
        """What a worker observes and applies with: the endpoints as they are recorded now."""
        with self.store.read() as tx:
            connections = Connections(self.endpoints(tx))
        return Context(
            store=self.store,
            catalog=self.catalog,
            connections=connections,
            owner=self.owner,
            worker=worker_id,
            actor=self.actor,
            secret=self.resolve,
        )

    def refreshed(self, context: Context, revision: int | None) -> Context:
        """The context after a revision: endpoints may have come, changed or gone."""
        with self.store.read() as tx:
            connections = context.connections.renewed(self.endpoints(tx))
        return replace(context, connections=connections, catalog=self.catalog, revision=revision)

    @contextmanager
    def rehearsing(self, tx: Transaction, context: Context) -> Iterator[Context]:
        """A context that sees what the transaction sees: endpoints and credentials not committed yet."""

        def within(credential: str) -> str:
            return self.hidden(resolve(tx, self.vault, credential))

        connections = Connections(self.endpoints(tx, within), context.connections.stop)
        try:
            yield replace(context, connections=connections, catalog=self.catalog, secret=within)
        finally:
            connections.close()

    def endpoints(
        self, tx: Transaction, secret: Callable[[str], str] | None = None
    ) -> Mapping[str, EndpointConnection]:
        """Every endpoint that the transaction sees, ready to be used."""
        hosts = trust.hosts(tx)
        return {
            each.name: self._connection(
                each, secret or self.resolve, hosts.get(each.credential or "", frozenset())
            )
            for each in inventory.endpoints(tx)
        }

    def _connection(
        self, endpoint: Endpoint, secret: Callable[[str], str], hosts: frozenset[str]
    ) -> EndpointConnection:
        budget = self.budgets.setdefault(endpoint.name, RequestBudget(endpoint.request_limit_per_hour))
        budget.limit_to(endpoint.request_limit_per_hour)

        withheld = _withheld(endpoint, hosts)

        def access(meter: Meter) -> Access:
            if withheld is not None:
                raise withheld
            return Access(
                endpoint=endpoint.name,
                url=endpoint.url,
                owner=self.owner,
                credential=secret(endpoint.credential) if endpoint.credential else "",
                meter=meter,
                settings=endpoint.settings,
                ca_file=Path(endpoint.ca_file) if endpoint.ca_file else None,
                trace=self.trace.at(endpoint.name) if self.trace else None,
            )

        return EndpointConnection(
            endpoint=endpoint,
            driver=drivers().get(endpoint.provider_type) or _without_driver(endpoint),
            access=access,
            fingerprint=self.key.fingerprint,
            budget=budget,
            withheld=f"{withheld.message}; {withheld.hint}" if withheld else None,
            id_range=_id_range(endpoint),
        )

    def resolve(self, credential: str) -> str:
        """A credential's value, at the moment of use. Raises CredentialError, without the value."""
        with self.store.read() as tx:
            where = whereabouts(tx, credential)
        return self.hidden(where.value(self.vault))

    def hidden(self, secret: str) -> str:
        """The same, after the trace learnt it: nobody sends a secret that it would not know."""
        if self.trace is not None:
            self.trace.hide(secret)
        return secret

    def fingerprint(self, tx: Transaction, credential: str) -> str:
        """A keyed fingerprint of a credential's value, empty where it cannot be resolved here.

        Planners are given no secret, wherever it lies.
        """
        if self.database.standing != "program":
            return ""
        try:
            return self.key.fingerprint(resolve(tx, self.vault, credential))
        except CredentialError:
            return ""


def _withheld(endpoint: Endpoint, hosts: frozenset[str]) -> CredentialError | None:
    """Why an endpoint's credential is not sent there: it was not given for its host."""
    host = host_not_given(endpoint, hosts)
    if host is None:
        return None
    given = f"for {', '.join(sorted(hosts))}" if hosts else "for no host"
    return CredentialError(
        f"{endpoint.name}: the credential `{endpoint.credential}` was given {given},"
        f" and is not sent to {host}",
        hint=f"if it is for that host too: reconciler credentials bind {endpoint.credential} {host}",
    )


def _without_driver(endpoint: Endpoint) -> DriverClass:
    """What stands for a driver that is not installed here: that endpoint's trouble, and no other's."""

    def connect(_: Access) -> NoReturn:
        raise ProviderError(
            f"{endpoint.name}: no driver is installed for the provider type `{endpoint.provider_type}`",
            code=ErrorCode.INVALID,
            hint="install the distribution that brings it",
        )

    return connect


def _id_range(endpoint: Endpoint) -> IdRange | None:
    """The ids to choose from at an endpoint: the driver's range, or what the endpoint's settings say."""
    driver = drivers().get(endpoint.provider_type)
    reserved = driver.catalog.reserved_ids if driver is not None else None
    if reserved is None:
        return None
    low = endpoint.settings.get(reserved.minimum_setting, reserved.minimum)
    high = endpoint.settings.get(reserved.maximum_setting, reserved.maximum)
    return IdRange(int(str(low)), int(str(high)))
