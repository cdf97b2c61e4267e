"""The edge to a provider: whatever a driver raises over what a provider sent becomes an error of ours.

A provider may answer anything, and a driver (of anybody's) or its library may stumble over it with any
exception. That is trouble with this endpoint, or with one object of it; it is never the end of the whole run.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from reconciler.errors import ErrorCode, ProviderError, ReconcilerError
from reconciler.model.observation import Observation
from reconciler.model.task_log import TaskLog
from reconciler.providers.account import Account, account_of
from reconciler.providers.driver import (
    Driver,
    ObserveRequest,
    Request,
    Submission,
    TaskStatus,
)
from reconciler.providers.task_log import TaskLogRequest, task_log_of
from reconciler.providers.trace import during


@dataclass(frozen=True, slots=True)
class Edge:
    """A driver that raises nothing but errors of ours."""

    name: str
    inner: Driver

    def observe(self, request: ObserveRequest) -> Observation:
        """The driver's observation; what it stumbles over is a transient ProviderError."""
        try:
            with during("observe"):
                return self.inner.observe(request)
        except ReconcilerError:
            raise
        except Exception as error:
            raise self._unreadable(error, "an answer") from error

    def submit(self, request: Request) -> Submission:
        """The driver's answer. What it stumbles over is ambiguous: the request may have arrived."""
        try:
            with during(request.operation):
                return self.inner.submit(request)
        except ReconcilerError:
            raise
        except Exception as error:
            raise self._unreadable(error, "the answer to a change", ambiguous=True) from error

    def poll(self, tasks: Sequence[str]) -> Mapping[str, TaskStatus]:
        """Task → status. What the driver stumbles over is a transient ProviderError."""
        try:
            with during("poll"):
                return self.inner.poll(tasks)
        except ReconcilerError:
            raise
        except Exception as error:
            raise self._unreadable(error, "the answer about a task") from error

    def account(self) -> Account | None:
        """As whom the driver logs in; None where it cannot tell. What it stumbles over is a ProviderError."""
        try:
            with during("account"):
                return account_of(self.inner)
        except ReconcilerError:
            raise
        except Exception as error:
            raise self._unreadable(error, "the answer to a login") from error

    def task_log(self, request: TaskLogRequest) -> TaskLog | None:
        """Who did what there; None where the driver cannot tell. What it stumbles over is a ProviderError."""
        try:
            with during("task_log"):
                return task_log_of(self.inner, request)
        except ReconcilerError:
            raise
        except Exception as error:
            raise self._unreadable(error, "the list of tasks") from error

    def close(self) -> None:
        """Give up what the driver holds, if it has a way to. What fails in that harms nobody any more."""
        close = getattr(self.inner, "close", None)
        if close is not None:
            with suppress(Exception):
                close()

    def _unreadable(self, error: Exception, what: str, *, ambiguous: bool = False) -> ProviderError:
        if isinstance(error, OSError):  # the system's own words: a CA file that is not there, for one
            return ProviderError(
                f"{self.name}: {error}", code=ErrorCode.CONNECTION, transient=True, ambiguous=ambiguous
            )
        # The place and the class, and not the text: that may hold the answer, and with it a secret.
        last = traceback.extract_tb(error.__traceback__)[-1:]
        place = f" at {last[0].name}, line {last[0].lineno}" if last else ""
        return ProviderError(
            f"{self.name}: {what} could not be understood ({type(error).__name__}{place})",
            code=ErrorCode.UNAVAILABLE,
            transient=True,
            ambiguous=ambiguous,
            hint="see what the provider answers there; nothing is concluded from it",
        )
