"""Making a plan in a transaction: gather what moved, hand it to the pure planner, lower by the drivers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from reconciler.engine.checking import refuse_broken
from reconciler.engine.credential_hosts import waiting_hosts
from reconciler.engine.drivers import driver_class, drivers
from reconciler.engine.engine import Engine
from reconciler.engine.natural_keys import natural_keys, recorded_at, strangers_at
from reconciler.engine.rollback.words import pinned_words
from reconciler.engine.specifications import (
    applied_specifications,
    carried_specifications,
    created_specifications,
)
from reconciler.errors import PlanError
from reconciler.executor.context import EndpointConnection
from reconciler.executor.observe.endpoint import Coverage
from reconciler.executor.steps import ineffective as ineffective
from reconciler.executor.steps.ground import Ground
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.diff import Diff
from reconciler.model.inventory import InventoryStep
from reconciler.model.observation import Offer
from reconciler.model.plan import Action, Call, Plan
from reconciler.model.resource import Desired, Recorded, ReplacePolicy
from reconciler.model.scope import Scope
from reconciler.model.values import ExternalRef, Reference
from reconciler.planner import EndpointStatus, Limits, PlanInput, Selection, make_plan
from reconciler.planner.inputs import Lower
from reconciler.planner.references import references
from reconciler.providers.driver import LowerRequest, copied_from
from reconciler.store.database.session import Transaction
from reconciler.store.desired.lifecycles import restore_lifecycles
from reconciler.store.desired.pins import live_pins
from reconciler.store.desired.rows import load_desired
from reconciler.store.inventory.rows import expiry_notes
from reconciler.store.recorded.failures import drop_void_failures, failures
from reconciler.store.recorded.observations import observation_start
from reconciler.store.recorded.resources import (
    Root,
    candidate_roots,
    holds,
    load_by_external_id,
    load_holders,
    load_recorded,
    load_strangers,
    load_users,
    managed_count,
    managed_roots,
)

_MOST_COMPARED = 1_000
"""Resources elsewhere that are compared one by one, to say how many of them differ."""


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What a person may choose of a plan. `destroy`: plan the removal of everything selected.

    `scope`: the sources, or parts of them, that the plan is about; None for those that were read for it, and
    for everything where none was. `everything`: whatever was read. `only`: these roots and nothing else,
    whosever they are; None for no such choice.
    """

    selection: Selection = field(default_factory=Selection)
    limits: Limits = field(default_factory=Limits)
    destroy: bool = False
    retry_now: bool = False  # leave nothing waiting that failed
    retry_parked: bool = False  # nor what is parked for good
    scope: Scope | None = None
    everything: bool = False
    only: frozenset[Address] | None = None


