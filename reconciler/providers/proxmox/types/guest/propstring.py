"""Property strings, the `key=value,key=value` texts in which Proxmox VE packs an option's parts.

They are compared and changed by their parts, never as text: the server prints them in an order of its own
and adds what it decided itself (a MAC, a size). No key is known here; what is not understood is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from math import ceil

_SIZE = re.compile(r"(\d+(?:\.\d+)?)([KMGT]?)")
_BYTES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def parse(text: str, default_key: str | None = None) -> dict[str, str]:
    """The parts by key; a part without `=` belongs to `default_key`. Raises ValueError if there is none."""
    parts: dict[str, str] = {}
    for item in filter(None, text.split(",")):
        key, separator, value = item.partition("=")
        if not separator:
            if default_key is None:
                raise ValueError(f"`{item}` has no key")
            key, value = default_key, item
        parts[key.strip()] = value
    return parts


def render(parts: Mapping[str, str], default_key: str | None = None) -> str:
    """The text of parts; the default key's value stands first and alone."""
    first = [parts[default_key]] if default_key is not None and default_key in parts else []
    return ",".join([*first, *(f"{key}={value}" for key, value in parts.items() if key != default_key)])


def mebibytes(size: str) -> int:
    """The MiB of a size such as `32G`, `528K` or plain bytes, rounded up; 0 if it is no size."""
    found = _SIZE.fullmatch(size)
    return ceil(Decimal(found[1]) * _BYTES[found[2]] / 2**20) if found else 0
