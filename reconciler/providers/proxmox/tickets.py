"""The trace of logins by password: proxmoxer asks for tickets past the session that everything else uses.

So a login is written down by what came of it, without its bodies: they are a password and a ticket.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import urlencode

from proxmoxer.core import AuthenticationError

from reconciler.providers.driver import Access, Wire
from reconciler.providers.trace import Exchange
from reconciler.redaction import REDACTED

PATH = "/api2/json/access/ticket"


def rejected_with(error: AuthenticationError) -> int:
    """The status of a login that failed: proxmoxer says it at the end of its message, whatever it was."""
    found = re.search(r"code: (\d+)$", str(error))
    return int(found[1]) if found else 401


@contextmanager
def traced(access: Access, user: str) -> Iterator[None]:
    """Trace the one login that is done while it lasts."""
    at, began = datetime.now(UTC), time.perf_counter()
    status: int | None = 200
    problem: str | None = None
    try:
        yield
    except AuthenticationError as error:
        status = rejected_with(error)
        raise
    except Exception as error:
        status, problem = None, f"{type(error).__name__}: {error}"
        raise
    finally:
        if access.trace is not None:
            sent = urlencode({"username": user, "password": REDACTED})
            took = (time.perf_counter() - began) * 1000
            form = "application/x-www-form-urlencoded"
            access.trace.write(Exchange(at, "POST", PATH, took, status, None, problem, sent, form))


def trace_renewals(access: Access, user: str, auth: Wire) -> None:
    """Trace the logins by which proxmoxer renews a ticket: hourly, in the middle of some request."""
    if access.trace is None:
        return
    renew = auth._get_new_tokens

    def renewed() -> None:
        with traced(access, user):
            renew()

    auth._get_new_tokens = renewed
