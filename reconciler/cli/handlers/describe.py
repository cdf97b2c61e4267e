"""`describe`: everything that is known of one resource, on one page."""

from __future__ import annotations

from reconciler.cli.handlers.opening import opened, parsed
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import note, show
from reconciler.engine.rollback.words import pinned_words
from reconciler.report.resource import resource_report
from reconciler.report.resource_page import resource_page
from reconciler.store.desired.pins import live_pins


def describe(settings: Settings, text: str, at: str | None = None) -> None:
    """Print it, as it is or as of a moment.

    Raises PlanError where neither a manifest nor a provider has anything at the address.
    """
    address = parsed(text)
    with opened(settings) as store, store.read() as tx:
        pins = [pin for pin in live_pins(tx) if pin.address == address.root and at is None]
        if at is None:
            page = resource_page(resource_report(tx, address))
        else:
            from reconciler.cli.handlers.times import as_of
            from reconciler.report.past import past_page, past_report

            when = as_of(tx, at)
            page = past_page(past_report(tx, when.mark, when.asked, address))
    show(page)
    for words in pinned_words(pins):
        note(words)
