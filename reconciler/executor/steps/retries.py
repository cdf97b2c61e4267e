"""How often a call is sent, and how long is waited after what failed: the one place that says so. Pure.

What surely had no effect and may succeed later is sent again by the step that sent it. A driver tries a
change once, whatever comes of it, and leaves every 429 to this.
"""

from __future__ import annotations

from reconciler.errors import ProviderError
from reconciler.model.backoff import BackOff

ATTEMPTS = 5
PATIENT_ATTEMPTS = 9
"""Where something is about to be given back: about two minutes."""
BETWEEN_CALLS = BackOff(0.5, 30.0)
BETWEEN_STEPS = BackOff(15.0, 3600.0)


def is_sent_again(error: ProviderError, attempt: int) -> bool:
    """Whether a call is sent once more after its so-manieth attempt (from 1) failed."""
    attempts = PATIENT_ATTEMPTS if error.patient else ATTEMPTS
    return error.transient and not error.ambiguous and attempt < attempts


def call_pause(error: ProviderError, failures: int) -> float:
    """Seconds until a call is sent again that failed so often (from 1), or as its provider asked."""
    return error.retry_after if error.retry_after is not None else BETWEEN_CALLS.after(failures)


def step_pause(failures: int) -> float:
    """Seconds until a step is planned again that failed so often in a row (from 1) for one specification."""
    return BETWEEN_STEPS.after(failures)
