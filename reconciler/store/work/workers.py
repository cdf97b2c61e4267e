"""Workers: processes that carry out plans, and the proof that they live.

Each keeps one database session with an advisory lock in it. The server frees the lock when the session
ends, however it ends, so a claim of a dead worker is seen at once and nothing needs unlocking by hand.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal
from uuid import UUID, uuid4

from reconciler.errors import DatabaseError, DatabaseUnavailable
from reconciler.store.database.session import Actor, Store


@contextmanager
def worker(store: Store, kind: Literal["cli", "daemon"]) -> Iterator[UUID]:
    """Register this process as a worker for as long as the block runs; gives its id."""
    worker_id = uuid4()
    lock_key = secrets.randbits(62)
    actor = Actor(name=f"{kind}@{socket.gethostname()}", cause="maintenance")
    with store.session() as session:
        with store.transaction(actor) as tx:
            tx.execute(
                "operations.register_worker",
                id=worker_id,
                host=socket.gethostname(),
                pid=os.getpid(),
                kind=kind,
                lock_key=lock_key,
            )
        if not session.value("operations.lock_worker", lock_key=lock_key):
            raise DatabaseError("another worker has this worker's lock; this cannot be, so nothing is begun")
        try:
            yield worker_id
        finally:
            # Without the database the lock is free all the same, and that is what tells that it ended.
            with suppress(DatabaseUnavailable), store.transaction(actor) as tx:
                tx.execute("operations.stop_worker", id=worker_id)
