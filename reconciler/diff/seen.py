"""What is recorded of an object that was seen: its address and state, and whether it differs at all.

Whose the object is was decided before, in `identity`; what its parts are is decided in `placing`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from reconciler.diff.identity import Match, Row
from reconciler.model.address import Address, as_name
from reconciler.model.resource import Management, Observed, Presence
from reconciler.model.values import digest, encode


def content_hash(observed: Observed) -> bytes:
    """The canonical hash of what was seen (32 bytes); while it stays the same there is nothing to record."""
    return digest(_content(observed))


def _content(observed: Observed) -> Iterator[str]:
    yield f"{observed.type}:{observed.external_id}:{observed.name}:{observed.state}"
    for name in sorted(observed.attributes):
        yield f"a:{name}={encode(observed.attributes[name])}"
    for key in sorted(observed.tags):
        yield f"t:{encode(key)}={encode(observed.tags[key])}"
    yield f"m:{observed.mark}:{sorted(observed.pending)}"
    for part in sorted(observed.parts, key=lambda each: (each.type, each.name)):
        yield from _content(part)


def state_of(match: Match) -> str:
    """The state that is recorded: what is in quarantine shows no other."""
    return "quarantined" if match.management is Management.QUARANTINED else match.observed.state


def differs(match: Match) -> bool:
    """Whether what was seen is another than what is recorded; never where the row is the newer of the two."""
    row = match.row
    if row is None:
        return True
    if row.fresh:
        return False
    same = (
        row.presence is Presence.PRESENT
        and row.management is match.management
        and row.external_id == match.observed.external_id
        and row.state == state_of(match)  # a failed operation leaves a state that nobody has seen
        and row.recorded_hash == content_hash(match.observed)  # last, because it is the dearest to know
    )
    return not same


def stays(row: Row) -> bool:
    """Whether a row stays when its object is gone: what only carried a copy of our mark was never ours."""
    return row.management is Management.MANAGED or (
        row.management is Management.QUARANTINED and not row.stray
    )


def address_of(observed: Observed) -> Address:
    """The address of an object that has no row: by its name, or by its id where it has none."""
    return Address.of(observed.type, as_name(observed.name or observed.external_id))


def new_addresses(matches: Sequence[Match], taken: Collection[str]) -> list[Address]:
    """Addresses for new rows, in the order of the matches. `taken`: those of rows that are not strangers'.

    Strangers may share one; what is in quarantine gets one of its own.
    """
    used = set(taken)
    found: list[Address] = []
    for match in matches:
        address = address_of(match.observed)
        if match.management is not Management.UNMANAGED:
            if str(address) in used:
                address = Address.of(address.type, f"{address.name}+{match.observed.external_id}")
            used.add(str(address))
        found.append(address)
    return found
