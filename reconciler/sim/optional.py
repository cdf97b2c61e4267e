"""What a simulated API may implement beside `reconciler.sim.server.Api`."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from reconciler.sim.faults import Fault


@runtime_checkable
class FaultObserver(Protocol):
    """To prepare for a fault: to remember the state that is to be stale."""

    def fault_added(self, fault: Fault) -> None:
        """A rule was posted; called before it applies to any request."""
        ...

    def faults_cleared(self) -> None:
        """All rules are gone."""
        ...


@runtime_checkable
class TellsMistakes(Protocol):
    """To tell of mistakes of its own, made in work that no request waits for."""

    def mistakes(self) -> list[Exception]:
        """All that broke so far, oldest first."""
        ...


@runtime_checkable
class HasClock(Protocol):
    """To date its answers by a clock of its own, as a server does whose clock is not ours."""

    def now(self) -> float:
        """Its time, in Unix seconds."""
        ...
