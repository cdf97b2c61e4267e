"""Making a plan in a transaction: gather what moved, hand it to the pure planner, lower by the drivers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reconciler.engine.drivers import driver_class
from reconciler.engine.engine import Engine
from reconciler.errors import PlanError
from reconciler.executor import in_vain
from reconciler.executor.context import Endpoint
from reconciler.executor.look import Look
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.diff import Diff
from reconciler.model.plan import Action, Call, Plan
from reconciler.model.resource import Desired, Recorded, ReplacePolicy
from reconciler.planner import EndpointView, Limits, PlanInput, Selection, make_plan
from reconciler.planner.inputs import Lower
from reconciler.planner.references import references
from reconciler.providers.driver import LowerRequest
from reconciler.store.desired_rows import load_desired, load_specifications
from reconciler.store.observations import observation_start
from reconciler.store.resources import (
    candidates,
    drop_void_failures,
    failures,
    holds,
    load_recorded,
    load_strangers,
    load_users,
    managed_addresses,
    managed_count,
)
from reconciler.store.session import Transaction


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What a person may choose of a plan. `destroy`: plan the removal of everything selected."""

    selection: Selection = field(default_factory=Selection)
    limits: Limits = field(default_factory=Limits)
    destroy: bool = False
    retry_now: bool = False  # leave no failed resource waiting


def plan_now(
    tx: Transaction,
    engine: Engine,
    looks: Mapping[str, Look],
    options: PlanOptions,
    revision: int | None,
) -> Plan:
    """The plan for what the transaction sees. `looks` are this run's observations, by endpoint."""
    endpoints = engine.endpoints(tx)
    drop_void_failures(tx, in_vain.CODE)
    wanted, removed = candidates(tx)
    if options.destroy:
        wanted, removed = frozenset(), managed_addresses(tx)
    desired = load_desired(tx, wanted, engine.catalog)
    recorded = load_recorded(tx, wanted | removed, engine.catalog)
    gone = tuple(recorded[address] for address in sorted(removed) if address in recorded)
    around = _around(tx, engine.catalog, [*desired.values(), *gone], recorded)
    leaving = {item.address for item in gone} | {
        a for a in recorded.keys() & desired.keys() if _replaceable(desired[a])
    }
    known = {item.id for item in (*recorded.values(), *around.values())}
    given = PlanInput(
        catalog=engine.catalog,
        desired=desired,
        recorded={**around, **{a: item for a, item in recorded.items() if a not in removed}},
        removed=gone,
        endpoints={name: _view(endpoint, looks.get(name)) for name, endpoint in endpoints.items()},
        lower=_lower(endpoints, {**around, **recorded}, _wanted(tx, engine.catalog, desired, recorded)),
        now=observation_start(tx),
        managed=managed_count(tx),
        applied=_applied(tx, engine.catalog, desired, recorded),
        strangers=load_strangers(tx, wanted, engine.catalog),
        users=load_users(tx, leaving, known, engine.catalog),
        holds=holds(tx),
        failures={} if options.retry_now else failures(tx),
        selection=options.selection,
        limits=options.limits,
        revision=revision,
        destroy=options.destroy,
    )
    return make_plan(given)


def _around(
    tx: Transaction, catalog: Catalog, items: Iterable[Desired | Recorded], known: Mapping[Address, Recorded]
) -> dict[Address, Recorded]:
    """The recorded resources that the candidates refer to and that are no candidates themselves."""
    needed = {address for item in items for address in references(item, catalog)}
    return load_recorded(tx, needed - known.keys(), catalog)


def _applied(
    tx: Transaction,
    catalog: Catalog,
    desired: Mapping[Address, Desired],
    recorded: Mapping[Address, Recorded],
) -> dict[Address, Desired]:
    """What was last applied of what is wanted otherwise now: it tells a manifest's changes from drift."""
    moved = {
        address: found
        for address in desired.keys() & recorded.keys()
        if (found := recorded[address].applied_desired_hash) is not None and found != desired[address].hash()
    }
    return load_specifications(tx, moved, catalog)


def _replaceable(desired: Desired) -> bool:
    return desired.lifecycle.replace is ReplacePolicy.ALLOWED


def _wanted(
    tx: Transaction,
    catalog: Catalog,
    desired: Mapping[Address, Desired],
    recorded: Mapping[Address, Recorded],
) -> dict[Address, Desired]:
    """What manifests want of the candidates and of all that these refer to, now or then."""
    items: list[Desired | Recorded] = [*desired.values()]
    items += [recorded[address] for address in desired.keys() & recorded.keys()]
    needed = {address for item in items for address in references(item, catalog)}
    return {**load_desired(tx, needed - desired.keys(), catalog), **desired}


def _view(endpoint: Endpoint, look: Look | None) -> EndpointView:
    trouble = endpoint.withheld or (
        f"{endpoint.name} cannot be observed: {look.trouble}" if look is not None and look.blind else None
    )
    return EndpointView(
        endpoint.name, endpoint.provider_type, endpoint.report_only, trouble, endpoint.withheld
    )


def _lower(
    endpoints: Mapping[str, Endpoint],
    recorded: Mapping[Address, Recorded],
    desired: Mapping[Address, Desired],
) -> Lower:
    """Lowering by each endpoint's driver; what the drivers need of referenced resources comes along."""
    by_text = {str(address): item for address, item in recorded.items()}
    wanted_by_text = {str(address): item for address, item in desired.items()}

    def lower(
        action: Action, endpoint: str, wanted: Desired | None, current: Recorded | None, diff: Diff
    ) -> tuple[Call, ...]:
        place = endpoints.get(endpoint)
        if place is None:
            raise PlanError(f"there is no endpoint `{endpoint}`", hint="declare a ProviderEndpoint")
        request = LowerRequest(action, wanted, current, diff, place.settings, by_text, wanted_by_text)
        try:
            return tuple(driver_class(place.provider_type).lower(request))
        except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
            # A driver's mistake about one resource is no reason to plan nothing for all the others.
            what = f"{type(error).__name__}: {error}"
            raise PlanError(
                f"{diff.address}: the driver for {place.provider_type} failed: {what}",
                hint="this is a fault of the driver; please report it",
            ) from error

    return lower
