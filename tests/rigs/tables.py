"""Small worlds for the database's tests: a few types, an endpoint, and resources, written as plain SQL.

Not a part of the program: the tests of the schema hold without any of the Python that uses it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from tests.rigs.databases import TestDatabase

Scalar = str | int | bool | Decimal | datetime
TYPES = {
    "vm": ("VirtualMachine", "machine"),
    "container": ("Container", "machine"),
    "disk": ("Disk", "object"),
    "network": ("Network", "object"),
    "volume": ("Volume", "object"),
    "cluster": ("Cluster", "object"),
    "database": ("Database", "object"),
    "service": ("Service", "object"),
}
ATTRIBUTES = {
    "cpu_cores": ("integer", "cores", ["vm", "container"]),
    "memory_mb": ("integer", "MiB", ["vm", "container"]),
    "power_state": ("string", None, ["vm", "container"]),
    "public_ipv4": ("string", None, ["vm", "container"]),
    "ip_range": ("string", None, ["network"]),
    "size_gb": ("integer", "GiB", ["disk", "volume"]),
    "engine": ("string", None, ["cluster", "database"]),
    "price": ("decimal", "EUR", ["vm"]),
    "protected": ("boolean", None, ["vm", "volume"]),
    "created": ("datetime", None, ["vm"]),
    "labels": ("string", None, ["vm"]),
}


def column(value: Scalar) -> str:
    """The data type whose column holds a value."""
    match value:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case Decimal():
            return "decimal"
        case datetime():
            return "datetime"
        case _:
            return "string"


@dataclass
class Tables:
    """Writes into a database through one connection, as whoever that connection is."""

    connection: psycopg.Connection[tuple[Any, ...]]
    endpoint: int = 0
    source: int = 0
    ids: dict[str, int] = field(default_factory=dict)

    def all(self, text: str, *params: object, **words: str) -> list[tuple[Any, ...]]:
        """The rows of a query. `words` stand in it in braces, where parameters cannot: names, expressions."""
        return self.connection.execute(text.format_map(words).encode(), params or None).fetchall()

    def one(self, text: str, *params: object, **words: str) -> Any:
        """The first column of the only row."""
        ((value, *_),) = self.all(text, *params, **words)
        return value

    def run(self, text: str, *params: object, **words: str) -> int:
        """The number of rows that a statement wrote."""
        return self.connection.execute(text.format_map(words).encode(), params or None).rowcount

    def begin(self) -> Tables:
        """The types and attributes above, one provider with one endpoint, one source."""
        provider_type = self.one("INSERT INTO provider_types (name) VALUES ('test') RETURNING id")
        for name, (kind, family) in TYPES.items():
            type_id = self.one(
                "INSERT INTO resource_types (name, kind, family) VALUES (%s, %s, %s) RETURNING id",
                name,
                kind,
                family,
            )
            self.run("INSERT INTO provider_resource_types VALUES (%s, %s, 'name')", provider_type, type_id)
        for name, (data_type, unit, types) in ATTRIBUTES.items():
            attribute = self.one(
                "INSERT INTO attribute_definitions (name, data_type, unit, cardinality)"
                " VALUES (%s, %s, %s, %s) RETURNING id",
                name,
                data_type,
                unit,
                "list" if name == "labels" else "one",
            )
            for type_name in types:
                self.run(
                    "INSERT INTO resource_type_attributes SELECT id, %s, %s FROM resource_types WHERE"
                    " name = %s",
                    attribute,
                    data_type,
                    type_name,
                )
                self.run(
                    "INSERT INTO provider_type_attributes"
                    " (provider_type_id, resource_type_id, attribute_definition_id, mutability)"
                    " SELECT %s, id, %s, %s FROM resource_types WHERE name = %s",
                    provider_type,
                    attribute,
                    "read_only" if name == "created" else "in_place",
                    type_name,
                )
        provider = self.one(
            "INSERT INTO providers (provider_type_id, name) VALUES (%s, 'p1') RETURNING id", provider_type
        )
        self.endpoint = self.one(
            "INSERT INTO provider_endpoints (provider_id, name, url)"
            " VALUES (%s, 'e1', 'https://e1') RETURNING id",
            provider,
        )
        self.source = self.one(
            "INSERT INTO manifest_sources (name, kind) VALUES ('s1', 'folder') RETURNING id"
        )
        return self

    def resource(self, address: str, state: str = "available", /, **attributes: Scalar) -> int:
        """A live managed resource, present, with attributes; a part if its address has more than one pair."""
        *_, type_name, name = address.split("/")
        is_root = address.count("/") == 1
        resource_id: int = self.one(
            "INSERT INTO resources (resource_type_id, provider_endpoint_id, address, name, state_id,"
            " external_id, presence, is_root)"
            " SELECT t.id, %s, %s, %s, s.id, %s, 'present', %s FROM resource_types t, resource_states s"
            " WHERE t.name = %s AND s.name = %s RETURNING id",
            self.endpoint,
            address,
            name,
            f"id-{name}" if is_root else None,
            is_root,
            type_name,
            state,
        )
        self.ids[address] = resource_id
        if not is_root:
            self.relate(self.ids[address.rsplit("/", 2)[0]], resource_id, "contains")
        for attribute, value in attributes.items():
            self.attribute(resource_id, attribute, value)
        return resource_id

    def attribute(self, resource_id: int, name: str, value: Scalar, ordinal: int = 0) -> None:
        data_type = column(value)
        self.run(
            "INSERT INTO resource_attributes (resource_id, resource_type_id, attribute_definition_id,"
            " ordinal,"
            " data_type, value_{data_type})"
            " SELECT r.id, r.resource_type_id, ad.id, %s, %s, %s FROM resources r, attribute_definitions ad"
            " WHERE r.id = %s AND ad.name = %s",
            ordinal,
            data_type,
            value,
            resource_id,
            name,
            data_type=data_type,
        )

    def relate(self, parent: int, child: int, relationship: str) -> None:
        self.run(
            "INSERT INTO resource_relationships SELECT %s, %s, id FROM relationship_types WHERE name = %s",
            parent,
            child,
            relationship,
        )

    def tag(self, resource_id: int, key: str, value: str) -> None:
        self.run("INSERT INTO tags (key, value) VALUES (%s, %s) ON CONFLICT DO NOTHING", key, value)
        self.run(
            "INSERT INTO resource_tags SELECT %s, id FROM tags WHERE key = %s AND value = %s",
            resource_id,
            key,
            value,
        )

    def state(self, resource_id: int, state: str) -> None:
        self.run(
            "UPDATE resources SET state_id = s.id FROM resource_states s WHERE resources.id = %s AND"
            " s.name = %s",
            resource_id,
            state,
        )

    def cause(self, cause: str) -> None:
        """Says, for the rest of the session, what causes its changes."""
        self.run("SELECT set_config('reconciler.cause', %s, false)", cause)

    def revision(self) -> int:
        revision: int = self.one(
            "INSERT INTO revisions (source_id, content_hash, catalog_hash, actor)"
            " VALUES (%s, '', '', 'test') RETURNING id",
            self.source,
        )
        return revision

    def desire(self, address: str, spec_hash: bytes, /, **attributes: Scalar) -> int:
        """A resource as a new revision wants it."""
        *_, type_name, name = address.split("/")
        desired: int = self.one(
            "INSERT INTO desired_resources (source_id, address, resource_type_id, provider_endpoint_id, name,"
            " spec_hash, file, line, column_number, valid_from_revision)"
            " SELECT %s, %s, t.id, %s, %s, %s, 'm.yaml', 1, 1, %s FROM resource_types t WHERE t.name = %s"
            " RETURNING id",
            self.source,
            address,
            self.endpoint,
            name,
            spec_hash,
            self.revision(),
            type_name,
        )
        for attribute, value in attributes.items():
            data_type = column(value)
            self.run(
                "INSERT INTO desired_attributes (desired_resource_id, resource_type_id,"
                " attribute_definition_id,"
                " data_type, value_{data_type}, is_explicit)"
                " SELECT d.id, d.resource_type_id, ad.id, %s, %s, true"
                " FROM desired_resources d, attribute_definitions ad WHERE d.id = %s AND ad.name = %s",
                data_type,
                value,
                desired,
                attribute,
                data_type=data_type,
            )
        return desired


def begun(database: TestDatabase) -> Iterator[Tables]:
    """A fixture: a world that has begun in a database of the test's own, as its administrator."""
    with psycopg.connect(database.admin, autocommit=True) as connection:
        yield Tables(connection).begin()


def refused(world: Tables, sqlstate: str, text: str, *params: object) -> str:
    """The message with which the database refuses."""
    with pytest.raises(psycopg.Error) as caught:
        world.run(text, *params)
    assert caught.value.sqlstate == sqlstate, caught.value
    return str(caught.value)
