"""Guards, placement and source of what is ours: the manifest's last word, brought back where it was lost."""

from __future__ import annotations

from reconciler.model.address import Address
from reconciler.store.database.session import Transaction

_GUARDS = ("prevent_destroy", "on_remove", "allow_downtime", "replace_policy", "create_before_destroy")


_PLACES = ("source", "location", "datacenter")


def restore_lifecycles(tx: Transaction) -> tuple[tuple[Address, str], ...]:
    """Bring guards, placement and source of what is ours back to what its manifest last said.

    They change only with a manifest; what differs was changed in the database by hand, or lost there. Gives
    the address and what was found, in words, for each resource where that was so.
    """
    found: list[tuple[Address, str]] = []
    for row in tx.rows("revisions.restore_lifecycles"):
        guards = ((name, getattr(row, f"{name}_was"), getattr(row, name)) for name in _GUARDS)
        words = [
            f"{name.removesuffix('_policy')} was {_word(was)} in the database and is {_word(now)} by its"
            " manifest"
            for name, was, now in guards
            if was != now
        ]
        words += [
            f"its {name} was another in the database than by its manifest"
            for name in _PLACES
            if getattr(row, f"{name}_moved")
        ]
        found.append((Address.parse(row.address), "; ".join(words)))
    return tuple(sorted(found))


def _word(value: bool | str | None) -> str:
    return str(value).lower() if value is not None else "unset"
