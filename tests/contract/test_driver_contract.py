"""What every driver promises, tried on each of them in front of its simulator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.errors import ErrorCode, ProviderError
from reconciler.model.catalog import Mutability
from reconciler.model.diff import Diff
from reconciler.model.plan import Action, ExternalId
from reconciler.model.resource import Observed, Recorded
from reconciler.providers.driver import ObserveRequest, TaskState
from tests.contract.harness import (
    OWNER,
    DriverHarness,
    HarnessFactory,
    Sample,
    Sent,
    World,
    compared,
    root_types,
)
from tests.contract.hetzner_harness import hetzner
from tests.contract.hetzner_samples import samples as hetzner_samples
from tests.contract.proxmox_harness import proxmox
from tests.contract.proxmox_samples import samples as proxmox_samples

FACTORIES: dict[str, HarnessFactory] = {"hetzner": hetzner, "proxmox": proxmox}
SAMPLES = {"hetzner": hetzner_samples, "proxmox": proxmox_samples}
LIVES = [
    pytest.param(provider, sample, id=f"{provider}-{sample.desired.type}")
    for provider, make in SAMPLES.items()
    for sample in make()
]


@pytest.fixture(params=sorted(FACTORIES))
def harness(request: pytest.FixtureRequest) -> Iterator[DriverHarness]:
    with FACTORIES[request.param]() as made:
        yield made
        assert made.violations() == []


@pytest.fixture
def begun(request: pytest.FixtureRequest) -> Iterator[tuple[World, Sample]]:
    """A world in which everything that a sample needs is there, and the sample."""
    provider, sample = request.param
    with FACTORIES[provider]() as made:
        yield world_for(made, sample), sample
        assert made.violations() == []


every_life = pytest.mark.parametrize(
    "begun", [pytest.param(life.values, id=life.id) for life in LIVES], indirect=True
)


def world_for(harness: DriverHarness, sample: Sample) -> World:
    world = World(harness)
    world.secrets.update(sample.secrets)
    for desired in sample.first:
        world.apply(desired)
    return world


def simplest(harness: DriverHarness) -> Sample:
    return min(harness.samples(), key=lambda sample: (len(sample.first), len(sample.desired.parts)))


@every_life
def test_what_is_created_is_observed_as_it_was_desired(begun: tuple[World, Sample]) -> None:
    world, sample = begun
    desired = sample.desired
    world.apply(desired)
    seen = world.look(desired.address, desired)
    there = world.recorded[desired.address]
    assert seen.name == desired.address.name
    mark = world.mark(desired.address)
    assert seen.mark in (mark, replace(mark, operation=None))  # not every provider has room for the operation
    assert mark.owner == OWNER
    assert dict(seen.tags) == dict(desired.tags)
    wanted = dict(compared(world.catalog, desired))
    assert {name: there.attributes.get(name) for name in wanted} == wanted
    assert world.pending(desired) == Diff(desired.address)


@every_life
def test_after_every_change_nothing_is_left_to_change(begun: tuple[World, Sample]) -> None:
    world, sample = begun
    world.apply(sample.desired)
    for number, variant in enumerate(sample.variants):
        assert world.pending(variant), f"variant {number} changes nothing"
        world.apply(variant)
        assert world.pending(variant) == Diff(variant.address), f"variant {number}"
        assert dict(world.recorded[variant.address].tags) == dict(variant.tags)


@every_life
def test_the_lives_change_every_attribute_that_can_be_changed(begun: tuple[World, Sample]) -> None:
    world, sample = begun
    changed: set[tuple[str, str]] = set()
    world.apply(sample.desired)
    for variant in sample.variants:
        pending = world.pending(variant)
        changed |= {(variant.type, change.name) for change in pending.changes}
        changed |= {(part.address.type, change.name) for part in pending.parts for change in part.changes}
        world.apply(variant)
    kinds = {variant.type for variant in (sample.desired, *sample.variants)}
    kinds |= {part.type for variant in sample.variants for part in variant.parts}
    changeable = {
        (kind, name)
        for kind in kinds
        for name, rule in world.catalog.attributes(kind, world.harness.provider_type).items()
        if rule.mutability in (Mutability.IN_PLACE, Mutability.NEEDS_STOP)
    }
    assert changeable - sample.elsewhere <= changed


@every_life
def test_what_is_sent_is_what_the_plan_showed(begun: tuple[World, Sample]) -> None:
    world, sample = begun
    for desired in (sample.desired, *sample.variants):
        before = len(world.harness.sent())
        calls = world.apply(desired)
        shown = []
        for call in calls:
            request = world.fill(call, desired.address)
            if not call.looks:
                shown.append(Sent(request.method, request.path))
        assert world.harness.sent()[before:] == shown


@every_life
def test_what_is_deleted_is_positively_absent(begun: tuple[World, Sample]) -> None:
    world, sample = begun
    address = sample.desired.address
    world.apply(sample.desired)
    calls = world.delete(address)
    assert [call.deletes for call in calls][-1]
    seen = world.observe(address)
    assert seen.absent == {(address.type, world.ids[address])}
    assert not seen.resources
    assert not seen.unseen


@every_life
def test_creating_twice_says_so_and_the_first_one_is_found_by_its_mark(begun: tuple[World, Sample]) -> None:
    world, sample = begun
    address = sample.desired.address
    calls = world.apply(sample.desired)
    again = next(call for call in calls if call.creates)
    with pytest.raises(ProviderError) as refusal:
        world.submit(again, address)
    assert refusal.value.code is ErrorCode.ALREADY_EXISTS
    assert not refusal.value.ambiguous
    known = {address.type: frozenset({world.ids[address]})}
    seen = world.driver.observe(ObserveRequest(frozenset({address.type}), known=known))
    marks = [item.mark.resource for item in seen.resources if item.mark is not None]
    assert marks.count(world.mark(address).resource) == 1


@every_life
def test_an_adoption_writes_our_mark_and_nothing_else(begun: tuple[World, Sample]) -> None:
    world, sample = begun
    desired = sample.desired
    world.apply(desired)
    stranger = world.look(desired.address, desired)
    world.uids.pop(desired.address)
    calls = world.adopt(desired, stranger.external_id)
    adopted = world.look(desired.address, desired)
    assert calls
    assert adopted.mark is not None
    assert adopted.mark.resource == world.mark(desired.address).resource
    assert settable(world, adopted) == settable(world, stranger)


def settable(world: World, seen: Observed) -> Observed:
    """Without the mark, and without what a manifest cannot say (a configuration's own fingerprint)."""
    rules = world.catalog.attributes(seen.type, world.harness.provider_type)
    values = {name: value for name, value in seen.attributes.items() if rules[name].settable}
    return replace(seen, mark=None, attributes=values)


@every_life
def test_lowering_is_pure_and_repeatable(begun: tuple[World, Sample]) -> None:
    world, sample = begun
    world.apply(sample.desired)
    before = len(world.harness.sent())
    there: Recorded = world.recorded[sample.desired.address]
    for variant in sample.variants:
        pending = world.pending(variant)
        calls = [world.lower(Action.UPDATE, variant, there, pending) for _ in range(2)]
        assert calls[0] == calls[1]
        for call in calls[0]:
            assert call.summary
            assert call.path.startswith("/")
            assert all(not isinstance(value, ExternalId) or value.address for _, value in call.params)
    assert world.harness.sent()[before:] == []


def test_every_offered_root_type_has_a_life(harness: DriverHarness) -> None:
    lived = {sample.desired.type for sample in harness.samples()}
    assert lived == root_types(World(harness).catalog, harness.provider_type)


def test_a_whole_observation_is_complete_and_finds_what_is_there(harness: DriverHarness) -> None:
    sample = simplest(harness)
    world = world_for(harness, sample)
    world.apply(sample.desired)
    types = frozenset(root_types(world.catalog, harness.provider_type))
    known = {sample.desired.type: frozenset({world.ids[sample.desired.address]})}
    seen = world.driver.observe(ObserveRequest(types, known=known))
    assert seen.complete == types
    assert not seen.unseen
    assert sample.desired.address.name in [item.name for item in seen.resources]
    assert seen.requests > 0


def test_a_wrong_credential_is_unauthorized_and_shown_nowhere(harness: DriverHarness) -> None:
    sample = simplest(harness)
    driver = harness.connect("a-wrong-credential")
    with pytest.raises(ProviderError) as error:
        driver.observe(ObserveRequest(frozenset({sample.desired.type})))
    assert error.value.code is ErrorCode.UNAUTHORIZED
    assert not error.value.transient
    assert "a-wrong-credential" not in str(error.value)


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, ErrorCode.UNAUTHORIZED), (403, ErrorCode.FORBIDDEN), (429, ErrorCode.RATE_LIMITED)],
)
def test_refusals_are_classified_and_certain(harness: DriverHarness, status: int, code: ErrorCode) -> None:
    error = _failed_creation(harness, "status", status=status)
    assert error.code is code
    assert not error.ambiguous


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "html"])
def test_a_change_without_a_readable_answer_is_ambiguous(harness: DriverHarness, kind: str) -> None:
    assert _failed_creation(harness, kind).ambiguous


