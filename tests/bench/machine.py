"""On what a table of figures was made."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime


def machine() -> str:
    """The day, the processors, the system and its load."""
    load = f", load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} CPUs, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}{load}"
    )
