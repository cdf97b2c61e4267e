"""What is measured, each in a process of its own: `python -m tests.scale.work NAME HOME SIZE`.

It goes the program's own way into the database, and writes what came of it as a line of JSON; `cpu` is what
it took of this process, in seconds, without starting it.
"""

from __future__ import annotations

import cProfile
import json
import os
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import psycopg

from reconciler.engine.engine import Engine
from reconciler.model.inventory import Endpoint, Location, Provider
from reconciler.model.observation import Observation
from reconciler.model.resource import Observed
from reconciler.store.database.session import Actor
from reconciler.store.desired.revisions import RevisionRow, SourceRow, Wanted, begin_revision, end_revision
from reconciler.store.inventory import rows as inventory
from reconciler.store.recorded.observations import Scope, observation_start, record_observation
from tests.scale.fleet import LOCATION, PROVIDER, PROVIDER_TYPE, TYPES, Slice, observed, slices
from tests.scale.waiting import WAITING

PROFILE = "SCALE_PROFILE"
"""The file that a profile goes to, where this names one."""


def prepare(engine: Engine, size: int) -> int:
    """The endpoints that the fleet lives at."""
    with engine.store.transaction(Actor("scale", "endpoints", "manifest")) as tx:
        inventory.write(tx, Location(LOCATION))
        inventory.write(tx, Provider(PROVIDER, PROVIDER_TYPE))
        for part in slices(size):
            inventory.write(tx, Endpoint(part.endpoint, PROVIDER, PROVIDER_TYPE, f"https://{part.endpoint}"))
    return len(list(slices(size)))


def make(engine: Engine, size: int) -> int:
    """The fleet's values and nothing else: what the others would cost without the database."""
    count = 0
    for part in slices(size):
        for item in part.items(engine.catalog):
            observed(item, engine.catalog, engine.owner, lambda _: None)
            count += 1
    return count


def load(engine: Engine, size: int) -> int:
    """All that is wanted: a revision for each source."""
    return sum(_load(engine, part) for part in slices(size))


def _load(engine: Engine, part: Slice) -> int:
    desired = {item.address: item for item in part.items(engine.catalog)}
    documents = {address: sha256(str(address).encode()).digest() for address in desired}
    wanted = Wanted(desired, {}, documents, str, lambda *_: True)
    source = SourceRow(part.endpoint, "folder", f"/{part.endpoint}")
    with engine.store.transaction(Actor("scale", "a fleet", "manifest")) as tx:
        draft = begin_revision(tx, source, RevisionRow(b"content", b"catalog", "scale"), wanted)
        return len(end_revision(tx, draft, engine.catalog).added)


def wait(engine: Engine, size: int) -> int:
    """A row for each object that is to be seen, as an apply would have made it."""
    del size
    with psycopg.connect(engine.database.runtime_url) as connection:
        connection.execute("SELECT set_config('reconciler.cause', 'operation', TRUE)")
        return connection.execute(WAITING).rowcount


def record(engine: Engine, size: int) -> int:
    """All that exists: a look at each endpoint that shows all of it for the first time."""
    return sum(_record(engine, part) for part in slices(size))


def _record(engine: Engine, part: Slice) -> int:
    seen = _seen(engine, part)
    with engine.store.transaction(Actor("scale", "a look", "observation")) as tx:
        scope = Scope(part.endpoint, PROVIDER_TYPE, frozenset(TYPES), observation_start(tx))
        observation = Observation(seen, frozenset(TYPES))
        recording = record_observation(tx, scope, observation, engine.owner, engine.catalog)
    return recording.seen - len(recording.unrecorded)


def _seen(engine: Engine, part: Slice) -> tuple[Observed, ...]:
    """The endpoint's answer, and nothing else that takes memory."""
    with psycopg.connect(engine.database.runtime_url) as connection:
        found = connection.execute(
            "SELECT r.address, r.uid FROM resources r"
            " JOIN provider_endpoints e ON e.id = r.provider_endpoint_id WHERE e.name = %s",
            [part.endpoint],
        )
        uids: dict[str, UUID] = dict(found)
    return tuple(
        observed(item, engine.catalog, engine.owner, lambda address: uids.get(str(address)))
        for item in part.items(engine.catalog)
    )


WORK: dict[str, Callable[[Engine, int], int]] = {
    "prepare": prepare,
    "make": make,
    "load": load,
    "wait": wait,
    "record": record,
}


def main(name: str, home: Path, size: int) -> None:
    """Do one of them."""
    with Engine.open(home, None, "scale") as engine:
        profile = cProfile.Profile()
        if PROFILE in os.environ:
            profile.enable()
        began = time.process_time()
        count = WORK[name](engine, size)
        cpu = time.process_time() - began
        if PROFILE in os.environ:
            profile.disable()
            profile.dump_stats(os.environ[PROFILE])
    sys.stdout.write(json.dumps({"count": count, "cpu": cpu}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
