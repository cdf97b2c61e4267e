"""Private networks: `handlers` for what they do, `subnets` for their ranges, `attachments` for who is in."""

from reconciler.sim.hetzner.types.network.handlers import COLLECTION

__all__ = ["COLLECTION"]
