"""`trends`: what changes, drifts and fails, how long it takes, what there is, who deleted, who approved."""

from __future__ import annotations

from reconciler.cli.handlers.opening import opened
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import Format, print_data, show
from reconciler.report.trends import TITLES, trends_page
from reconciler.store.history.trends import Trend, trend

_ROWS, _ROWS_EACH = 50, 5


def trends(settings: Settings, what: Trend | None, days: int, most: int | None, output: Format) -> None:
    """One kind, or the first rows of all of them; as data a list, or a mapping of lists."""
    kinds: tuple[Trend, ...] = tuple(TITLES) if what is None else (what,)
    rows = most or (_ROWS_EACH if what is None else _ROWS)
    with opened(settings) as store, store.read() as tx:
        found = {kind: trend(tx, kind, days, rows) for kind in kinds}
    if not print_data(found if what is None else found[what], output):
        show(trends_page(found))
