"""One step, through T1 to T4: intent, sending, accepted, done, each committed before the next begins.

Nothing is sent without its intent in the database; nothing ambiguous is written down as success or as
failure. Retries are by class of error, bounded, and only of calls that are known to have had no effect.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from uuid import uuid4

from reconciler.errors import (
    ClaimLost,
    CredentialError,
    DatabaseUnavailable,
    PlanError,
    ProviderError,
    ReconcilerError,
    StalePlanError,
    Stopped,
)
from reconciler.executor.context import Context, EndpointConnection
from reconciler.executor.steps.at_once import End
from reconciler.executor.steps.fill import Filling, addresses
from reconciler.executor.steps.gone import is_gone
from reconciler.executor.steps.ground import Ground
from reconciler.executor.steps.outcome import Outcome, Result
from reconciler.executor.steps.retries import ATTEMPTS
from reconciler.executor.steps.send import Sender
from reconciler.executor.steps.settle import settle_failure, settle_success, settle_unsent
from reconciler.executor.steps.verify import verify_needed, verify_ours
from reconciler.executor.steps.waiting import wait_for
from reconciler.model.address import Address
from reconciler.model.plan import Call, Step
from reconciler.providers.driver import Request, Submission
from reconciler.store.database.session import Transaction
from reconciler.store.work import objects
from reconciler.store.work import operations as ops


class StepRunner:
    """Runs one step in the calling thread. Once its first call is made, `stop` only ends its waiting.

    What it has sent then and cannot bring to its end stays open, as after a crash, for the next recovery.
    """

    def __init__(
        self,
        context: Context,
        step: Step,
        plan_step_id: int | None,
        stop: threading.Event,
        ground: Ground | None = None,
    ) -> None:
        self.context = context
        self.step = step
        self.plan_step_id = plan_step_id
        self.stop = stop
        self.connection: EndpointConnection = context.connections.to(step.endpoint)
        self.operation = uuid4()
        self.sender = Sender(context, step, self.connection, stop)
        self.end = End(ground=ground)
        self.ids: Mapping[Address, str | None] = {}  # of other objects, at the addresses that calls name
        self.successor: str | None = None  # the new object's id, while the one it replaces is still there

    def run(self) -> Outcome:
        """Carry the step out. Raises only what is a fault of ours or of the database."""
        began = time.monotonic()
        outcome = self._run()
        seconds = time.monotonic() - began
        return replace(outcome, seconds=seconds, requests=self.sender.requests, operation=self.operation)

    def _run(self) -> Outcome:
        try:
            begun = self._begin()
        except StalePlanError as error:
            return self._outcome(Result.STALE, error)
        except ClaimLost as error:
            return self._outcome(Result.BUSY, error)
        try:
            return self._carry_out(begun)
        except ClaimLost as error:
            return self._outcome(Result.BUSY, error)

    def _carry_out(self, begun: ops.Begun) -> Outcome:
        if self.stop.is_set():
            return self._unsent(begun)
        try:
            verify_needed(self.step, begun)
            verify_ours(self.context, self.step, begun)
            begun = self._calls(begun)
            settle_success(self.context, self.step, begun, self.end)
        except Stopped as error:
            return self._outcome(Result.AMBIGUOUS, error) if self.sender.sent else self._unsent(begun)
        except (ProviderError, PlanError, CredentialError) as error:
            ambiguous = isinstance(error, ProviderError) and error.ambiguous
            result = settle_failure(
                self.context, self.step, begun, error, self.end, ambiguous=ambiguous, successor=self.successor
            )
            return self._outcome(result, error)
        return Outcome(self.step.address, self.step.action, Result.DONE)

    def _unsent(self, begun: ops.Begun) -> Outcome:
        settle_unsent(self.context, begun)
        stopped = PlanError("stopped before its first call", hint="apply again")
        return self._outcome(Result.NOT_STARTED, stopped)

    def _outcome(self, result: Result, error: ReconcilerError) -> Outcome:
        return Outcome(self.step.address, self.step.action, result, error.message, error.hint or "")

    def _begin(self) -> ops.Begun:
        """T1."""
        ground = self.end.ground
        named = addresses(self.step.calls) | (ground.references(self.context.catalog) if ground else set())
        with self.context.store.at_once(self.context.acting(self.operation, self.step.summary)) as tx:
            begun = ops.begin(
                tx,
                self.operation,
                self.step,
                self.context.worker,
                plan_step_id=self.plan_step_id,
                revision_id=self.context.revision,
                id_range=self.connection.id_range,
                addresses=named - {self.step.address},
            )
        self.ids = begun.ids
        self.end = replace(self.end, external_id=begun.external_id)
        return begun

    def _calls(self, begun: ops.Begun) -> ops.Begun:
        for position, call in enumerate(self.step.calls):
            try:
                begun = self._call(begun, position, call)
            except (Stopped, ClaimLost, DatabaseUnavailable):
                raise  # nothing may be sent any more
            except ReconcilerError:
                self._restore(begun, position + 1)
                raise
        return begun

    def _restore(self, begun: ops.Begun, after: int) -> None:
        """Give a machine back its power although a call between its stop and its start has failed.

        A machine that is only being made is not started half-made: the next plan completes it first. Where
        only looks were made, it was not stopped.
        """
        if any(call.creates for call in self.step.calls) or self.step.calls[after - 1].reads:
            return
        for position, call in enumerate(self.step.calls):
            if position >= after and call.restores:
                with suppress(ProviderError):  # the first error is the one to tell; this one is on record
                    self._call(begun, position, call)

    def _call(self, begun: ops.Begun, position: int, call: Call) -> ops.Begun:
        """T2, the request, T3, the wait for its tasks."""
        request = self._sending(begun, position, call)
        try:
            begun, submission = self.sender.submit(
                begun, call, request, lambda begun: self._filling(begun).fill(call)
            )
            made = self._made(position, submission)
            with self.context.store.at_once(self.context.acting(begun.operation, call.summary)) as tx:
                ops.accepted(tx, begun, position, made, submission.tasks)
            if made is not None:
                self.end = replace(self.end, external_id=made)
            wait_for(self.context, self.step.endpoint, call, submission, self.stop)
        except Stopped:
            raise  # on record as it is: as sent, or as taken
        except ProviderError as error:
            self._call_failed(begun, position, call, error)
            return begun
        if self._goes_on_without(position):
            with self.context.store.transaction(self.context.acting(begun.operation, call.summary)) as tx:
                ops.call_finished(tx, begun, position, "done")
                self._forget_deleted(tx, begun)
        else:
            self.end = replace(self.end, call=position)  # told with the next commit, whichever that is
        return begun

    def _sending(self, begun: ops.Begun, position: int, call: Call) -> Request:
        """T2; gives the request. What cannot be filled is not written down as sent."""
        login = None
        if call.creates or (call.deletes and self.context.connections.trusted(self.step.endpoint)):
            login = self.context.connections.login(self.step.endpoint)
        needed = addresses([call]) - {self.step.address}
        for _ in range(ATTEMPTS):
            request = self._filling(begun).fill(call)
            with self.context.store.at_once(self.context.acting(begun.operation, call.summary)) as tx:
                if ops.sending(
                    tx,
                    begun,
                    position,
                    ended=self.end.call,
                    ids={address: self.ids.get(address) for address in needed},
                    seen_by=None if call.creates else login,
                    sent_by=login if call.creates else None,
                ):
                    self.end = replace(self.end, call=None)
                    return request
            with self.context.store.read() as tx:  # another object is at one of the addresses by now
                self.ids = {**self.ids, **dict.fromkeys(needed), **objects.external_ids(tx, needed)}
        raise PlanError(f"{call.summary}: what it refers to is replaced again and again", hint="apply again")

    def _made(self, position: int, submission: Submission) -> str | None:
        """The new object's id, if the row goes over to it now: not while the one it replaces is still there.

        What is cut off before that is replaced again: the creation finds its object by the same reserved id
        and our mark, and the old object is still the row's, so neither is ever left behind.
        """
        if not self.step.calls[position].creates:
            return None
        if any(later.deletes for later in self.step.calls[position + 1 :]):
            self.successor = submission.external_id
            return None
        return submission.external_id

    def _goes_on_without(self, position: int) -> bool:
        """Whether the call deletes the old object of a replacement, whose id then means nothing any more."""
        if not self.step.calls[position].deletes:
            return False
        return self.successor is not None or any(call.creates for call in self.step.calls[position:])

    def _forget_deleted(self, tx: Transaction, begun: ops.Begun) -> None:
        """In a replacement the old object's id means nothing once it is gone."""
        if self.successor is not None:
            objects.object_made(tx, begun, self.successor)
        else:
            objects.object_deleted(tx, begun)
        objects.unapply_users(tx, begun)
        self.end = replace(self.end, external_id=self.successor)

    def _call_failed(self, begun: ops.Begun, position: int, call: Call, error: ProviderError) -> None:
        gone = False
        try:
            gone = is_gone(self.context, self.step, begun, self.end.external_id, call, error)
        except Stopped:
            self.sender.sent = (
                True  # nobody knows yet what became of it: it stays open, for the next recovery
            )
            raise
        except ProviderError as doubt:
            error = doubt
        skipped = gone or call.best_effort
        status = "skipped" if skipped else "ambiguous" if error.ambiguous else "failed"
        acting = self.context.acting(begun.operation, call.summary)
        if gone and self._goes_on_without(position):
            with self.context.store.transaction(acting) as tx:
                ops.call_finished(tx, begun, position, status, error.code.value, error.message)
                self._forget_deleted(tx, begun)
        else:
            with self.context.store.at_once(acting) as tx:
                ops.call_finished(tx, begun, position, status, error.code.value, error.message)
        if not skipped:
            raise error

    def _filling(self, begun: ops.Begun) -> Filling:
        own = self.successor if self.successor is not None else self.end.external_id
        return Filling(
            owner=self.context.owner,
            resource=begun.uid,
            operation=begun.operation,
            reserved=begun.reserved,
            external_ids={**self.ids, self.step.address: own},
            secret=self.context.secret,
        )
