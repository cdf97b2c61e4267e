"""`source`: the names of sources."""

from __future__ import annotations

from reconciler.cli.handlers.opening import acting, opened
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import say
from reconciler.store.desired import sources


def rename(settings: Settings, old: str, new: str, *, join: bool) -> None:
    """Call a source otherwise. `join`: where there is one of the new name, make the two one.

    Raises PlanError where there is no source of the old name, or one of the new, without `join`.
    """
    actor = acting(settings, f"source {old} renamed to {new}")
    with opened(settings) as store, store.transaction(actor) as tx:
        sources.rename(tx, old, new, join=join)
    say(("Renamed: ", "bold green"), f"the source {old} is {new} from now on.")
