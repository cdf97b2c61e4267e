"""`describe`: everything that is known of one resource, on one page."""

from __future__ import annotations

from reconciler.cli.handlers.opening import opened, parsed
from reconciler.cli.handlers.times import as_of
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import show
from reconciler.report.past import past_page, past_report
from reconciler.report.resource import resource_report
from reconciler.report.resource_page import resource_page


def describe(settings: Settings, text: str, at: str | None = None) -> None:
    """Print it, as it is or as of a moment.

    Raises PlanError where neither a manifest nor a provider has anything at the address.
    """
    address = parsed(text)
    with opened(settings) as store, store.read() as tx:
        if at is None:
            page = resource_page(resource_report(tx, address))
        else:
            when = as_of(tx, at)
            page = past_page(past_report(tx, when.mark, when.asked, address))
    show(page)
