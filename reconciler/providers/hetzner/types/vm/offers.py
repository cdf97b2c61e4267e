"""What Hetzner has to give: server types with where they are to be had, and the images it ships.

Pure but for the time, which says what has been withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from reconciler.model.observation import Offer
from reconciler.providers.hetzner.reading import Json

SERVER_TYPE, IMAGE = "server_type", "image"
LOOK_AT_TYPE, LOOK_AT_IMAGE = "server_type.look", "image.look"


def server_type(data: Json, now: datetime) -> Offer:
    """`sold_in` are the locations that have the type at all, `available_in` those that have it now."""
    places = [place for place in data["locations"] if not _withdrawn(place.get("deprecation"), now)]
    return Offer(
        kind=SERVER_TYPE,
        external_id=str(data["id"]),
        name=data["name"],
        attributes={
            "architecture": data["architecture"],
            "storage_type": data["storage_type"],
            "disk_gb": data["disk"],
            "sold_in": _names(places),
            "available_in": _names(place for place in places if place.get("available", True)),
        },
    )


def image(data: Json, now: datetime) -> Offer:
    """A system image or an app; snapshots are a project's own and too many to be listed each time."""
    return Offer(
        kind=IMAGE,
        external_id=str(data["id"]),
        name=data["name"] or str(data["id"]),
        attributes={
            "architecture": data["architecture"],
            "disk_gb": int(data["disk_size"]),
            "available": data["status"] == "available" and not _withdrawn(data.get("deprecation"), now),
            "system": data["type"] in ("system", "app"),
        },
    )


def _names(places: Iterable[Json]) -> tuple[str, ...]:
    return tuple(place["name"] for place in places)


def _withdrawn(deprecation: Json | None, now: datetime) -> bool:
    """Deprecated is still to be had; withdrawn is not."""
    return deprecation is not None and datetime.fromisoformat(deprecation["unavailable_after"]) <= now
