"""The request of a call: sent once, or again where it surely had no effect; what a creation in doubt became.

Each sending was written down before (`step`). Nothing here says in the database that a call has ended.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from reconciler.errors import ErrorCode, ProviderError, Stopped
from reconciler.executor.context import Context, EndpointConnection
from reconciler.executor.steps.find import found_by_identity, held_by
from reconciler.executor.steps.retries import ATTEMPTS, PATIENT_ATTEMPTS, call_pause, is_sent_again
from reconciler.model.plan import Call, Step
from reconciler.providers.driver import Request, Submission
from reconciler.store.work import operations as ops


class Sender:
    """Sends the calls of one step.

    `requests`: how many were sent; `sent`: whether the provider took any of them.
    """

    def __init__(
        self, context: Context, step: Step, connection: EndpointConnection, stop: threading.Event
    ) -> None:
        self.context = context
        self.step = step
        self.connection = connection
        self.stop = stop
        self.requests = 0
        self.sent = False

    def submit(
        self, begun: ops.Begun, call: Call, request: Request, filled: Callable[[ops.Begun], Request]
    ) -> tuple[ops.Begun, Submission]:
        """Send until it is taken, within bounds; only what surely had no effect is sent again.

        `filled` gives the request anew, where another id was reserved. Raises ProviderError, Stopped where
        the run was told to end, and ClaimLost.
        """
        waited = 0
        for attempt in range(1, PATIENT_ATTEMPTS + 1):
            try:
                self.requests += 1
                submission = self.context.connections.driver(self.step.endpoint).submit(request)
            except Stopped:
                raise
            except ProviderError as error:
                if call.creates and (error.code is ErrorCode.ALREADY_EXISTS or error.ambiguous):
                    begun, found = self._look_up(begun, error)
                    if found is not None:
                        self.sent = True
                        return begun, Submission(external_id=found)
                    if attempt >= ATTEMPTS:
                        break
                    request = filled(begun)  # with another id
                elif error.code is ErrorCode.ALREADY_EXISTS and (whose := held_by(self.context, self.step)):
                    raise ProviderError(
                        f"{error.message}; {whose}", code=error.code, hint="choose another one"
                    ) from error
                elif not is_sent_again(error, attempt):
                    raise
                else:
                    waited += 1
                    pause = call_pause(error, waited)
                    if error.code is ErrorCode.RATE_LIMITED:
                        self.connection.budget.pause(pause)
                    elif self.stop.wait(pause):
                        raise
            else:
                self.sent = True
                return begun, submission
        raise ProviderError(
            f"{self.step.address}: every id or attempt met somebody else's object",
            code=ErrorCode.ALREADY_EXISTS,
            hint="look at the endpoint's id range",
        )

    def _look_up(self, begun: ops.Begun, error: ProviderError) -> tuple[ops.Begun, str | None]:
        """After a create whose fate is open: our object's id if it is there, another id to try if taken.

        Raises the error again where looking settles nothing; it stays ambiguous then.
        """
        try:
            found = found_by_identity(self.context, self.step, begun)
        except ProviderError:
            if error.ambiguous:
                raise error from None  # what could not be looked at stays in doubt
            raise
        if found is not None:
            return begun, found
        if error.ambiguous:
            raise error
        if begun.reserved is None or self.connection.id_range is None:
            whose = held_by(self.context, self.step)
            raise ProviderError(
                f"{self.step.address}: "
                + (whose or f"an object of that name exists at {self.step.endpoint}")
                + " and is not ours",
                code=ErrorCode.ALREADY_EXISTS,
                hint="choose another one, or take that object over with lifecycle.adopt",
            )
        with self.context.store.transaction(self.context.acting(begun.operation, "another id")) as tx:
            return ops.reserve_again(tx, begun, self.connection.id_range), None
