"""Looking at all endpoints, side by side: they share nothing but the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.executor.context import Context
from reconciler.executor.observe.endpoint import Coverage, observe
from reconciler.store.history.marks import take_mark

_AT_ONCE = 4


def observe_all(
    context: Context, names: Iterable[str] | None = None, *, accept_empty: bool = False
) -> dict[str, Coverage]:
    """Look at the named endpoints, or at all; what fails at one says nothing of the others."""
    wanted = sorted(context.connections.endpoints if names is None else names)
    with context.connections.pool(_AT_ONCE, "observe") as pool:
        coverage = pool.map(lambda name: observe(context, name, accept_empty=accept_empty), wanted)
        try:
            found = dict(zip(wanted, coverage, strict=True))
        except KeyboardInterrupt:
            context.connections.stop.set()  # what is being looked at ends with its next request
            raise
    take_mark(context.store, context.actor, "change")
    return found


def troubles(coverage: Mapping[str, Coverage]) -> tuple[str, ...]:
    """What could not be seen, for people."""
    return tuple(
        f"{name}: {covered.trouble}" for name, covered in sorted(coverage.items()) if covered.trouble
    )
