"""Reports as text for tools: JSON and YAML, of what dataclasses and the values of a database are made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID


def json_text(value: object, *, ascii_only: bool = False) -> str:
    """Indented by two, without a line break at the end. `ascii_only`: with the rest escaped."""
    return json.dumps(value, indent=2, ensure_ascii=ascii_only, default=plain)


def yaml_text(value: object, *, ascii_only: bool = False) -> str:
    """A YAML document with its keys in their order, and a line break at its end."""
    import yaml

    whole = json.loads(json.dumps(value, default=plain))
    return yaml.safe_dump(whole, sort_keys=False, allow_unicode=not ascii_only)


def plain(value: object) -> Any:
    """A value that JSON has no word for."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case UUID() | Decimal() | Path():
            return str(value)
        case Enum():
            return value.value
        case bytes() | memoryview():
            return bytes(value).hex()
        case set() | frozenset():
            return sorted(value, key=str)
        case Mapping():
            return dict(value)
        case _:
            return str(value)
