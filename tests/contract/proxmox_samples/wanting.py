"""What the samples of all types are made with. It names none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.model.resource import Desired, Lifecycle
from reconciler.model.values import Value
from reconciler.providers.proxmox import ProxmoxDriver
from reconciler.testing import Manifests, Parts

PROVIDER = "proxmox"
MANIFESTS = Manifests(ProxmoxDriver.catalog)
CATALOG, changed, without = MANIFESTS.catalog, MANIFESTS.changed, MANIFESTS.without
with_parts = MANIFESTS.with_parts


def want(
    address: str, parts: Parts | None = None, tags: Mapping[str, str] | None = None, **values: Value
) -> Desired:
    made = MANIFESTS.want(address, parts, tags, **values)
    return replace(made, lifecycle=Lifecycle(allow_downtime=True))