def plan_now(
    tx: Transaction,
    engine: Engine,
    coverage: Mapping[str, Coverage],
    options: PlanOptions,
    revision: int | None,
    inventory: tuple[InventoryStep, ...] = (),
    grounds: dict[Address, Ground] | None = None,
) -> Plan:
    """The plan for what the transaction sees. `coverage` is what this run observed, by endpoint.

    `inventory` is what the transaction, or this run before it, changed of the inventory. `grounds` gets both
    sides of each resource that the plan has a step for. Raises BrokenPlanError for a plan that is not what a
    plan must be, where the engine is to check that.
    """
    endpoints = engine.endpoints(tx)
    drop_void_failures(tx, ineffective.CODE)
    restored = restore_lifecycles(tx)
    roots = ((), managed_roots(tx)) if options.destroy else candidate_roots(tx)
    wanted = frozenset(root.address for root in roots[0])
    removed = frozenset(root.address for root in roots[1])
    elsewhere = _elsewhere(options, (*roots[0], *roots[1]))
    if options.destroy:
        removed -= elsewhere.keys()
    desired = load_desired(tx, wanted, engine.catalog)
    recorded = load_recorded(tx, wanted | removed, engine.catalog)
    gone = tuple(recorded[address] for address in sorted(removed) if address in recorded)
    around = _referenced(tx, engine.catalog, [*desired.values(), *recorded.values()], recorded)
    leaving = {item.address for item in gone} | {
        a for a in recorded.keys() & desired.keys() if _replaceable(desired[a]) or desired[a].collections
    }
    applied = applied_specifications(tx, engine.catalog, desired, recorded)
    known = {item.id for item in (*recorded.values(), *around.values())}
    keys = natural_keys(endpoints, desired, recorded)
    at_key = recorded_at(tx, engine.catalog, keys, desired)
    now = observation_start(tx)
    given = PlanInput(
        catalog=engine.catalog,
        desired=desired,
        recorded={**around, **{a: item for a, item in recorded.items() if a not in removed}},
        removed=gone,
        endpoints={name: _status(each, coverage.get(name)) for name, each in endpoints.items()},
        lower=_lower(
            endpoints,
            {**around, **recorded},
            _wanted(tx, engine.catalog, desired, recorded),
            {name: covered.offers for name, covered in coverage.items()},
            _copied(tx, engine.catalog, endpoints, desired.values()),
        ),
        now=now,
        managed=managed_count(tx, scoped_sources(options)),
        applied=applied,
        carried=carried_specifications(tx, engine.catalog, applied, recorded),
        created=created_specifications(tx, engine.catalog, desired, recorded),
        strangers=strangers_at(keys, at_key, desired, load_strangers(tx, wanted, engine.catalog)),
        users=load_users(tx, leaving, known, engine.catalog),
        holders=load_holders(tx, _unique_texts(engine.catalog, desired, recorded), known, engine.catalog),
        # What keeps a deleted resource from coming back is no reason not to delete it.
        holds=tuple(hold for hold in holds(tx) if not (options.destroy and hold.while_wanted)),
        failures=failures(tx),
        retry_now=options.retry_now,
        retry_parked=options.retry_parked,
        selection=options.selection,
        limits=options.limits,
        revision=revision,
        elsewhere=elsewhere,
        destroy=options.destroy,
        restored=restored,
        expiring=expiry_notes(tx, now),
        keys=keys,
        at_key=at_key,
    )
    withheld = any(endpoint.withheld for endpoint in endpoints.values())
    waiting = waiting_hosts(tx, scoped_sources(options)) if withheld else ()
    plan = make_plan(given)
    pinned = [
        each for each in live_pins(tx) if _is_about(options, Root(each.address, each.source, each.path))
    ]
    plan = replace(
        plan,
        warnings=(*plan.warnings, *pinned_words(pinned)),
        inventory=tuple(sorted((*inventory, *waiting), key=lambda step: step.key)),
        elsewhere=_differing(given),
    )
    if engine.check_plans:
        refuse_broken(plan, given)
    if grounds is not None:
        grounds |= {s.address: Ground(desired.get(s.address), recorded.get(s.address)) for s in plan.steps}
    return plan


def _elsewhere(options: PlanOptions, roots: Iterable[Root]) -> dict[Address, str | None]:
    """The candidates that a run is not about, each with whose it is."""
    return {root.address: root.source for root in roots if not _is_about(options, root)}


def _is_about(options: PlanOptions, root: Root) -> bool:
    if options.only is not None:
        return root.address in options.only
    if options.everything or options.scope is None:
        return True
    return options.scope.covers(root.address, root.source, root.path)


def scoped_sources(options: PlanOptions) -> frozenset[str] | None:
    """The sources that a plan is about; None for all."""
    return options.scope.sources if options.scope is not None and not options.everything else None


def _differing(given: PlanInput) -> int:
    """How many resources differ of those that the plan is not about, as a plan of them would say."""
    if not given.elsewhere or given.destroy:
        return 0
    others = given.elsewhere.keys()
    if len(others) > _MOST_COMPARED:
        return len(others)  # at most: not all that moved differs
    removed = {item.address for item in given.removed}
    ours: dict[Address, str | None] = dict.fromkeys((given.desired.keys() | removed) - others)
    try:
        plan = make_plan(replace(given, elsewhere=ours, selection=Selection()))
    except PlanError:  # a circle there is no matter of ours
        return len(others)
    return len({step.address for step in plan.steps} | {item.address for item in plan.blocked})


