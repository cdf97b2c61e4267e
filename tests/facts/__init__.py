"""Facts of the providers' published API descriptions: names, types, enumerations and limits, and no prose.

The files beside this one are written by `distil`, from descriptions that do not come with the project, and
are read by the tests that hold the simulators against them.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@cache
def hetzner() -> dict[str, Any]:
    """`{"paths": {template: {method: {"requestBody", "responses"}}}, "shapes": {name: JSON Schema}}`.

    Of an operation that the simulator does not serve, only that it is there.
    """
    loaded: dict[str, Any] = json.loads((FOLDER / "hetzner.json").read_text(encoding="utf-8"))
    return loaded


@cache
def proxmox() -> dict[str, Any]:
    """`{path: {METHOD: {"parameters", "returns", "permissions"}}}` of what the simulator serves."""
    loaded: dict[str, Any] = json.loads((FOLDER / "proxmox.json").read_text(encoding="utf-8"))
    return loaded
