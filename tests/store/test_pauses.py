"""Holds come back from the database as they were put there."""

from __future__ import annotations

import pytest

from reconciler.model.address import Address
from reconciler.model.hold import Hold
from reconciler.store.recorded.resources import holds
from reconciler.store.work.pauses import hold
from tests.rigs.core_world import ACTOR, CoreWorld


@pytest.mark.parametrize(
    ("scope", "loaded"),
    [
        ({"address": Address.parse("vm/web")}, Hold("ann", "moving", address=Address.parse("vm/web"))),
        ({"resource_type": "vm"}, Hold("ann", "moving", type="vm")),
        ({"endpoint": "hetzner-1"}, Hold("ann", "moving", endpoint="hetzner-1")),
        ({"tag": ("env", "prod")}, Hold("ann", "moving", tag=("env", "prod"))),
    ],
)
def test_a_hold_is_loaded_as_it_was_given(world: CoreWorld, scope: dict[str, object], loaded: Hold) -> None:
    with world.store.transaction(ACTOR) as tx:
        hold(tx, "ann", "moving", **scope)  # type: ignore[arg-type]
    with world.store.read() as tx:
        assert holds(tx) == (loaded,)
