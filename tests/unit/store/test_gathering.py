"""The collector is off while rows are gathered, and on again afterwards, whoever else is at it."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from reconciler.store.database.gathering import gathering


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def test_it_is_off_until_the_last_one_leaves() -> None:
    with gathering():
        with gathering():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_is_on_again_after_an_error() -> None:
    with pytest.raises(KeyError), gathering():
        raise KeyError
    assert gc.isenabled()


def test_it_stays_off_where_it_was_off() -> None:
    gc.disable()
    with gathering():
        pass
    assert not gc.isenabled()


def test_a_function_is_one_each_time_that_it_is_called() -> None:
    @gathering()
    def whether() -> bool:
        return gc.isenabled()

    assert [whether(), whether()] == [False, False]
    assert gc.isenabled()
