"""A small engine that applies one step at a time, in memory and in a straight line, for the contract's tests.

It does what the contract says of the real one: it diffs, lowers, fills placeholders (by the executor's own
code), submits each call once and polls its tasks, observes the object again and keeps that. It repeats
nothing, and recovers nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from reconciler.diff import creation, diff, part_key, removal
from reconciler.errors import ErrorCode, ProviderError
from reconciler.executor.steps.fill import Filling
from reconciler.model.address import Address, as_name
from reconciler.model.catalog import Identity, Mutability
from reconciler.model.diff import Diff
from reconciler.model.plan import Action, Call, ReservedId
from reconciler.model.resource import Desired, Mark, Observed, Recorded
from reconciler.model.values import Attributes, ExternalRef, Reference, Value, canonical
from reconciler.providers.driver import LowerRequest, Observation, ObserveRequest, Request, TaskState
from reconciler.testing.harness import OWNER, DriverHarness
from reconciler.testing.samples import Sample, catalog_of

_POLLS = 50


class World:
    """What the database would hold, and the steps that change it. `ids` are the objects' external ids."""

    def __init__(self, harness: DriverHarness, *, settings: Mapping[str, Any] | None = None) -> None:
        self.harness = harness
        self.driver = harness.driver
        self.catalog = catalog_of(harness.driver.catalog)
        self.settings = dict(settings or {})
        self.recorded: dict[Address, Recorded] = {}
        self.addresses: dict[tuple[str, str], Address] = {}
        self.ids: dict[Address, str] = {}
        self.uids: dict[Address, UUID] = {}
        self.secrets: dict[str, str] = {}
        self.operation = uuid4()
        self._reserved = count(900_001)
        self._numbers = count(1)

    @classmethod
    def before(cls, harness: DriverHarness, sample: Sample) -> World:
        """A world in which everything that a sample needs is there."""
        world = cls(harness)
        world.secrets.update(sample.secrets)
        for desired in sample.first:
            world.apply(desired)
        return world

    def identity(self, resource_type: str) -> Identity:
        """How the driver's catalog says that an object of the type is found again."""
        return self.catalog.offers[resource_type, self.harness.provider_type].identity

    # -- steps --------------------------------------------------------------------------------------

    def apply(self, desired: Desired) -> tuple[Call, ...]:
        """Create or update; the calls that it took. Afterwards `pending` says what still differs."""
        there = self.recorded.get(desired.address)
        if there is None:
            difference, action = creation(desired, self.catalog), Action.CREATE
        else:
            difference, action = diff(desired, there, self.catalog), Action.UPDATE
        calls = self.lower(action, desired, there, difference)
        self.run(calls, desired.address)
        self.look(desired.address, desired)
        return calls

    def adopt(self, desired: Desired, external_id: str) -> tuple[Call, ...]:
        """Take over an object that is there already."""
        self._bind(desired.address, external_id)
        self.look(desired.address, desired)
        there = self.recorded[desired.address]
        calls = self.lower(Action.ADOPT, desired, there, diff(desired, there, self.catalog))
        self.run(calls, desired.address)
        self.look(desired.address, desired)
        return calls

    def delete(self, address: Address) -> tuple[Call, ...]:
        """The calls that deleting took. Record and id stay, so that `observe` can ask for it."""
        there = self.recorded[address]
        calls = self.lower(Action.DELETE, None, there, removal(there, self.catalog))
        self.run(calls, address)
        return calls

    def pending(self, desired: Desired) -> Diff:
        """What separates the desired resource from what was last recorded of it."""
        return diff(desired, self.recorded[desired.address], self.catalog)

    def lower(
        self, action: Action, desired: Desired | None, recorded: Recorded | None, difference: Diff
    ) -> tuple[Call, ...]:
        """The driver's calls for a step, which may refer to all that the world has recorded."""
        referenced: dict[Reference, Recorded] = dict(self.recorded.items())
        request = LowerRequest(action, desired, recorded, difference, self.settings, referenced)
        return self.driver.lower(request)

    def run(self, calls: Sequence[Call], address: Address) -> None:
        """Send the calls as one operation, waiting for their tasks. Only best effort may fail."""
        self.operation = uuid4()
        for call in calls:
            try:
                self._wait(call, self.submit(call, address))
            except ProviderError:
                if not call.best_effort:
                    raise

    def submit(self, call: Call, address: Address) -> tuple[str, ...]:
        """Send one call; the tasks to wait for."""
        result = self.driver.submit(self.fill(call, address))
        if call.creates:
            assert result.external_id is not None, f"{call.operation} gave no id"
            self._bind(address, result.external_id)
        return result.tasks

    def _wait(self, call: Call, tasks: tuple[str, ...]) -> None:
        for _ in range(_POLLS):
            states = self.driver.poll(tasks) if tasks else {}
            failed = [status.message for status in states.values() if status.state is TaskState.FAILED]
            if failed:
                raise ProviderError(f"{call.operation}: {failed[0]}")
            if all(status.state is TaskState.DONE for status in states.values()):
                return
        raise ProviderError(f"{call.operation}: not done in time", code=ErrorCode.TIMEOUT)

    # -- placeholders -------------------------------------------------------------------------------

    def fill(self, call: Call, address: Address) -> Request:
        """The request that a call becomes. Raises PlanError where something that it needs has no object."""
        reserves = any(isinstance(value, ReservedId) for _, value in (*call.path_params, *call.params))
        return Filling(
            owner=OWNER,
            resource=self.mark(address).resource,
            operation=self.operation,
            reserved=self._reservation(address) if reserves else None,
            external_ids=self.ids,
            secret=self.secrets.__getitem__,
        ).fill(call)

    def mark(self, address: Address) -> Mark:
        """Our mark for an address in the present operation; its uid is chosen at first use."""
        uid = self.uids.setdefault(address, uuid4())
        return Mark(OWNER, uid, self.operation)

    def _reservation(self, address: Address) -> str:
        if address not in self.ids:
            self._bind(address, str(next(self._reserved)))
        return self.ids[address]

    def _bind(self, address: Address, external_id: str) -> None:
        self.ids[address] = external_id
        self.addresses[(address.type, external_id)] = address

    # -- observation --------------------------------------------------------------------------------

    def observe(self, address: Address) -> Observation:
        """Look at one object as a target, by its id; nothing is recorded."""
        target = (address.type, self.ids[address])
        known = {address.type: frozenset({self.ids[address]})}
        return self.driver.observe(ObserveRequest(frozenset({address.type}), (target,), known))

    def look(self, address: Address, desired: Desired) -> Observed:
        """Observe the object and record it."""
        seen = self.observe(address)
        assert not seen.unseen, seen.unseen
        (observed,) = seen.resources
        self.recorded[address] = self._record(address, observed, desired)
        return observed

    def _record(self, address: Address, seen: Observed, desired: Desired) -> Recorded:
        parts = tuple(self._record_part(address, part, desired) for part in seen.parts)
        for part in parts:
            if part.external_id:
                self._bind(part.address, part.external_id)
        provider = self.harness.provider_type
        values = {**self._written(desired), **self.resolve(seen.attributes)}
        return Recorded(
            id=next(self._numbers),
            uid=self.mark(address).resource,
            address=address,
            type=seen.type,
            provider_type=provider,
            endpoint=provider,
            state=seen.state,
            external_id=seen.external_id,
            attributes=values,
            tags=seen.tags,
            parts=parts,
            pending=seen.pending,
        )

    def _record_part(self, parent: Address, seen: Observed, desired: Desired) -> Recorded:
        values = self.resolve(seen.attributes)
        kind = self.catalog.resource_types[seen.type]
        rules = self.catalog.attributes(seen.type, self.harness.provider_type)
        mine = part_key(kind, rules, values)
        twin = next(
            (p for p in desired.parts if p.type == seen.type and part_key(kind, rules, p.attributes) == mine),
            None,
        )
        address = twin.address if twin else parent.part(seen.type, as_name(seen.name))
        if twin is not None:
            values = {**self._written(twin), **values}
        return Recorded(
            id=next(self._numbers),
            uid=uuid4(),
            address=address,
            type=seen.type,
            provider_type=self.harness.provider_type,
            endpoint=self.harness.provider_type,
            state=seen.state,
            external_id=seen.external_id,
            attributes=values,
        )

    def _written(self, desired: Desired) -> dict[str, Value]:
        rules = self.catalog.attributes(desired.type, self.harness.provider_type)
        return {
            name: value
            for name, value in desired.attributes.items()
            if rules[name].mutability is Mutability.WRITE_ONLY
        }

    def resolve(self, attributes: Attributes) -> dict[str, Value]:
        """References as addresses, as far as the world knows what they point at."""
        return {name: self._resolved(value, name) for name, value in attributes.items()}

    def _resolved(self, value: Value, name: str) -> Value:
        if isinstance(value, ExternalRef):
            address = self.addresses.get((value.type, value.external_id))
            return value if address is None else address
        if isinstance(value, tuple):
            items = tuple(self._resolved(item, name) for item in value)
            return canonical(items, self.catalog.definitions[name].cardinality)  # type: ignore[arg-type]
        return value
