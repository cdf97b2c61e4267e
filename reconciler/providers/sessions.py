"""Closing what `requests` leaves open: a session forgets its connections, and garbage collection closes them.

For drivers whose library speaks through a `requests.Session`; it sends nothing.
"""

from __future__ import annotations

from typing import Any

import requests


def close_session(session: requests.Session) -> None:
    """Close the session's idle connections now. Its next request opens new ones."""
    for adapter in session.adapters.values():
        pools: Any = getattr(getattr(adapter, "poolmanager", None), "pools", None)
        for key in pools.keys() if pools is not None else ():
            pools[key].close()
    session.close()
