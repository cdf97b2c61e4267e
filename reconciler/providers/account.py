"""Whom a provider takes a credential for: what a driver may tell besides its five members."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from reconciler.providers.driver import Driver


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a provider takes a credential for, in its own words: `root@pam!ci`. Never any of the secret.

    `expires_at`: when it will refuse the credential; None where it never does, or does not say.
    """

    who: str
    expires_at: datetime | None = None


def account_of(driver: Driver) -> Account | None:
    """Log in, by the cheapest read that needs the credential, and say as whom. Raises ProviderError.

    A driver does it with a method `account`, which it may leave out; None then: nothing was sent.
    """
    told: Callable[[], Account] | None = getattr(driver, "account", None)
    return told() if told is not None else None
