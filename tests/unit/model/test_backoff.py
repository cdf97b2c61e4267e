"""How long what failed is left alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.backoff import JITTER, BackOff


@given(st.integers(1, 10_000), st.floats(0, 0.999))
def test_a_pause_is_never_longer_than_its_bound_nor_shorter_than_the_first(
    failures: int, chance: float
) -> None:
    found = BackOff(2.0, 300.0).spread(failures, chance)
    assert 2.0 * (1 - JITTER) <= found <= 300.0 * (1 + JITTER)


def test_a_pause_doubles_with_each_failure() -> None:
    back_off = BackOff(5.0, 60.0)
    assert [back_off.after(n) for n in range(1, 7)] == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]
    assert [back_off.spread(n, 0.5) for n in range(1, 7)] == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]
