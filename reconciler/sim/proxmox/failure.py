"""How a simulated call fails: a status, a text for the reason phrase, and a map of parameter errors."""

from __future__ import annotations

from collections.abc import Mapping


class ApiError(Exception):
    """Ends a call with an error answer, or a task with an error text."""

    def __init__(self, status: int, text: str, errors: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.errors = dict(errors or {})


def failed(text: str) -> ApiError:
    """Nearly everything that is wrong at Proxmox VE is a 500 with a text."""
    return ApiError(500, text)


def bad_parameters(errors: Mapping[str, str]) -> ApiError:
    """The 400 of its parameter verification: each parameter's own text is in `errors`."""
    return ApiError(400, "Parameter verification failed.", errors)


def forbidden(*what: str) -> ApiError:
    """Usually the path and the privilege that is missing on it."""
    return ApiError(403, f"Permission check failed ({', '.join(what)})")


def missing(folder: str, node: str, vmid: int) -> ApiError:
    """There is no such guest on this node: its configuration is a file that is not there."""
    return failed(f"Configuration file 'nodes/{node}/{folder}/{vmid}.conf' does not exist")
