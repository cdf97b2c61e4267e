"""Machines: `server`s there.

`lower` and `read` are the two ways; beside them stand what a machine is (`size`), where it stands
(`attachments`, `places`, `public`), its `power`, what may go with it (`release`), and whether it can be had
as it is wanted (`limits`, `fit`, with `catalogue` and `offers` for what the provider has to give).
"""

from __future__ import annotations

from reconciler.providers.hetzner.resource_type import ResourceType, Rules, Watch
from reconciler.providers.hetzner.types.vm import catalogue, lower
from reconciler.providers.hetzner.types.vm.offers import LOOK_AT_IMAGE, LOOK_AT_TYPE
from reconciler.providers.hetzner.types.vm.power import is_off
from reconciler.providers.hetzner.types.vm.read import read
from reconciler.providers.hetzner.types.vm.wire import SHUTDOWN, WIRE

TYPE = ResourceType(
    WIRE,
    read,
    Rules(lower.create, lower.update, lower.delete, lower.before, lower.around),
    reads={LOOK_AT_TYPE: catalogue.look_at_type, LOOK_AT_IMAGE: catalogue.look_at_image},
    # The API calls a graceful shutdown done as soon as the machine has been asked.
    watch=Watch(SHUTDOWN, "off", is_off),
    own_ip=lambda data, version: str(data["public_net"][version]["ip"]),
    offers=catalogue.everything,
)
