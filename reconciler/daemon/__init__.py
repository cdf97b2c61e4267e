"""The daemon: reconciles again and again, so that what is stays what the manifests say.

It decides nothing that the engine does not: it only chooses when. Of the whole program it alone uses
APScheduler, and it alone serves health and metrics.
"""

from reconciler.daemon.config import DaemonConfig
from reconciler.daemon.service import run

__all__ = ["DaemonConfig", "run"]
