"""The read-only collections: what can be bought, where, and for how much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from reconciler.sim.hetzner.call import Answer, Call, Handler, Routes, listed
from reconciler.sim.hetzner.catalogue import NOUNS
from reconciler.sim.hetzner.problems import ApiError, not_found
from reconciler.sim.hetzner.project import Json


def _same(row: Json) -> Json:
    return row


def _index(kind: str, equal: Sequence[str], sorts: Sequence[str]) -> Handler:
    def handler(call: Call) -> Answer:
        rows = call.project.catalogue.table(kind).values()
        return listed(call, kind, _same, rows=rows, equal=equal, sorts=sorts, labelled=False)

    return handler


def _show(kind: str) -> Handler:
    def handler(call: Call) -> Answer:
        row = call.project.catalogue.table(kind).get(call.ids[0])
        if row is None:
            raise not_found(NOUNS[kind], call.ids[0])
        return Answer(200, {NOUNS[kind]: row})

    return handler


def isos(call: Call) -> Answer:
    """ISOs; `architecture` drops those for any, unless `include_architecture_wildcard` is set."""
    rows = list(call.project.catalogue.isos.values())
    if wanted := call.query.get("architecture"):
        wildcard = call.asks("include_architecture_wildcard")
        rows = [
            row for row in rows if row["architecture"] in wanted or (wildcard and not row["architecture"])
        ]
    return listed(call, "isos", _same, rows=rows, equal=("name",), sorts=(), labelled=False)


def pricing(call: Call) -> Answer:
    """All prices in one object; no list, so without pages."""
    return Answer(200, {"pricing": call.project.catalogue.pricing()})


def gone(_: Call) -> NoReturn:
    """Datacenters, removed in October 2026: `deprecated_api_endpoint` (410)."""
    raise ApiError(
        "deprecated_api_endpoint",
        "API functionality was removed",
        {"announcement": "https://docs.hetzner.cloud/changelog"},
    )


ROUTES: Routes = {
    "GET /locations": _index("locations", ("name",), ("id", "name")),
    "GET /locations/{id}": _show("locations"),
    "GET /server_types": _index("server_types", ("name",), ()),
    "GET /server_types/{id}": _show("server_types"),
    "GET /load_balancer_types": _index("load_balancer_types", ("name",), ()),
    "GET /load_balancer_types/{id}": _show("load_balancer_types"),
    "GET /isos": isos,
    "GET /isos/{id}": _show("isos"),
    "GET /pricing": pricing,
    "GET /datacenters": gone,
    "GET /datacenters/{id}": gone,
}
