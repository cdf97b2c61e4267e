"""The API as it was at an earlier date, for clients that were written then.

Until July 2026 a server and a primary IP named a datacenter beside their location, and either could be asked
for; until October 2026 datacenters could be listed. There is one in each location here.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from reconciler.sim.hetzner.call import Answer, Call, Handler, listed
from reconciler.sim.hetzner.catalogue import Catalogue
from reconciler.sim.hetzner.problems import not_found
from reconciler.sim.hetzner.project import Json

DATACENTERS_IN_OBJECTS_UNTIL = date(2026, 7, 1)
DATACENTERS_LISTED_UNTIL = date(2026, 10, 1)
_HOLDERS = ("server", "servers", "primary_ip", "primary_ips")


def handler_at(day: date | None, path: str, handler: Handler) -> Handler:
    """Who answers a path at that date; None is today."""
    if day is None or day >= DATACENTERS_LISTED_UNTIL or "/datacenters" not in path:
        return handler
    return _one if path.rpartition("/")[2].isdecimal() else _all


def asked(day: date | None, body: Any, catalogue: Catalogue) -> Any:
    """A body with the location in the place of a datacenter, where one could be named."""
    if not _named(day) or not isinstance(body, dict) or "datacenter" not in body:
        return body
    rows = _datacenters(catalogue)
    found = next((row for row in rows if str(body["datacenter"]) in (row["name"], str(row["id"]))), None)
    if found is None:
        raise not_found("datacenter", body["datacenter"])
    rest = {name: value for name, value in body.items() if name != "datacenter"}
    return {**rest, "location": found["location"]["name"]}


def answered(day: date | None, answer: Answer, catalogue: Catalogue) -> Answer:
    """An answer with the datacenters that its objects had."""
    if not _named(day) or answer.payload is None:
        return answer
    payload = dict(answer.payload)
    for key in _HOLDERS:
        if isinstance(payload.get(key), dict):
            payload[key] = _with_datacenter(payload[key], catalogue)
        elif key in payload:
            payload[key] = [_with_datacenter(row, catalogue) for row in payload[key]]
    return Answer(answer.status, payload)


def _named(day: date | None) -> bool:
    return day is not None and day < DATACENTERS_IN_OBJECTS_UNTIL


def _with_datacenter(row: Json, catalogue: Catalogue) -> Json:
    where = row["location"]["name"]
    found = next(each for each in _datacenters(catalogue) if each["location"]["name"] == where)
    return {**row, "datacenter": found}


def _datacenters(catalogue: Catalogue) -> list[Json]:
    types = list(catalogue.server_types.values())
    rows = []
    for number, location in catalogue.locations.items():
        sold = [row for row in types if any(each["name"] == location["name"] for each in row["locations"])]
        ids = [row["id"] for row in sold]
        rows.append(
            {
                "id": number,
                "name": f"{location['name']}-dc{number}",
                "description": f"{location['city']} {number}",
                "location": location,
                "server_types": {"supported": ids, "available": ids, "available_for_migration": ids},
            }
        )
    return rows


def _all(call: Call) -> Answer:
    rows = _datacenters(call.project.catalogue)
    sorts = ("id", "name")
    answer = listed(
        call, "datacenters", lambda row: row, rows=rows, equal=("name",), sorts=sorts, labelled=False
    )
    return Answer(answer.status, {**(answer.payload or {}), "recommendation": rows[0]["id"]})


def _one(call: Call) -> Answer:
    for row in _datacenters(call.project.catalogue):
        if row["id"] == call.ids[0]:
            return Answer(200, {"datacenter": row})
    raise not_found("datacenter", call.ids[0])
