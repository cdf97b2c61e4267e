"""What the contract's tests need of a driver's world, and a small engine that applies one step at a time.

The engine here does what the contract says of the real one, in memory and in a straight line: it diffs,
lowers, fills placeholders, submits each call and polls its tasks, observes the object again and keeps that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Protocol
from uuid import UUID, uuid4

from reconciler.catalog import CatalogPart, core_part, merge
from reconciler.diff import creation, diff, part_key, removal
from reconciler.errors import ErrorCode, ProviderError
from reconciler.model.address import Address, as_name
from reconciler.model.catalog import Catalog, Mutability
from reconciler.model.diff import Diff
from reconciler.model.plan import Action, Call, ExternalId, MarkValue, Param, ReservedId
from reconciler.model.resource import Desired, Mark, Observed, Recorded
from reconciler.model.values import Attributes, ExternalRef, Reference, SecretRef, Value, canonical
from reconciler.providers.driver import (
    Access,
    Driver,
    LowerRequest,
    Observation,
    ObserveRequest,
    Request,
    TaskState,
)

OWNER = UUID("6f1f7a52-5b0e-4c62-9a1c-0d7a3c0b9a11")
_POLLS = 50


class FreeMeter:
    """A budget without end that remembers what it was told."""

    def __init__(self) -> None:
        self.asked = 0
        self.told: list[tuple[int | None, int | None, float | None]] = []

    def before(self) -> None:
        self.asked += 1

    def after(self, limit: int | None, remaining: int | None, reset: float | None) -> None:
        self.told.append((limit, remaining, reset))


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as the provider's ledger shows it."""

    method: str
    path: str


@dataclass(frozen=True)
class Sample:
    """One root type's life: what must be there first, how it is made, and what it may become in place.

    Each of `variants` is applied after the one before; together they change every in-place attribute, but
    for those in `elsewhere`, as (type, attribute): a part's attributes that only another parent's have.
    """

    desired: Desired
    first: tuple[Desired, ...] = ()
    variants: tuple[Desired, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)
    elsewhere: frozenset[tuple[str, str]] = frozenset()


class DriverHarness(Protocol):
    """A driver connected to its simulator. `provider_type` is also the endpoint's name."""

    @property
    def provider_type(self) -> str: ...

    @property
    def driver(self) -> Driver: ...

    def connect(self, credential: str | None = None) -> Driver:
        """Another driver to the same simulator; `credential` replaces the valid one."""
        ...

    def samples(self) -> Sequence[Sample]:
        """One for each root type that the driver offers."""
        ...

    def sent(self) -> list[Sent]:
        """The changes (no reads) asked for until now, with the path as the driver's calls name it."""
        ...

    def collection(self, resource_type: str) -> str:
        """A regular expression for the request path under which a type is listed."""
        ...

    def fault(self, kind: str, **options: Any) -> None:
        """Post a fault to the simulator (see `reconciler.sim.faults`)."""
        ...

    def clear_faults(self) -> None: ...

    def violations(self) -> list[str]:
        """How the exchanges until now depart from the provider's published description, where present."""
        ...


class HarnessFactory(Protocol):
    def __call__(self) -> AbstractContextManager[DriverHarness]: ...


def access(endpoint: str, url: str, credential: str, **more: Any) -> Access:
    return Access(endpoint, url, OWNER, credential, more.pop("meter", FreeMeter()), **more)


def catalog_of(part: CatalogPart) -> Catalog:
    return merge([core_part(), part])


def wanted(
    catalog: Catalog,
    provider: str,
    address: str,
    attributes: Mapping[str, Value] | None = None,
    *,
    parts: Mapping[str, Sequence[Mapping[str, Value]]] | None = None,
    tags: Mapping[str, str] | None = None,
) -> Desired:
    """A desired resource, canonical and with the catalog's defaults, as a manifest would give it.

    `parts` are by part type; a type that is named is listed, even with no parts.
    """
    where = Address.parse(address)
    inner = []
    for part_type, items in (parts or {}).items():
        kind = catalog.resource_types[part_type]
        for number, item in enumerate(items):
            values = _defaulted(catalog, provider, part_type, item)
            name = as_name(
                "-".join(str(values[key]) for key in kind.key_attributes) or f"{part_type}-{number}"
            )
            inner.append(Desired(where.part(part_type, name), part_type, provider, provider, values))
    return Desired(
        where,
        where.type,
        provider,
        provider,
        _defaulted(catalog, provider, where.type, attributes or {}, where.name),
        tags=dict(tags or {}),
        tags_named=tags is not None,
        parts=tuple(inner),
        collections=frozenset(parts or {}),
    )


