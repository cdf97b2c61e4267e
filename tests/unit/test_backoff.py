"""How long what failed is left alone, and how often a call is sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import ErrorCode, ProviderError
from reconciler.executor.steps.retries import (
    ATTEMPTS,
    BETWEEN_STEPS,
    PATIENT_ATTEMPTS,
    call_pause,
    is_sent_again,
    step_pause,
)
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


def test_a_step_waits_from_a_quarter_of_a_minute_to_an_hour() -> None:
    assert [step_pause(n) for n in (1, 2, 3, 8, 9, 1000)] == [15.0, 30.0, 60.0, 1920.0, 3600.0, 3600.0]
    assert BETWEEN_STEPS.most == 3600.0


@pytest.mark.parametrize(
    ("error", "attempts"),
    [
        (ProviderError("busy", transient=True), ATTEMPTS),
        (ProviderError("held by what goes", transient=True, patient=True), PATIENT_ATTEMPTS),
        (ProviderError("refused"), 1),
        (ProviderError("no answer", transient=True, ambiguous=True), 1),
    ],
)
def test_only_what_surely_had_no_effect_is_sent_again_and_not_for_ever(
    error: ProviderError, attempts: int
) -> None:
    assert [is_sent_again(error, n) for n in range(1, attempts + 1)] == [True] * (attempts - 1) + [False]


def test_a_call_waits_for_as_long_as_its_provider_asked() -> None:
    asked = ProviderError("too many", code=ErrorCode.RATE_LIMITED, transient=True, retry_after=7.0)
    assert [call_pause(asked, n) for n in (1, 4)] == [7.0, 7.0]
    assert [call_pause(ProviderError("busy", transient=True), n) for n in (1, 2, 3)] == [0.5, 1.0, 2.0]
