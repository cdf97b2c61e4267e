"""The Proxmox VE driver: machines, containers and pools of one cluster, through proxmoxer.

It alone imports proxmoxer, and no other driver.
"""

from reconciler.providers.proxmox.driver import ProxmoxDriver

__all__ = ["ProxmoxDriver"]
