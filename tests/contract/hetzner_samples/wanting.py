"""What the samples of all types are made with. It names none."""

from __future__ import annotations

from reconciler.providers.hetzner import HetznerDriver
from reconciler.testing import Manifests

PROVIDER = "hetzner"
MANIFESTS = Manifests(HetznerDriver.catalog)
CATALOG, want, changed = MANIFESTS.catalog, MANIFESTS.want, MANIFESTS.changed
with_parts, without = MANIFESTS.with_parts, MANIFESTS.without
