"""How often a call is sent, and how long is waited after what failed."""

from __future__ import annotations

import pytest

from reconciler.errors import ErrorCode, ProviderError
from reconciler.executor.steps.retries import (
    ATTEMPTS,
    BETWEEN_STEPS,
    PATIENT_ATTEMPTS,
    call_pause,
    is_sent_again,
    step_pause,
)


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
