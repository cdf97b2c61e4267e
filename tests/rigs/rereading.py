"""What was written read again, in a world where all that it names is there."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.address import Address
from reconciler.model.resource import Desired
from reconciler.model.values import SecretRef
from tests.rigs.manifest import KNOWN, load_text

# What the generator makes and no manifest may have: it knows no patterns, nor the limits of other fields.
UNFIT = {"pattern", "own_name", "format", "create_before_destroy", "duplicate_part", "empty_value", "length"}


def referred(item: Desired) -> set[Address]:
    values = [value for each in (item, *item.parts) for value in each.attributes.values()]
    flat = [each for value in values for each in (value if isinstance(value, tuple) else (value,))]
    return {each for each in flat if isinstance(each, Address)}


def read_again(text: str, item: Desired, place: str | None) -> Desired:
    """The resource that a text says; `place` is the location that there is. Raises ManifestError."""
    secrets = [value for each in (item, *item.parts) for value in each.attributes.values()]
    names = {value.credential for value in secrets if isinstance(value, SecretRef)}
    known = replace(
        KNOWN,
        credentials=frozenset(names),
        locations=frozenset({place or "fsn1"}),
        resources=frozenset(referred(item) - {item.address}),
    )
    return load_text(text, known=known).desired[item.address]