def _referenced(
    tx: Transaction, catalog: Catalog, items: Iterable[Desired | Recorded], known: Mapping[Address, Recorded]
) -> dict[Address, Recorded]:
    """The recorded resources that the candidates refer to and that are no candidates themselves."""
    needed = {address for item in items for address in references(item, catalog)}
    return load_recorded(tx, needed - known.keys(), catalog)


def _unique_texts(
    catalog: Catalog, desired: Mapping[Address, Desired], recorded: Mapping[Address, Recorded]
) -> set[tuple[str, str, str, str]]:
    """The unique texts that a candidate shall get and has not, as (endpoint, type, attribute, value)."""
    found: set[tuple[str, str, str, str]] = set()
    for address, item in desired.items():
        there = recorded.get(address)
        for name, rule in catalog.attributes(item.type, item.provider_type).items():
            value = item.attributes.get(name)
            if not rule.unique or rule.unique_within or not isinstance(value, str):
                continue
            if there is None or not there.exists or there.attributes.get(name) != value:
                found.add((item.endpoint, item.type, name, value))
    return found


def _replaceable(desired: Desired) -> bool:
    return desired.lifecycle.replace is ReplacePolicy.ALLOWED


def _wanted(
    tx: Transaction,
    catalog: Catalog,
    desired: Mapping[Address, Desired],
    recorded: Mapping[Address, Recorded],
) -> dict[Address, Desired]:
    """What manifests want of the candidates and of all that these refer to, now or then."""
    items: list[Desired | Recorded] = [*desired.values(), *recorded.values()]
    needed = {address for item in items for address in references(item, catalog)}
    return {**load_desired(tx, needed - desired.keys(), catalog), **desired}


def _copied(
    tx: Transaction, catalog: Catalog, endpoints: Mapping[str, EndpointConnection], desired: Iterable[Desired]
) -> dict[str, dict[ExternalRef, Recorded]]:
    """What new objects are to be copied from, by endpoint."""
    wanted: dict[str, set[ExternalRef]] = {}
    for item in desired:
        there = endpoints.get(item.endpoint)
        driver = drivers().get(there.endpoint.provider_type) if there is not None else None
        if driver is not None:
            wanted.setdefault(item.endpoint, set()).update(copied_from(driver, item))
    return {name: load_by_external_id(tx, name, ids, catalog) for name, ids in wanted.items() if ids}


def _status(connection: EndpointConnection, covered: Coverage | None) -> EndpointStatus:
    endpoint, withheld = connection.endpoint, connection.withheld
    trouble = withheld or (
        f"{endpoint.name} cannot be observed: {covered.trouble}"
        if covered is not None and covered.blind
        else None
    )
    report_only = endpoint.drift_policy == "report"
    return EndpointStatus(endpoint.name, endpoint.provider_type, report_only, trouble, withheld)


def _lower(
    endpoints: Mapping[str, EndpointConnection],
    recorded: Mapping[Address, Recorded],
    desired: Mapping[Address, Desired],
    offers: Mapping[str, tuple[Offer, ...] | None],
    copied: Mapping[str, Mapping[ExternalRef, Recorded]],
) -> Lower:
    """Lowering by each endpoint's driver; what the drivers need of referenced resources comes along."""

    referenced: dict[Reference, Recorded] = dict(recorded.items())

    def lower(
        action: Action, endpoint: str, wanted: Desired | None, current: Recorded | None, diff: Diff
    ) -> tuple[Call, ...]:
        there = endpoints.get(endpoint)
        if there is None:
            raise PlanError(f"there is no endpoint `{endpoint}`", hint="declare a ProviderEndpoint")
        known = referenced | dict(copied[endpoint].items()) if endpoint in copied else referenced
        settings, offered = there.endpoint.settings, offers.get(endpoint)
        request = LowerRequest(action, wanted, current, diff, settings, known, desired, offered)
        try:
            return tuple(driver_class(there.endpoint.provider_type).lower(request))
        except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
            # A driver's mistake about one resource is no reason to plan nothing for all the others.
            what = f"{type(error).__name__}: {error}"
            raise PlanError(
                f"{diff.address}: the driver for {there.endpoint.provider_type} failed: {what}",
                hint="this is a fault of the driver; please report it",
            ) from error

    return lower
