"""What a rollback takes with it and is easily overlooked: guards that were set since, secrets that moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.model.address import Address
from reconciler.model.resource import Desired, Lifecycle, OnRemove, ReplacePolicy
from reconciler.model.values import SecretRef


def guards_lowered(old: Mapping[Address, Desired], new: Mapping[Address, Desired]) -> Iterator[str]:
    """A sentence for each root that is guarded less than it is now."""
    for address in sorted(old.keys() & new.keys()):
        lower = list(_lowered(old[address].lifecycle, new[address].lifecycle))
        if lower:
            yield f"{address}: {' and '.join(lower)}, as it was then"


def _lowered(now: Lifecycle, then: Lifecycle) -> Iterator[str]:
    if now.prevent_destroy and not then.prevent_destroy:
        yield "prevent_destroy goes"
    if now.on_remove in (OnRemove.BLOCK, OnRemove.RETAIN) and then.on_remove is not now.on_remove:
        yield f"on_remove: {now.on_remove} goes"
    if then.allow_downtime and not now.allow_downtime:
        yield "downtime is allowed"
    if then.replace is ReplacePolicy.ALLOWED and now.replace is ReplacePolicy.NEVER:
        yield "a replacement is allowed"


def secrets_moved(then: Mapping[Address, Desired], now: Mapping[Address, Desired]) -> Iterator[str]:
    """A sentence for each secret whose value is another than then: no earlier value is kept."""
    for address in sorted(then.keys() & now.keys()):
        parts = {part.address: part for part in now[address].parts}
        for item in (then[address], *then[address].parts):
            other = now[address] if item.address == address else parts.get(item.address)
            for name, value in sorted(item.attributes.items()):
                if isinstance(value, SecretRef) and other and other.attributes.get(name) != value:
                    yield (
                        f"{item.address}: {name} is the secret {value.credential} as it is now;"
                        " what it was then is not kept"
                    )
