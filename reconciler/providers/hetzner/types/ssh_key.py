"""SSH keys: only name and labels change in place."""

from __future__ import annotations

from reconciler.model.resource import Desired, Observed
from reconciler.providers.hetzner.calls import Calls, given
from reconciler.providers.hetzner.reading import Json, attributes, observed
from reconciler.providers.hetzner.resource_type import Beside, ResourceType, plain_rules
from reconciler.providers.hetzner.wire import Wire

WIRE = Wire("ssh_key", "ssh_key", "ssh_keys", "SSH key")


def _read(data: Json, _: Beside) -> Observed:
    values = attributes(
        public_key=data["public_key"], fingerprint=data["fingerprint"], created=data["created"]
    )
    return observed(WIRE, data, values)


def _create(desired: Desired) -> Calls:
    return (WIRE.create(desired, given(desired, public_key="public_key")),)


TYPE = ResourceType(WIRE, _read, plain_rules(WIRE, _create))
