"""`describe`: everything that is known of one resource, on one page."""

from __future__ import annotations

from reconciler.cli.handlers.opening import opened, parsed
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import show
from reconciler.report.resource import resource_report
from reconciler.report.resource_page import resource_page


def describe(settings: Settings, text: str) -> None:
    """Print it. Raises PlanError where neither a manifest nor a provider has anything at the address."""
    address = parsed(text)
    with opened(settings) as store, store.read() as tx:
        report = resource_report(tx, address)
    show(resource_page(report))
