"""What every driver promises of its provider's answers, good and bad; the type makes no difference."""

from __future__ import annotations

import pytest

from reconciler.errors import ErrorCode, ProviderError
from reconciler.executor.access.edge import Edge
from reconciler.providers.driver import ObserveRequest, TaskState
from reconciler.testing.harness import DriverHarness, Fault
from reconciler.testing.suite import Suite
from reconciler.testing.world import World


class Answers(Suite):
    """A complete look is complete, absence is said and never guessed, and errors are told apart."""

    def test_every_offered_root_type_has_a_life(self, harness: DriverHarness) -> None:
        """The samples are neither too few for the catalog nor of a type that it does not offer."""
        lived = {sample.desired.type for sample in self.samples()}
        assert lived == World(harness).catalog.root_types(harness.provider_type)

    def test_a_whole_observation_is_complete_and_finds_what_is_there(self, harness: DriverHarness) -> None:
        """A look at all root types completes each, has nothing unseen, and counts its requests."""
        world, there = self._one_is_there(harness)
        types = world.catalog.root_types(harness.provider_type)
        seen = world.driver.observe(ObserveRequest(types, known={there[0]: frozenset({there[1]})}))
        assert seen.complete == types
        assert not seen.unseen
        assert there in [(item.type, item.external_id) for item in seen.resources]
        assert seen.requests > 0

    def test_a_wrong_credential_is_unauthorized_and_shown_nowhere(self, harness: DriverHarness) -> None:
        """UNAUTHORIZED, not to be tried again, and without the credential in the message."""
        driver = harness.connect("a-wrong-credential")
        with pytest.raises(ProviderError) as error:
            driver.observe(ObserveRequest(frozenset({self.simplest.desired.type})))
        assert error.value.code is ErrorCode.UNAUTHORIZED
        assert not error.value.transient
        assert "a-wrong-credential" not in str(error.value)

    @pytest.mark.parametrize(
        ("fault", "code"),
        [
            (Fault.UNAUTHORIZED, ErrorCode.UNAUTHORIZED),
            (Fault.FORBIDDEN, ErrorCode.FORBIDDEN),
            (Fault.RATE_LIMITED, ErrorCode.RATE_LIMITED),
        ],
    )
    def test_refusals_are_classified_and_certain(
        self, harness: DriverHarness, fault: Fault, code: ErrorCode
    ) -> None:
        """A refused creation says why by its code, and leaves no doubt that nothing was made."""
        error = self._failed_creation(harness, fault)
        assert error.code is code
        assert not error.ambiguous

    @pytest.mark.parametrize("fault", [Fault.REQUEST_LOST, Fault.ANSWER_LOST, Fault.UNREADABLE])
    def test_a_change_without_a_readable_answer_is_ambiguous(
        self, harness: DriverHarness, fault: Fault
    ) -> None:
        """A driver cannot know whether the request was lost, or only its answer."""
        assert self._failed_creation(harness, fault).ambiguous

    @pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.UNREADABLE, Fault.REQUEST_LOST])
    def test_a_list_that_cannot_be_read_concludes_nothing(self, harness: DriverHarness, fault: Fault) -> None:
        """A ProviderError instead of an empty answer, for a whole type and for one object."""
        world, there = self._one_is_there(harness)
        harness.fail(fault, reads=True)
        with pytest.raises(ProviderError):
            world.driver.observe(ObserveRequest(frozenset({there[0]})))
        with pytest.raises(ProviderError):
            world.observe(self.simplest.desired.address)
        harness.mend()

    def test_what_is_not_there_is_absent_and_what_is_there_is_not(self, harness: DriverHarness) -> None:
        """Of two targets the one with a made-up id is absent, and no type is complete."""
        world, there = self._one_is_there(harness)
        gone = (there[0], "999999")
        seen = world.driver.observe(ObserveRequest(frozenset({there[0]}), (there, gone)))
        assert seen.absent == {gone}
        assert [(item.type, item.external_id) for item in seen.resources] == [there]
        assert not seen.complete

    def test_a_task_that_nobody_knows_is_unknown(self, harness: DriverHarness) -> None:
        """`poll` says UNKNOWN of an id that it never gave, and raises nothing."""
        states = harness.driver.poll(["nonsense"])
        assert states["nonsense"].state is TaskState.UNKNOWN

    def test_closing_one_driver_takes_nothing_from_another(self, harness: DriverHarness) -> None:
        """A driver without a `close` holds nothing."""
        world, there = self._one_is_there(harness)
        other = harness.connect()
        assert other.observe(ObserveRequest(frozenset(), (there,))).resources
        Edge(harness.provider_type, other).close()
        assert world.observe(self.simplest.desired.address).resources

    def _one_is_there(self, harness: DriverHarness) -> tuple[World, tuple[str, str]]:
        """A world with one object of ours, as (type, external id)."""
        sample = self.simplest
        world = World.before(harness, sample)
        world.apply(sample.desired)
        return world, (sample.desired.type, world.ids[sample.desired.address])

    def _failed_creation(self, harness: DriverHarness, fault: Fault) -> ProviderError:
        sample = self.simplest
        world = World.before(harness, sample)
        harness.fail(fault, reads=False)
        with pytest.raises(ProviderError) as error:
            world.apply(sample.desired)
        harness.mend()
        assert harness.provider_type in error.value.message  # it is the endpoint's name too
        return error.value
