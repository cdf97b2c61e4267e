"""Waiting for what a call started: its tasks' ends, or why that cannot be waited for."""

from __future__ import annotations

import threading

from reconciler.errors import ErrorCode, ProviderError, Stopped
from reconciler.executor.context import Context
from reconciler.model.plan import Call
from reconciler.providers.driver import Submission, TaskState

_GRACE = 30.0  # seconds that a stop request leaves to a task; a longer one is left to the recovery


def wait_for(
    context: Context, endpoint: str, call: Call, submission: Submission, stop: threading.Event
) -> None:
    """Wait until the call's tasks are done, within the call's time-out.

    Raises ProviderError where one failed, is still running, or cannot be asked for; Stopped where it was cut
    short by a stop.
    """
    statuses = context.connections.poller(endpoint).wait(submission.tasks, call.timeout, stop, _GRACE)
    for task, status in statuses.items():
        if status.state is TaskState.FAILED:
            raise ProviderError(f"{call.summary}: {status.message or 'the task failed'}")
        if status.state is not TaskState.RUNNING:
            continue
        if stop.is_set():
            raise Stopped(
                f"stopped while the provider was still at it ({task})",
                hint="it is on record; the next run waits for it first",
            )
        if status.message:
            raise ProviderError(
                f"{call.summary}: it is not known what became of it ({task}): {status.message}",
                code=ErrorCode.UNAVAILABLE,
                ambiguous=True,
            )
        raise ProviderError(
            f"{call.summary}: still running after {call.timeout} s ({task})",
            code=ErrorCode.TIMEOUT,
            ambiguous=True,
        )
