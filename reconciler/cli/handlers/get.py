"""`get`: lists of what is recorded, as tables or as data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from reconciler.cli.handlers.listings import LISTINGS, RESOURCE_COLUMNS, Listing, resource_row
from reconciler.cli.handlers.naming import labelled, type_named
from reconciler.cli.handlers.opening import opened, parsed
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import Format, note, print_data, say, show
from reconciler.engine.rollback.words import pinned_words
from reconciler.errors import ConfigurationError, PlanError
from reconciler.report.lines import Table
from reconciler.store import views
from reconciler.store.database.session import Transaction
from reconciler.store.desired.pins import live_pins

if TYPE_CHECKING:
    from reconciler.store.history.marks import Mark


def get(
    settings: Settings,
    what: str,
    output: Format,
    labels: list[str],
    endpoint: str | None,
    most: int,
    at: str | None = None,
) -> None:
    """Print what a word lists: one of `LISTINGS`, or resources, narrowed by tags and endpoint.

    `most` bounds plans, operations and revisions; `at` is a moment of the past, which resources have. Raises
    ConfigurationError for a word that lists nothing or an endpoint that is not there, PlanError for an
    address at which nothing is recorded.
    """
    with opened(settings) as store, store.read() as tx:
        listing = LISTINGS.get(what)
        if listing is not None and (labels or endpoint):
            raise ConfigurationError(f"--label and --endpoint choose resources, and {what} are none")
        if listing is not None and at:
            raise ConfigurationError(f"--at shows resources as they were, and {what} are none")
        if endpoint is not None and endpoint not in (names := [e.name for e in views.endpoints(tx)]):
            raise ConfigurationError(
                f"there is no endpoint `{endpoint}`", hint=f"there are: {', '.join(names) or 'none'}"
            )
        if at:
            from reconciler.cli.handlers.times import as_of
            from reconciler.report.marks import mark_text

            when = as_of(tx, at)
            note(mark_text(when.mark, when.asked))
            listing = _past_listing(tx, what, labels, endpoint, when.mark)
        listing = listing or _resource_listing(tx, what, labels, endpoint)
        items = list(listing.load(tx, most))
        data = listing.data(tx, items) if output in ("json", "yaml") else []
        pins = live_pins(tx) if output in ("table", "wide") and listing.columns is RESOURCE_COLUMNS else ()
    _print(listing, items, data, output, what)
    listed = {item.address for item in items} if pins else set()
    for text in pinned_words(pin for pin in pins if str(pin.address) in listed):
        note(text)


def _print(listing: Listing, items: list[Any], data: list[dict[str, Any]], output: Format, what: str) -> None:
    if print_data(data, output):
        return
    if output == "name":
        for item in items:
            say(listing.name(item))
    elif not items:
        note(f"There is nothing to show for `{what}`.")
    else:
        shown = len(listing.columns) - (0 if output == "wide" else listing.wide)
        show([Table(listing.columns[:shown], tuple(listing.row(item)[:shown] for item in items))])


def _resource_listing(tx: Transaction, what: str, labels: list[str], endpoint: str | None) -> Listing:
    """Resources: `all`, `unmanaged`, a type in any of its spellings, or an address."""
    address = what if "/" in what else None
    kind = None if what in ("all", "unmanaged") or address else _resource_type(tx, what)

    def load(tx: Transaction, _most: int) -> Iterable[views.ResourceView]:
        found = views.resources(
            tx, resource_type=kind, address=address, endpoint=endpoint, unmanaged=what == "unmanaged"
        )
        if address and not found:
            found = views.resources(tx, address=address, endpoint=endpoint, unmanaged=True)
        if address and not found:
            raise PlanError(f"nothing is recorded at {address}", hint="`reconciler get all` lists what is")
        return [item for item in found if labelled(item.tags, labels)]

    def data(tx: Transaction, items: Sequence[views.ResourceView]) -> list[dict[str, Any]]:
        from reconciler.report.resource import resources_json

        return resources_json(tx, items)

    return Listing(load, RESOURCE_COLUMNS, resource_row, lambda item: str(item.address), wide=6, data=data)


def _resource_type(tx: Transaction, word: str) -> str:
    """A type by its name, its kind or a plural of either. Raises ConfigurationError with what there is."""
    types = views.resource_types(tx)
    name = type_named(word, types)
    if name is not None:
        return name
    raise ConfigurationError(
        f"`{word}` is neither a resource type nor anything else to list",
        hint=f"types: {', '.join(types)}; else: all, {', '.join(LISTINGS)}, unmanaged",
    )


def _past_listing(tx: Transaction, what: str, labels: list[str], endpoint: str | None, mark: Mark) -> Listing:
    """The same as of a mark."""
    from reconciler.report.past import PAST_COLUMNS, PAST_WIDE, PastItem, past_json, past_row
    from reconciler.store.history.past import ids_called, rows_as_of, tags_as_of

    address = str(parsed(what)) if "/" in what else None
    kind = None if what in ("all", "unmanaged") or address else _resource_type(tx, what)

    def load(tx: Transaction, _most: int) -> Iterable[PastItem]:
        ids = ids_called(tx, parsed(address)) if address else None
        rows = [row for row in rows_as_of(tx, mark, ids) if endpoint in (None, row.endpoint)]
        if address:
            rows = [row for row in rows if row.address == address]
            rows = [row for row in rows if row.management != "unmanaged"] or rows
        else:
            rows = [row for row in rows if (row.management == "unmanaged") == (what == "unmanaged")]
            rows = [row for row in rows if (row.type == kind if kind else row.is_root)]
        if address and not rows:
            raise PlanError(
                f"nothing was recorded at {address} then",
                hint=f"`reconciler history {address}` says since when there is",
            )
        tags = tags_as_of(tx, mark, [row.id for row in rows]) if rows else {}
        items = (PastItem(mark, row, tags.get(row.id, {})) for row in rows)
        return [item for item in items if labelled(item.tags, labels)]

    return Listing(
        load,
        PAST_COLUMNS,
        past_row,
        lambda item: str(item.row.address),
        wide=PAST_WIDE,
        data=lambda tx, items: past_json(tx, mark, items),
    )
