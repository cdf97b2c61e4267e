"""What the tasks of a guest can come to, by the server's names for them."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.task_log import Happening
from reconciler.providers.proxmox.types.guest.kind import Kind

_CHANGED = frozenset({Happening.CHANGED})
_STARTED = frozenset({Happening.STARTED, Happening.CHANGED})  # what was pending is in force then
_STOPPED = frozenset({Happening.STOPPED, Happening.CHANGED})
_OWN = {
    "create": frozenset({Happening.APPEARED}),
    "restore": frozenset({Happening.APPEARED, Happening.STOPPED, Happening.CHANGED}),
    "destroy": frozenset({Happening.VANISHED}),
    "start": _STARTED,
    "resume": _STARTED,
    "stop": _STOPPED,
    "shutdown": _STOPPED,
    "suspend": _STOPPED,
    "pause": _STOPPED,
    "reboot": _STARTED,
    "rollback": frozenset({Happening.STARTED, Happening.STOPPED, Happening.CHANGED}),
    "config": _CHANGED,
    "move": _CHANGED,
    "igrate": _CHANGED,  # qmigrate
    "migrate": _CHANGED,  # vzmigrate
    "template": _CHANGED,
}
_SHARED = {
    "resize": _CHANGED,
    "move_volume": _CHANGED,
    "hastart": _STARTED,
    "hastop": _STOPPED,
    "hamigrate": _CHANGED,
}
"""Their names are the same for every kind. The manager of high availability then begins tasks of its own."""


def causes(kind: Kind) -> Mapping[str, frozenset[Happening]]:
    """By the task's type. A clone is not among them: its task is its template's, and names no new guest."""
    prefix = kind.names.starts.removesuffix("start")
    return {f"{prefix}{name}": found for name, found in _OWN.items()} | _SHARED
