"""What every driver promises of every type, tried on the life of one object of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.errors import ErrorCode, ProviderError
from reconciler.model.catalog import MARKED, Identity, Mutability
from reconciler.model.diff import Diff
from reconciler.model.plan import Action, ExternalId
from reconciler.model.resource import Desired, Observed, Recorded
from reconciler.providers.driver import ObserveRequest, key_of
from reconciler.testing.harness import OWNER, Sent
from reconciler.testing.samples import Sample, compared
from reconciler.testing.suite import Suite
from reconciler.testing.world import World


class Lives(Suite):
    """An object is made, looked at, changed, taken over and deleted; asked for twice, it is made once."""

    def test_what_is_created_is_observed_as_it_was_desired(self, world: World, sample: Sample) -> None:
        """Name or key, mark, tags and every compared attribute come back, and nothing differs."""
        desired = sample.desired
        world.apply(desired)
        seen = world.look(desired.address, desired)
        there = world.recorded[desired.address]
        key = key_of(type(world.driver), desired)
        assert (seen.external_id if key else seen.name) == (key or desired.address.name)
        if has_to_carry_a_mark(world, desired, seen):
            mark = world.mark(desired.address)
            unspecific = replace(mark, operation=None)  # there is not always room for the operation
            assert seen.mark in (mark, unspecific)
            assert mark.owner == OWNER
        assert dict(seen.tags) == dict(desired.tags)
        wanted = dict(compared(world.catalog, desired))
        assert {name: there.attributes.get(name) for name in wanted} == wanted
        assert world.pending(desired) == Diff(desired.address)

    def test_after_every_change_nothing_is_left_to_change(self, world: World, sample: Sample) -> None:
        """Each variant of the sample changes something, and is met once it was applied."""
        world.apply(sample.desired)
        for number, variant in enumerate(sample.variants):
            assert world.pending(variant), f"variant {number} changes nothing"
            world.apply(variant)
            assert world.pending(variant) == Diff(variant.address), f"variant {number}"
            assert dict(world.recorded[variant.address].tags) == dict(variant.tags)

    def test_the_lives_change_every_attribute_that_can_be_changed(self, world: World, sample: Sample) -> None:
        """What of the type and its parts can change, a variant changes; `elsewhere` is let off."""
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

    def test_what_is_sent_is_what_the_plan_showed(self, world: World, sample: Sample) -> None:
        """The provider gets the calls' own methods and paths, in order, and no change besides."""
        for desired in (sample.desired, *sample.variants):
            before = len(world.harness.sent())
            calls = world.apply(desired)
            shown = []
            for call in calls:
                request = world.fill(call, desired.address)
                if not call.reads:
                    shown.append(Sent(request.method, request.path))
            assert world.harness.sent()[before:] == shown

    def test_what_is_deleted_is_positively_absent(self, world: World, sample: Sample) -> None:
        """The last call says that it deletes; a look at the target then denies it."""
        address = sample.desired.address
        world.apply(sample.desired)
        calls = world.delete(address)
        assert [call.deletes for call in calls][-1]
        seen = world.observe(address)
        assert seen.absent == {(address.type, world.ids[address])}
        assert not seen.resources
        assert not seen.unseen

    def test_a_natural_key_is_one_of_a_type_that_has_one(self, world: World, sample: Sample) -> None:
        """Only a type whose identity is `key` has one, and no change in place moves it."""
        if key_of(type(world.driver), sample.desired) is not None:
            assert world.identity(sample.desired.type) is Identity.KEY
            for variant in sample.variants:
                assert key_of(type(world.driver), variant) == key_of(type(world.driver), sample.desired)

    def test_creating_twice_says_so_and_the_first_one_is_found_again(
        self, world: World, sample: Sample
    ) -> None:
        """But for a type without an identity, whose objects are asked for once, whatever becomes of it."""
        if world.identity(sample.desired.type) is Identity.NONE:
            return
        address = sample.desired.address
        calls = world.apply(sample.desired)
        again = next(call for call in calls if call.creates)
        with pytest.raises(ProviderError) as refusal:
            world.submit(again, address)
        assert refusal.value.code is ErrorCode.ALREADY_EXISTS
        assert not refusal.value.ambiguous
        known = {address.type: frozenset({world.ids[address]})}
        seen = world.driver.observe(ObserveRequest(frozenset({address.type}), known=known))
        (there,) = (item for item in seen.resources if item.external_id == world.ids[address])
        marks = [item.mark.resource for item in seen.resources if item.mark is not None]
        expected = 1 if has_to_carry_a_mark(world, sample.desired, there) else 0
        assert marks.count(world.mark(address).resource) == expected

    def test_an_adoption_writes_our_mark_and_nothing_else(self, world: World, sample: Sample) -> None:
        """Taking over an object that is as desired leaves all that a manifest can set."""
        desired = sample.desired
        world.apply(desired)
        stranger = world.look(desired.address, desired)
        world.uids.pop(desired.address)
        calls = world.adopt(desired, stranger.external_id)
        adopted = world.look(desired.address, desired)
        if has_to_carry_a_mark(world, desired, stranger):
            assert calls
            assert adopted.mark is not None
            assert adopted.mark.resource == world.mark(desired.address).resource
        assert settable(world, adopted) == settable(world, stranger)

    def test_lowering_is_pure_and_repeatable(self, world: World, sample: Sample) -> None:
        """Lowered twice, a step has the same calls, and the provider got nothing because of it."""
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


def has_to_carry_a_mark(world: World, desired: Desired, seen: Observed) -> bool:
    """But for what has a natural key and no room for one, and for what nothing is known by."""
    keyed = key_of(type(world.driver), desired) is not None
    assert keyed or seen.markable, "what has no room for a mark is known by a natural key alone: `key_of`"
    return world.identity(desired.type) in MARKED and seen.markable


def settable(world: World, seen: Observed) -> Observed:
    """Without the mark, and without what a manifest cannot say (a configuration's own fingerprint)."""
    rules = world.catalog.attributes(seen.type, world.harness.provider_type)
    values = {name: value for name, value in seen.attributes.items() if rules[name].settable}
    return replace(seen, mark=None, attributes=values)
