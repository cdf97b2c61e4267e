"""`describe`: everything that is known of one resource, on one page."""

from __future__ import annotations

from reconciler.cli.handlers.opening import opened, parsed
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import note, show
from reconciler.engine.rollback.words import pinned_words
from reconciler.report.resource import resource_report
from reconciler.report.resource_page import resource_page
from reconciler.store.desired.pins import live_pins


def describe(settings: Settings, text: str) -> None:
    """Print it. Raises PlanError where neither a manifest nor a provider has anything at the address."""
    address = parsed(text)
    with opened(settings) as store, store.read() as tx:
        report = resource_report(tx, address)
        pins = [pin for pin in live_pins(tx) if pin.address == address.root]
    show(resource_page(report))
    for words in pinned_words(pins):
        note(words)
