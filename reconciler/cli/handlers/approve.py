"""`approve`: a person agrees to a saved plan."""

from __future__ import annotations

from reconciler.cli.handlers.opening import acting, opened_vault
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import hint, say
from reconciler.engine.saved import still_good
from reconciler.report.plain import counted
from reconciler.store.work import plans


def approve(settings: Settings, word: str) -> None:
    """Agree to a saved plan, by its number or its hash's beginning, in the name of the actor.

    Raises PlanError where there is none, or where it had its time; ConfigurationError
    where the key here is not the one that approvals count by.
    """
    actor = acting(settings, f"approval of plan {word}")
    with opened_vault(settings) as vault, vault.store.transaction(actor) as tx:
        saved = plans.find_plan(tx, word)
        still_good(saved, "approved")
        plans.approve(tx, saved, actor.name, vault.key)
    steps = counted(len(saved.steps) + len(saved.inventory), "step")
    say(("Approved: ", "bold green"), f"plan {saved.id} ({steps}, hash {saved.hash[:12]}).")
    hint("the next apply, or the daemon, carries it out as long as its steps stay the same")