def changed(
    catalog: Catalog, desired: Desired, tags: Mapping[str, str] | None = None, **attributes: Value
) -> Desired:
    """The same resource with other values; tags are replaced as a whole."""
    values = {
        name: canonical(value, catalog.definitions[name].cardinality, catalog.definitions[name].format)
        for name, value in attributes.items()
    }
    return replace(
        desired,
        attributes={**desired.attributes, **values},
        tags=desired.tags if tags is None else dict(tags),
        tags_named=desired.tags_named or tags is not None,
    )


def _defaulted(
    catalog: Catalog, provider: str, resource_type: str, given: Mapping[str, Value], own_name: str = ""
) -> Attributes:
    rules = catalog.attributes(resource_type, provider)
    defaults = {name: rule.default_for(own_name) for name, rule in rules.items()}
    values = {name: value for name, value in defaults.items() if value is not None} | dict(given)
    return {
        name: canonical(value, rules[name].definition.cardinality, rules[name].definition.format)
        for name, value in values.items()
    }


class World:
    """What the database would hold, and the steps that change it."""

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
        there = self.recorded[address]
        calls = self.lower(Action.DELETE, None, there, removal(there, self.catalog))
        self.run(calls, address)
        return calls

    def pending(self, desired: Desired) -> Diff:
        return diff(desired, self.recorded[desired.address], self.catalog)

    def lower(
        self, action: Action, desired: Desired | None, recorded: Recorded | None, difference: Diff
    ) -> tuple[Call, ...]:
        referenced: dict[Reference, Recorded] = dict(self.recorded.items())
        request = LowerRequest(action, desired, recorded, difference, self.settings, referenced)
        return self.driver.lower(request)

    def run(self, calls: Sequence[Call], address: Address) -> None:
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
        path_params = {key: str(self._fill(value, address)) for key, value in call.path_params}
        return Request(
            operation=call.operation,
            method=call.method,
            path=call.path.format(**path_params),
            path_params=path_params,
            params={key: self._fill(value, address) for key, value in call.params},
        )

    def _fill(self, value: Param, address: Address) -> Any:
        match value:
            case ExternalId():
                return self.ids[value.address]
            case MarkValue():
                mark = self.mark(address)
                return value.template.replace("{}", str(getattr(mark, value.field)))
            case ReservedId():
                return self._reservation(address)
            case SecretRef():
                return self.secrets[value.credential]
        return value

    def mark(self, address: Address) -> Mark:
        uid = self.uids.setdefault(address, uuid4())
        return Mark(OWNER, uid, self.operation)

    def _reservation(self, address: Address) -> int:
        if address not in self.ids:
            self._bind(address, str(next(self._reserved)))
        return int(self.ids[address])

    def _bind(self, address: Address, external_id: str) -> None:
        self.ids[address] = external_id
        self.addresses[(address.type, external_id)] = address

    # -- observation --------------------------------------------------------------------------------

    def observe(self, address: Address) -> Observation:
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


def compared(catalog: Catalog, desired: Desired) -> Iterator[tuple[str, Value]]:
    """What of a desired resource must come back in an observation."""
    rules = catalog.attributes(desired.type, desired.provider_type)
    for name, value in desired.attributes.items():
        if rules[name].compared and rules[name].mutability is not Mutability.WRITE_ONLY and value != ():
            yield name, value


def root_types(catalog: Catalog, provider: str) -> set[str]:
    return {
        name for (name, of) in catalog.offers if of == provider and not catalog.resource_types[name].is_part
    }
