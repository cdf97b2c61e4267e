"""Resources without a provider: every step is empty, and an observation concludes nothing."""

from __future__ import annotations

import pytest

from reconciler.catalog import core_part, merge
from reconciler.diff import creation
from reconciler.errors import ProviderError
from reconciler.model.address import Address
from reconciler.model.plan import Action
from reconciler.model.resource import Desired
from reconciler.providers.driver import LowerRequest, ObserveRequest, Request, TaskState
from reconciler.providers.logical import LogicalDriver
from reconciler.testing import access

TYPES = ("cluster", "service", "database", "group")


@pytest.fixture
def driver() -> LogicalDriver:
    return LogicalDriver(access("logical", "", ""))


def test_clusters_services_databases_and_groups_are_offered() -> None:
    catalog = merge([core_part(), LogicalDriver.catalog])
    assert {name for name, provider in catalog.offers if provider == "logical"} == set(TYPES)


@pytest.mark.parametrize("resource_type", TYPES)
def test_every_step_takes_no_request(resource_type: str) -> None:
    catalog = merge([core_part(), LogicalDriver.catalog])
    address = Address.of(resource_type, "a")
    desired = Desired(address, resource_type, "logical", "logical", {"description": "what it is for"})
    difference = creation(desired, catalog)
    for action in (Action.CREATE, Action.UPDATE, Action.DELETE, Action.ADOPT):
        assert LogicalDriver.lower(LowerRequest(action, desired, None, difference)) == ()


def test_a_type_that_users_add_takes_no_call_either() -> None:
    address = Address.of("licence", "a")
    desired = Desired(address, "licence", "logical", "logical", {})
    catalog = merge([core_part(), LogicalDriver.catalog])
    found = creation(desired, catalog)
    assert LogicalDriver.lower(LowerRequest(Action.CREATE, desired, None, found)) == ()


def test_an_observation_makes_nothing_absent_and_nothing_a_fault(driver: LogicalDriver) -> None:
    seen = driver.observe(ObserveRequest(frozenset(TYPES), known={"service": frozenset({"1"})}))
    assert not seen.complete
    assert not seen.absent
    assert not seen.unseen
    assert seen.requests == 0


def test_there_is_nothing_to_send_and_nothing_to_wait_for(driver: LogicalDriver) -> None:
    with pytest.raises(ProviderError, match="not made by this driver"):
        driver.submit(Request("service.create", "POST", "/services", {}, {}))
    assert driver.poll(["1"])["1"].state is TaskState.UNKNOWN
