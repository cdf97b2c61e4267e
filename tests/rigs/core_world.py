"""A database with the packaged catalog and one endpoint of each provider type, and short words to fill it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import psycopg

from reconciler.model.address import Address
from reconciler.model.inventory import Endpoint, Provider
from reconciler.model.observation import Observation
from reconciler.model.plan import Action, Step
from reconciler.model.resource import Desired, Observed, Recorded
from reconciler.store import catalog_rows
from reconciler.store.database.session import Actor, Store, Transaction
from reconciler.store.desired.revisions import (
    RevisionChange,
    RevisionRow,
    SourceRow,
    Wanted,
    begin_revision,
    end_revision,
)
from reconciler.store.desired.rows import load_desired
from reconciler.store.inventory import rows as inventory
from reconciler.store.recorded.observations import Recording, Scope, observation_start, record_observation
from reconciler.store.recorded.resources import load_recorded
from reconciler.store.work import operations as ops
from reconciler.store.work.operations import IdRange
from tests.rigs.core import ENDPOINTS, OWNER
from tests.rigs.databases import TestDatabase
from tests.rigs.manifest import catalog

ACTOR = Actor("ada", "a test", "manifest")
OBSERVER = Actor("ada", "a look", "observation")
FOLDER = SourceRow("folder", "folder", "/manifests")


def sha(text: str) -> bytes:
    return sha256(text.encode()).digest()


def prepare(store: Store) -> None:
    """The catalog, and an endpoint of each provider type."""
    with store.transaction(Actor("test", "packaged", "catalog")) as tx:
        catalog_rows.sync(tx, catalog(), {"packaged": sha("packaged")})
        for name, kind in ENDPOINTS.items():
            inventory.write(tx, Provider(f"{kind}-main", kind))
            inventory.write(tx, Endpoint(name, f"{kind}-main", kind, f"https://{name}"))


def revise(
    tx: Transaction,
    wanted: Iterable[Desired],
    source: SourceRow = FOLDER,
    *,
    complete: bool = True,
    unchanged: frozenset[Address] = frozenset(),
    documents: Mapping[Address, bytes] | None = None,
    commit: str | None = None,
) -> RevisionChange:
    """Make these what the source wants, as a new revision where something differs."""
    desired = {item.address: item for item in wanted}
    revision = RevisionRow(sha("content"), sha("catalog"), "ada", commit=commit)
    texts = {address: sha(str(address)) for address in desired} if documents is None else documents
    said = Wanted(desired, dict.fromkeys(unchanged), texts, str, lambda *_: complete)
    return end_revision(tx, begin_revision(tx, source, revision, said), catalog())


def record(
    tx: Transaction,
    endpoint: str,
    *seen: Observed,
    complete: Iterable[str] = (),
    targets: tuple[tuple[str, str], ...] = (),
    uids: tuple[UUID, ...] = (),
    accept_empty: bool = False,
    **more: Any,
) -> Recording:
    """Record a look at an endpoint, complete for the types seen and for those named."""
    types = frozenset({item.type for item in seen} | set(complete))
    observation = Observation(resources=seen, **({"complete": types} | more))
    kinds = types | {item.type for item in observation.unseen} | {kind for kind, _ in observation.absent}
    scope = Scope(
        endpoint,
        ENDPOINTS[endpoint],
        kinds,
        observation_start(tx),
        targets=targets,
        uids=uids,
        accept_empty=accept_empty,
    )
    return record_observation(tx, scope, observation, OWNER, catalog())


@dataclass
class CoreWorld:
    """One test's database: `look` records an observation, `begin` an operation, and so on."""

    store: Store
    database: TestDatabase
    workers: list[UUID] = field(default_factory=list)

    def revise(self, *wanted: Desired, **more: Any) -> RevisionChange:
        with self.store.transaction(ACTOR) as tx:
            return revise(tx, wanted, **more)

    def desired(self, address: str) -> Desired | None:
        where = Address.parse(address)
        with self.store.read() as tx:
            return load_desired(tx, [where], catalog()).get(where)

    def recorded(self, address: str) -> Recorded:
        where = Address.parse(address)
        with self.store.read() as tx:
            return load_recorded(tx, [where], catalog())[where]

    def look(
        self,
        *seen: Observed,
        endpoint: str = "hetzner-1",
        complete: Iterable[str] = (),
        targets: tuple[tuple[str, str], ...] = (),
        uids: tuple[UUID, ...] = (),
        accept_empty: bool = False,
        **more: Any,
    ) -> Recording:
        """Record a look at an endpoint, complete for the types seen and for those named."""
        with self.store.transaction(OBSERVER) as tx:
            return record(
                tx,
                endpoint,
                *seen,
                complete=complete,
                targets=targets,
                uids=uids,
                accept_empty=accept_empty,
                **more,
            )

    def worker(self) -> UUID:
        """A worker's row. Without a session that holds its lock it counts as dead."""
        worker, key = uuid4(), len(self.workers) + 1
        with self.store.transaction(ACTOR) as tx:
            tx.execute("operations.register_worker", id=worker, host="h", pid=key, kind="cli", lock_key=key)
        self.workers.append(worker)
        return worker

    def begin(self, step: Step, worker: UUID, id_range: IdRange | None = None) -> ops.Begun:
        with self.store.transaction(ACTOR) as tx:
            return ops.begin(
                tx, uuid4(), step, worker, plan_step_id=None, revision_id=None, id_range=id_range
            )

    def rows(self, query: str, *params: object) -> list[tuple[Any, ...]]:
        """What a person with a SQL prompt would see."""
        with psycopg.connect(self.database.admin) as connection:
            return connection.execute(query.encode(), params or None).fetchall()

    def one(self, query: str, *params: object) -> Any:
        ((value, *_),) = self.rows(query, *params)
        return value

    def changes(self) -> dict[str, int]:
        """How many rows each history has."""
        tables = ("resource", "resource_state", "resource_attribute", "resource_tag", "resource_relationship")
        return {table: int(self.one(f"SELECT count(*) FROM {table}_history")) for table in tables}  # noqa: S608 - the names are above


def step_for(
    desired: Desired, action: Action = Action.CREATE, there: Recorded | None = None, **more: Any
) -> Step:
    """A step without calls of its own."""
    return Step(
        address=desired.address,
        action=action,
        endpoint=desired.endpoint,
        provider_type=desired.provider_type,
        reason=None,
        summary=str(action),
        resource=there.uid if there else None,
        expected_version=there.version if there else None,
        desired_hash=desired.hash(),
        **more,
    )


def side_by_side(*actions: Callable[[], object]) -> list[BaseException]:
    """Run actions at once; gives what they raised."""
    errors: list[BaseException] = []
    start = threading.Barrier(len(actions))

    def run(action: Callable[[], object]) -> None:
        start.wait()
        try:
            action()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            errors.append(error)

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors
