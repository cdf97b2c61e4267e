"""`diff`: what differs between two moments of the past, or one and now."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.cli.exit_codes import CHANGES, ExitCode
from reconciler.cli.handlers.opening import opened, parsed
from reconciler.cli.handlers.times import as_of
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import print_json, print_text, show
from reconciler.report.past_diff import Chosen, past_diff
from reconciler.report.past_diff_forms import past_diff_json, past_diff_markdown, past_diff_page


def diff(
    settings: Settings,
    moments: tuple[str, str],
    addresses: Sequence[str],
    labels: Sequence[str],
    endpoint: str | None,
    output: str,
    *,
    detailed: bool,
) -> int:
    """Print what differs from the first moment to the second; gives the exit code.

    Raises ConfigurationError for what means no mark, PlanError for what is no address.
    """
    since, until = moments
    pairs = (label.partition("=") for label in labels)
    wanted = {key: value if equals else None for key, equals, value in pairs}
    chosen = Chosen(tuple(map(parsed, addresses)), wanted, endpoint)
    with opened(settings) as store, store.read() as tx:
        # What is recorded now may be newer than any mark.
        last = None if until.strip().lower() == "now" else as_of(tx, until).mark
        found = past_diff(tx, as_of(tx, since).mark, last, chosen)
    match output:
        case "json":
            print_json(past_diff_json(found))
        case "markdown":
            print_text(past_diff_markdown(found))
        case _:
            show(past_diff_page(found))
    return CHANGES if detailed and found.found else ExitCode.DONE
