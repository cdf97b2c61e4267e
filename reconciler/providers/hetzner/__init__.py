"""The driver for Hetzner Cloud: one endpoint is one project, reached with one API token.

It is the only user of `hcloud`, and nothing of that library leaves it.
"""

from reconciler.providers.hetzner.driver import HetznerDriver

__all__ = ["HetznerDriver"]
