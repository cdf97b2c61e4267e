"""From a method and a path to the handler and the ids in the path."""

from __future__ import annotations

from reconciler.sim.hetzner import action_lists, offers
from reconciler.sim.hetzner.call import Handler, Routes
from reconciler.sim.hetzner.problems import ApiError
from reconciler.sim.hetzner.types import COLLECTIONS

BASE = "/v1"
ROUTES: Routes = {**action_lists.ROUTES, **offers.ROUTES}
for _collection in COLLECTIONS:
    ROUTES |= _collection.routes
_TEMPLATES = {key.split(" ", 1)[1] for key in ROUTES}


def resolve(method: str, path: str) -> tuple[Handler, tuple[int, ...]]:
    """Refuses a path that does not exist (404) and a method that it does not have (405)."""
    if not path.startswith(BASE + "/"):
        raise ApiError("not_found", f"no such path: {path}")
    parts = path[len(BASE) + 1 :].split("/")
    ids = tuple(int(part) for part in parts if part.isdecimal())
    template = "/" + "/".join("{id}" if part.isdecimal() else part for part in parts)
    handler = ROUTES.get(f"{method} {template}")
    if handler is not None:
        return handler, ids
    if template in _TEMPLATES:
        raise ApiError("method_not_allowed", f"{method} is not allowed on {path}")
    raise ApiError("not_found", f"no such path: {path}")
