"""Firewalls: what they do is in `handlers`, which rules there can be in `rules`."""

from reconciler.sim.hetzner.types.firewall.handlers import COLLECTION

__all__ = ["COLLECTION"]
