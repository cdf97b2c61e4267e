"""Objects that cannot be recorded: what is wrong with one, and how the others are written all the same.

One odd object stops only itself. What the database would not even be asked is found by looking at it; what
the database refuses is found by writing half of the objects at a time, and only once all together failed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from reconciler.errors import DatabaseError
from reconciler.model.address import as_name
from reconciler.model.catalog import Catalog
from reconciler.model.resource import Observed
from reconciler.model.values import INT64, ExternalRef, Format
from reconciler.store.database.faults import TryAgain
from reconciler.store.database.session import Transaction
from reconciler.store.database.values import is_storable

_Item = TypeVar("_Item")


_UNSETTLED = "updating"  # the state of an object that shows none that there is


def flaw(observed: Observed, catalog: Catalog, states: Collection[str]) -> str | None:
    """Why an object, or a part of it, cannot be a row; None where the database may be asked."""
    for item in (observed, *observed.parts):
        where = "" if item is observed else f"{item.type} {printable(item.name)}: "
        # States are joined by name: of one that there is not no row would be written, without a word.
        if item.state not in states:
            return f"{where}its state is `{printable(item.state)}`, which is none that there is"
        # All texts are fine nearly always, which is told of them together; only else is each asked.
        if not is_storable("".join([text for _, text in _texts(item)])):
            name, text = next((name, text) for name, text in _texts(item) if not is_storable(text))
            return (
                f"{where}{_named(name)} holds characters that no text of the database may: {printable(text)}"
            )
        for name, value in item.attributes.items():
            if name not in catalog.definitions:
                return f"{where}it shows an attribute `{printable(name)}` that the catalog does not know"
            for element in value if isinstance(value, tuple) else (value,):
                if isinstance(element, str) and catalog.definitions[name].format is Format.REFERENCE:
                    return f"{where}{name} refers to `{printable(element)}`, which says no type"
                if isinstance(element, int) and element not in INT64:
                    return f"{where}{name} is {printable(str(element))}, which no column holds"
    return None


def _texts(item: Observed) -> Iterator[tuple[str | tuple[str], str]]:
    """Each text with what it is: an attribute's name or words, or the key of the tag whose value it is."""
    yield "its name", item.name
    yield "its id", item.external_id
    for name, value in item.attributes.items():
        for element in value if isinstance(value, tuple) else (value,):
            if isinstance(element, str):
                yield name, element
            elif isinstance(element, ExternalRef):
                yield name, element.external_id
    for key, text in item.tags.items():
        yield "a tag's key", key
        yield (key,), text


def _named(name: str | tuple[str]) -> str:
    return name if isinstance(name, str) else f"the tag {printable(name[0])}"


def bare(observed: Observed, states: Collection[str]) -> Observed:
    """No more than that it is there, under a name that any table takes."""
    return replace(
        observed,
        name=as_name(observed.name),
        state=observed.state if observed.state in states else _UNSETTLED,
        attributes={},
        tags={},
        parts=(),
        pending=frozenset(),
    )


def printable(text: str) -> str:
    """A text of somebody else's, short and fit for a message."""
    shown = text.encode("unicode_escape", "backslashreplace").decode("ascii")
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def write_apart(
    tx: Transaction, items: Sequence[_Item], write: Callable[[Sequence[_Item]], None]
) -> list[tuple[_Item, str]]:
    """Write as many as can be written; gives those that the database refused, and why.

    All at once where that succeeds; otherwise in halves, down to the single objects that are at fault.
    """
    if not items:
        return []
    try:
        with tx.savepoint():
            write(items)
    except TryAgain:
        raise
    except DatabaseError as error:
        if len(items) == 1:
            return [(items[0], error.message)]
        middle = len(items) // 2
        return write_apart(tx, items[:middle], write) + write_apart(tx, items[middle:], write)
    return []
