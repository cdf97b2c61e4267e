"""What `destroy` and `delete` add to an apply: whose manifests will make it again, and keeping it away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.cli.handlers.session import Run
from reconciler.cli.terminal.output import hint, note, warn
from reconciler.engine.results import Preview
from reconciler.model.plan import Action
from reconciler.store.database.session import Actor
from reconciler.store.desired.sources import wanted_by
from reconciler.store.recorded.resources import holds as holds_in_force
from reconciler.store.recorded.resources import load_recorded
from reconciler.store.work import pauses

_KEPT_AWAY = "deleted by hand although a manifest wants it"


@contextmanager
def kept_away(run: Run, preview: Preview) -> Iterator[None]:
    """While a deletion is carried out: what a manifest wants of it is held, so that nobody makes it again."""
    store, actor = run.session.engine.store, run.session.engine.actor
    who = Actor(actor, "delete", "manual")
    addresses = {step.address for step in preview.plan.steps if step.action is Action.DELETE}
    declared = {a for each in preview.loaded for a in (*each.set.desired, *each.set.unchanged)}
    named = {each.address for each in run.session.options.selection.targets if each.address is not None}
    with store.transaction(who) as tx:
        # What is named and gone already is to stay away just as well.
        absent = (named or declared) - load_recorded(tx, named or declared, run.session.engine.catalog).keys()
        addresses |= absent - {hold.address for hold in holds_in_force(tx) if hold.while_wanted}
        wanted = sorted(declared.intersection(addresses) | wanted_by(tx, addresses).keys())
        holds = {a: pauses.hold(tx, actor, _KEPT_AWAY, address=a, while_wanted=True) for a in wanted}
    try:
        yield
    finally:
        with store.transaction(who) as tx:
            there = load_recorded(tx, wanted, run.session.engine.catalog)
            for address in there:
                pauses.release(tx, str(holds[address]))  # it was not deleted after all
        for address in holds.keys() - there.keys():
            note(f"{address} is not made again, although a manifest wants it.")
            hint(f"remove its manifest too; to have it back: reconciler release {address}")


def warn_of_wanted(run: Run, preview: Preview) -> None:
    """Whose manifests will make again what is destroyed, and how it stays away."""
    addresses = [step.address for step in preview.plan.steps if step.action is Action.DELETE]
    with run.session.engine.store.read() as tx:
        wishes = wanted_by(tx, addresses)
    for source in sorted({wish.source for wish in wishes.values()}):
        mine = {address: wish for address, wish in wishes.items() if wish.source == source}
        first = min(mine)
        more = f", as {len(mine) - 1} more" if len(mine) > 1 else ""
        warn(
            f"{first} is declared by the source {mine[first]}{more}: its next apply makes it again",
            f"remove its manifest too, or keep it away: reconciler delete {first}",
        )
