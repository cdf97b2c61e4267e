"""What a simulated provider has to have for a seeded fleet to be there: each object with our mark and its id.

An apply of a large fleet takes minutes. A fleet that was seeded (`seeding.py`) is in the database at once,
and with these objects at the provider a look at it finds what is recorded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from reconciler.engine.engine import Engine
from reconciler.model.address import Address
from reconciler.model.resource import Desired
from reconciler.providers.hetzner.labels import OWNER, RESOURCE
from reconciler.store.desired.rows import load_desired
from reconciler.store.recorded.resources import load_recorded, managed_roots

_ORDER = ("network", "vm", "volume")
"""What is referred to comes first."""
_AT_ONCE = 5_000
Json = dict[str, object]


def write_stock(engine: Engine, file: Path) -> int:
    """Write one object a line, as the bench's simulator makes them; gives their number."""
    count = 0
    with file.open("w") as out:
        for each in _objects(engine):
            out.write(json.dumps(each) + "\n")
            count += 1
    return count


def _objects(engine: Engine) -> Iterator[Json]:
    with engine.store.read() as tx:
        roots = [root.address for root in managed_roots(tx)]
        roots.sort(key=lambda address: (_ORDER.index(address.type), address.name))
        numbers: dict[Address, int] = {}
        for start in range(0, len(roots), _AT_ONCE):
            some = roots[start : start + _AT_ONCE]
            wanted = load_desired(tx, some, engine.catalog)
            there = load_recorded(tx, some, engine.catalog)
            for address in some:
                number = numbers[address] = int(there[address].external_id or 0)
                mark = {OWNER: str(engine.owner), RESOURCE: str(there[address].uid)}
                collection, body = _BODIES[address.type](wanted[address], numbers)
                labels = {**wanted[address].tags, **mark}
                yield {
                    "id": number,
                    "type": collection,
                    "body": {"name": address.name, "labels": labels, **body},
                }


def _network(wanted: Desired, _: Mapping[Address, int]) -> tuple[str, Json]:
    subnets = [
        {
            "type": "cloud",
            "ip_range": str(part.attributes["ip_range"]),
            "network_zone": str(part.attributes["network_zone"]),
        }
        for part in wanted.parts
    ]
    return "networks", {"ip_range": str(wanted.attributes["ip_range"]), "subnets": subnets}


def _machine(wanted: Desired, numbers: Mapping[Address, int]) -> tuple[str, Json]:
    networks = [numbers[Address.parse(str(part.attributes["network"]))] for part in wanted.parts]
    return "servers", {
        "server_type": str(wanted.attributes["server_type"]),
        "image": str(wanted.attributes["image"]),
        "location": str(wanted.location),
        "networks": networks,
        "public_net": {"enable_ipv4": False, "enable_ipv6": False},
    }


def _volume(wanted: Desired, numbers: Mapping[Address, int]) -> tuple[str, Json]:
    size = int(str(wanted.attributes["size_gb"]))
    server = numbers[Address.parse(str(wanted.attributes["server"]))]
    return "volumes", {"size": size, "server": server, "format": "ext4"}


_BODIES = {"network": _network, "vm": _machine, "volume": _volume}
