"""Things that no provider API knows: clusters, services, databases and groups."""

from reconciler.providers.logical.driver import LogicalDriver

__all__ = ["LogicalDriver"]
