"""Placement groups: only name and labels change in place."""

from __future__ import annotations

from reconciler.model.resource import Desired, Observed
from reconciler.providers.hetzner.calls import Calls, given
from reconciler.providers.hetzner.reading import Json, attributes, observed
from reconciler.providers.hetzner.resource_type import Beside, ResourceType, plain_rules
from reconciler.providers.hetzner.wire import Wire

WIRE = Wire("placement_group", "placement_group", "placement_groups", "placement group")


def _read(data: Json, _: Beside) -> Observed:
    return observed(WIRE, data, attributes(placement_type=data["type"], created=data["created"]))


def _create(desired: Desired) -> Calls:
    return (WIRE.create(desired, given(desired, type="placement_type")),)


TYPE = ResourceType(WIRE, _read, plain_rules(WIRE, _create))
