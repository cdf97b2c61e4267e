"""`blame`: whose each value of a resource is."""

from __future__ import annotations

from reconciler.cli.handlers.opening import opened, parsed
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import Format, note, print_data, show
from reconciler.report.blame import blame as blamed
from reconciler.report.blame import blame_json, blame_table


def blame(settings: Settings, text: str, output: Format) -> None:
    """Print it. Raises PlanError where nothing is known of the address."""
    address = parsed(text)
    with opened(settings) as store, store.read() as tx:
        found = blamed(tx, address)
    if print_data(blame_json(found), output):
        return
    if found:
        show([blame_table(found)])
    else:
        note(f"Nothing is recorded of {address} yet.")
