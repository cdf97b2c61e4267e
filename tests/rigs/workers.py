"""Waiting for the server to notice that a worker's process is dead."""

from __future__ import annotations

from tests.rigs.processes import until
from tests.rigs.stage import Stage

_OTHERS = """
SELECT count(*)
FROM workers AS w
JOIN pg_locks AS l ON (l.classid::bigint << 32) | l.objid::bigint = w.lock_key
WHERE w.id <> %s AND l.locktype = 'advisory' AND l.granted
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def until_alone(stage: Stage) -> None:
    """Until no worker but the stage's own holds its lock.

    A killed process's sessions end when the server next reads from their sockets. Until then its claims are
    those of a living worker, and whoever comes leaves them alone, as it should.
    """
    mine = stage.context.worker
    until(lambda: stage.rows(_OTHERS, mine) == [(0,)], "the killed worker's sessions have ended")
