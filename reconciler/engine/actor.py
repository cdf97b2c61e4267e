"""Who acts where nobody says so: apart from the engine, for commands that only read need no more of it."""

from __future__ import annotations

import getpass
import os
import socket


def default_actor() -> str:
    """Who acts where nobody says: user@host."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid {os.getuid()}"
    return f"{user}@{socket.gethostname()}"
