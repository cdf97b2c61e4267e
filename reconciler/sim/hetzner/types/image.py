"""Images: what the provider ships, and the project's own snapshots and backups."""

from __future__ import annotations

from reconciler.sim.hetzner import action_lists
from reconciler.sim.hetzner.call import (
    Answer,
    Call,
    Routes,
    change_protection,
    listed,
    public,
    require_unprotected,
    update,
)
from reconciler.sim.hetzner.collection import Collection
from reconciler.sim.hetzner.problems import ApiError, invalid, not_found
from reconciler.sim.hetzner.project import Json, Kind, Project
from reconciler.sim.hetzner.validation import flag, labels, record, text

_UPDATE = record(description=text(), type=text(choices=("snapshot",)), labels=labels)
_FILTERS = ("type", "status", "bound_to", "name", "architecture")


def of(project: Project, number: int | None) -> Json | None:
    """An image that the provider ships or that the project made."""
    if number is None:
        return None
    return project.catalogue.images.get(number) or project["images"].rows.get(number)


def find(call: Call, reference: int | str, architecture: str) -> Json:
    """A usable image by id or name for an architecture; refuses one that does not exist or fit."""
    if isinstance(reference, int) or reference.isdecimal():
        row = of(call.project, int(reference))
        if row is None or call.withdrawn(row):
            raise not_found("image", reference)
        if row["architecture"] != architecture:
            raise invalid("image", f"is not for architecture {architecture}")
        if row["status"] != "available":
            raise ApiError("resource_unavailable", "the image is not available yet")
        return row
    for row in call.project.catalogue.images.values():
        if row["name"] == reference and row["architecture"] == architecture and not call.withdrawn(row):
            return row
    raise not_found("image", reference)


def index(call: Call) -> Answer:
    """What the provider ships and the project made; deprecated ones with `include_deprecated` only.

    What has been withdrawn by now is in no list.
    """
    rows = [*call.project.catalogue.images.values(), *call.project["images"].rows.values()]
    rows = [row for row in rows if not call.withdrawn(row)]
    if not call.asks("include_deprecated"):
        rows = [row for row in rows if row["deprecated"] is None]
    return listed(call, "images", public, rows=rows, equal=_FILTERS)


def _any(call: Call) -> Json:
    row = of(call.project, call.ids[0])
    if row is None:
        raise not_found("image", call.ids[0])
    return row


def show(call: Call) -> Answer:
    """One image by its id, a deprecated or withdrawn one too."""
    return Answer(200, {"image": public(_any(call))})


def _own(call: Call) -> Json:
    if call.ids[0] in call.project.catalogue.images:
        raise ApiError("unsupported_error", "only snapshots and backups can be changed")
    return call.row("images")


def change(call: Call) -> Answer:
    """Description and labels; with type `snapshot` a backup becomes one, and outlives its server.

    An image that the provider ships is `unsupported_error`.
    """
    _own(call)
    row = update(call, "images", call.read(_UPDATE))
    if row["type"] == "snapshot":
        row["bound_to"] = None
    return Answer(200, {"image": public(row)})


def delete(call: Call) -> Answer:
    """Snapshots and backups, at once; what the provider ships is `unsupported_error`."""
    row = _own(call)
    require_unprotected(row)
    call.project["images"].remove(row["id"])
    return Answer(204)


def protect(call: Call) -> Answer:
    """For snapshots, as the API has it; a backup or a shipped image is `unsupported_error`."""
    if _own(call)["type"] != "snapshot":
        raise ApiError("unsupported_error", "only snapshots can be protected")
    return change_protection(call, "images", call.read(record(delete=flag)))


ROUTES: Routes = {
    **action_lists.routes("images", _any),
    "GET /images": index,
    "GET /images/{id}": show,
    "PUT /images/{id}": change,
    "DELETE /images/{id}": delete,
    "POST /images/{id}/actions/change_protection": protect,
}

COLLECTION = Collection(Kind("images", "image"), ROUTES)
