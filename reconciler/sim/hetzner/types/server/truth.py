"""What can be changed of a server behind everyone's back, beside the fields of its record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reconciler.sim.hetzner.project import Json, Project


def _chosen(kind: str, field: str) -> Callable[[Project, Json, Any], None]:
    def set_(project: Project, row: Json, name: Any) -> None:
        row[field] = project.named(kind, name)["id"]

    return set_


def _listens(_: Project, row: Json, value: Any) -> None:
    row["_acpi"] = bool(value)


def _power(row: Json, what: Json) -> None:
    to = what.get("to")
    if to not in ("on", "off"):
        raise ValueError(f"`to` must be 'on' or 'off', not {to!r}")
    row["_epoch"] += 1
    row["status"] = "running" if to == "on" else "off"


SETS = {
    "server_type": _chosen("server_types", "_server_type"),
    "image": _chosen("images", "_image"),
    "acpi": _listens,
}
DOES = {"power": _power}
