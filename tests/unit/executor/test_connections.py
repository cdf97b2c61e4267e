"""A driver outlives its thread for the next, and is closed in the end; what fails in that stops nothing."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any, ClassVar
from uuid import uuid4

from reconciler.catalog import CatalogPart, load_part
from reconciler.executor.access.budget import RequestBudget
from reconciler.executor.access.edge import Edge
from reconciler.executor.context import Connections, EndpointConnection
from reconciler.model.inventory import Endpoint
from reconciler.providers.driver import Access, DriverClass, Meter
from reconciler.providers.logical import LogicalDriver

NAME = "closed-1"


class Closing(LogicalDriver):
    """A driver that notes which thread made it, until it is closed; its provider is unfriendly to that."""

    open: ClassVar[list[int]] = []

    def __init__(self, access: Access) -> None:
        super().__init__(access)
        self.thread = threading.get_ident()
        self.open.append(self.thread)

    def close(self) -> None:
        self.open.remove(self.thread)
        raise RuntimeError("the provider is gone")


class Open:
    """A driver that has nothing to close."""

    catalog: ClassVar[CatalogPart] = load_part("reconciler.providers.logical")

    def __init__(self, access: Access) -> None:
        pass


def connections(driver: Any) -> Connections:
    return Connections({NAME: endpoint(driver)})


def endpoint(driver: DriverClass) -> EndpointConnection:
    return EndpointConnection(
        endpoint=Endpoint(NAME, "books", "logical"),
        driver=driver,
        access=lambda meter: Access(NAME, "", uuid4(), "", meter),
        fingerprint=str,
        budget=RequestBudget(),
    )


def two_at_once(made: Connections) -> set[Edge]:
    """The drivers that two threads of a pool work with."""
    both = threading.Barrier(2)

    def work() -> Edge:
        driver = made.driver(NAME)
        both.wait(10)
        return driver

    with made.pool(2, "step") as pool:
        return {each.result() for each in [pool.submit(work) for _ in range(2)]}


def test_a_driver_whose_thread_has_ended_serves_the_next_until_there_is_a_rest() -> None:
    Closing.open = []
    made = connections(Closing)
    made.driver(NAME)
    first = two_at_once(made)
    assert two_at_once(made) == first
    assert len(Closing.open) == 3
    made.rest()
    assert Closing.open == [threading.get_ident()]
    assert made.driver(NAME) not in first
    made.close()
    assert Closing.open == []


def test_a_credential_is_read_once_for_all_threads() -> None:
    Closing.open = []
    read: list[str] = []

    def access(meter: Meter) -> Access:
        read.append(NAME)
        return Access(NAME, "", uuid4(), "", meter)

    made = Connections({NAME: replace(endpoint(Closing), access=access)})
    made.driver(NAME)
    two_at_once(made)
    assert read == [NAME]
    made.close()
    made.driver(NAME)
    assert read == [NAME, NAME], "another time, another credential"
    made.close()


def test_whoever_waited_for_tasks_leaves_its_own_to_the_next() -> None:
    Closing.open = []
    made = connections(Closing)
    ended = made.poller(NAME).wait(["a task"], 10)
    assert ended["a task"].message == "a logical provider has no tasks"
    for thread in threading.enumerate():
        if thread.name == "poller":
            thread.join(10)
    made.driver(NAME)
    assert len(Closing.open) == 1
    made.close()
    assert Closing.open == []


def test_connections_that_follow_have_drivers_of_their_own() -> None:
    Closing.open = []
    made = connections(Closing)
    first = made.driver(NAME)
    after = made.renewed({NAME: endpoint(Closing)})
    assert Closing.open == []
    assert after.driver(NAME) is not first
    made.close()  # whoever opened the first ends them all
    assert Closing.open == []


def test_a_driver_without_a_close_needs_none() -> None:
    made = connections(Open)
    first = made.driver(NAME)
    made.close()
    assert made.driver(NAME) is not first
