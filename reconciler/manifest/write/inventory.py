"""A piece of the inventory as its manifest. Credentials say where a secret is, and never the secret. Pure."""

from __future__ import annotations

from datetime import datetime

from reconciler.manifest.read.envelope import API_VERSION, INVENTORY_KINDS
from reconciler.manifest.write.values import Plain
from reconciler.model.inventory import Datacenter, InventoryItem, described, kind_of

_KINDS = {address: kind for kind, address in INVENTORY_KINDS.items()}


def inventory_manifest(item: InventoryItem) -> dict[str, Plain]:
    """The document that declares it."""
    spec: dict[str, Plain] = {}
    capabilities: list[Plain] = []
    settings: dict[str, Plain] = {}
    for name, value in described(item).items():
        plain: Plain = value.isoformat() if isinstance(value, datetime) else value
        group, dot, key = name.partition(".")
        if not dot:
            spec[name] = plain
        elif group == "capabilities":
            capabilities += [key] if value is True else []
        else:
            settings[key] = plain
    if capabilities:
        spec["capabilities"] = capabilities
    if settings:
        spec["settings"] = settings
    if isinstance(item, Datacenter) and item.providers:
        spec["providers"] = [*item.providers]
    kind = _KINDS[kind_of(item).value]
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": item.name}, "spec": spec}
