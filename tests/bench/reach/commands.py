"""What a command costs that asks little: CPU of the whole process, on a fleet of a few machines."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.reach.line import Line, seconds
from tests.bench.reach.run import Run

_FLEET = 11  # a network and its machines
_MOST, _COMPLETION = 0.15, 0.1
_COMMANDS = {
    "get": ("get", "vm"),
    "describe": ("describe", "vm/vm-00000-01"),
    "history": ("history", "vm/vm-00000-01"),
    "--help": ("--help",),
    "completion": ("completion", "bash"),
}


def small(run: Run) -> Iterator[Line]:
    """Each in turns."""
    with run.worlds("commands", _FLEET) as worlds:
        for each in worlds:
            each.operation("seed")
        for name, words in _COMMANDS.items():
            figures = run.turns(worlds, lambda w, words=words: w.reconciler(*words))  # type: ignore[misc]
            most = _COMPLETION if name == "completion" else _MOST
            met = figures["this"].cost.cpu <= most
            yield Line(f"`{name}`", _FLEET, figures, f"≤ {seconds(most)} CPU s", met)