def _failed_creation(harness: DriverHarness, kind: str, **options: object) -> ProviderError:
    sample = simplest(harness)
    world = world_for(harness, sample)
    harness.fault(kind, method="POST", **options)
    with pytest.raises(ProviderError) as error:
        world.apply(sample.desired)
    harness.clear_faults()
    assert harness.provider_type in error.value.message
    return error.value


@pytest.mark.parametrize("kind", ["status", "html", "reset_before"])
def test_a_list_that_cannot_be_read_concludes_nothing(harness: DriverHarness, kind: str) -> None:
    sample = simplest(harness)
    world = world_for(harness, sample)
    world.apply(sample.desired)
    harness.fault(kind, method="GET")
    with pytest.raises(ProviderError):
        world.driver.observe(ObserveRequest(frozenset({sample.desired.type})))
    with pytest.raises(ProviderError):
        world.observe(sample.desired.address)
    harness.clear_faults()


def test_what_is_not_there_is_absent_and_what_is_there_is_not(harness: DriverHarness) -> None:
    sample = simplest(harness)
    world = world_for(harness, sample)
    world.apply(sample.desired)
    there = (sample.desired.type, world.ids[sample.desired.address])
    gone = (sample.desired.type, "999999")
    seen = world.driver.observe(ObserveRequest(frozenset(), (there, gone)))
    assert seen.absent == {gone}
    assert [item.external_id for item in seen.resources] == [there[1]]
    assert not seen.complete


def test_a_task_that_nobody_knows_is_unknown(harness: DriverHarness) -> None:
    states = harness.driver.poll(["nonsense"])
    assert states["nonsense"].state is TaskState.UNKNOWN
