"""Pins: what was rolled back, and stays so for as long as its manifest says what it was rolled back from.

A pin keeps what the manifest said then, by two hashes. The document's tells a manifest that nobody touched
from one that was, also where a secret or a default of the catalog made another specification of it; the
specification's does so where only words around it changed. What says something new holds, and ends the pin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from reconciler.model.address import Address
from reconciler.store.database.session import Transaction

Why = Literal["agreed", "superseded", "released", "rolled_back"]
"""What ended a pin, as the column says it."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One in force. `revision` is the rollback's own, `back_to` the one that it went back to.

    `manifest_hash` and `manifest_document` are what the manifest said then; None where there was none.
    `is_wanted`: it is wanted as it was; else it was not wanted then, and is not.
    """

    id: int
    address: Address
    source_id: int
    source: str
    revision: int
    back_to: int
    back_to_commit: str | None
    back_to_at: datetime
    manifest_hash: bytes | None
    manifest_document: bytes | None
    path: str
    owner: str
    since: datetime
    is_wanted: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """A source's pins against what its manifests say now: `held` stay in force, the others end, and why."""

    held: frozenset[Address] = frozenset()
    ended: Mapping[Address, tuple[int, Why]] = field(default_factory=dict)

    def addresses(self, why: Why) -> frozenset[Address]:
        """Those that end for this reason."""
        return frozenset(address for address, (_, found) in self.ended.items() if found == why)


class Says(Protocol):
    """What a source says now, as far as pins ask for it."""

    @property
    def documents(self) -> Mapping[Address, bytes]:
        """Each document's hash, by its root."""

    @property
    def ends(self) -> Callable[[Address, str], bool]:
        """Whether what was declared at a path, and is not among what was read, is declared no more."""


def live_pins(tx: Transaction, source_id: int | None = None) -> tuple[Pin, ...]:
    """The pins in force, of one source or of all, by address."""
    rows = tx.rows("pins.live", source_id=source_id)
    return tuple(Pin(**row._asdict() | {"address": Address.parse(row.address)}) for row in rows)


def judge(
    tx: Transaction,
    source_id: int,
    wanted: Says,
    hashes: Mapping[Address, bytes],
    current: Mapping[Address, bytes],
) -> Judged:
    """Which pins of a source hold on.

    `hashes` are the specifications that were read, `current` those in force.
    """
    held: set[Address] = set()
    ended: dict[Address, tuple[int, Why]] = {}
    for pin in live_pins(tx, source_id):
        why = why_ended(pin, wanted, hashes.get(pin.address), current.get(pin.address))
        if why is None:
            held.add(pin.address)
        else:
            ended[pin.address] = (pin.id, why)
    return Judged(frozenset(held), ended)


def why_ended(pin: Pin, wanted: Says, says: bytes | None, in_force: bytes | None) -> Why | None:
    """Why a pin ends; None while it holds.

    `says` is the hash of what the manifest says now, None where it was not read; `in_force` that of what is
    wanted, None where nothing is.
    """
    if says is None:
        if not wanted.ends(pin.address, pin.path):
            return None  # it is in what was not read
        if in_force is None:
            return "agreed"
        return None if pin.manifest_hash is None else "superseded"
    if says == in_force:
        return "agreed"
    document = wanted.documents.get(pin.address)
    same_text = document is not None and document == pin.manifest_document
    return None if same_text or says == pin.manifest_hash else "superseded"


def end_pins(tx: Transaction, judged: Judged) -> None:
    """End those that were found to be over."""
    reasons: dict[Why, list[int]] = {}
    for number, why in judged.ended.values():
        reasons.setdefault(why, []).append(number)
    for why, ids in sorted(reasons.items()):
        end(tx, ids, why)


def end(tx: Transaction, ids: Iterable[int], why: Why) -> int:
    """End pins by their numbers; gives how many there were."""
    return tx.execute("pins.end", ids=list(ids), why=why)


def pin(tx: Transaction, owner: str, revision: int, address: Address, said: Said, source_id: int) -> None:
    """Keep a root as a rollback made it, against what its manifest said until then."""
    tx.execute(
        "pins.insert",
        address=str(address),
        source_id=source_id,
        revision_id=revision,
        manifest_hash=said.hash,
        manifest_document=said.document,
        path=said.path,
        owner=owner,
    )


@dataclass(frozen=True, slots=True)
class Said:
    """What a manifest said of a root when it was rolled back: two hashes, None where there was no manifest.

    `path` is its file within the source, or the last that it was in.
    """

    hash: bytes | None
    document: bytes | None
    path: str
