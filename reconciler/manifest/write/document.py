"""A resource as the document that would say so: the other way about than `manifest.read` takes one apart.

Of what is wanted that is what a person wrote; of what is recorded it is what a silent manifest would not
want, so that whoever applies it changes nothing. Each fact has one form in both. Secrets are where they are
found, references whole addresses, quantities in the units that people use. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.manifest.read.envelope import API_VERSION
from reconciler.manifest.read.parts import own_name
from reconciler.manifest.read.resources import PLACES
from reconciler.manifest.write.values import Plain, Unwritable, names, written
from reconciler.model.address import Address, is_name
from reconciler.model.catalog import Catalog, ResourceType, TypeAttribute
from reconciler.model.resource import Desired, Lifecycle, Recorded, ReplacePolicy
from reconciler.model.values import Attributes, Cardinality, Value

Rules = Mapping[str, TypeAttribute]


@dataclass(frozen=True, slots=True)
class Written:
    """A document, and what is recorded of it that could not be said, in words."""

    document: dict[str, Plain]
    omitted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a resource stands, by the inventory's names; None where nothing says so."""

    location: str | None = None
    datacenter: str | None = None


def as_document(desired: Desired, catalog: Catalog) -> dict[str, Plain]:
    """What is wanted of a root. Raises Unwritable for a value that no manifest can have."""
    spec: dict[str, Plain] = {"endpoint": desired.endpoint}
    places = {"location": desired.location, "datacenter": desired.datacenter}
    spec |= {key: place for key, place in places.items() if place is not None}
    spec |= {name: value for name, value in _explicit(desired, catalog).items() if places.get(name) is None}
    for part_type in sorted(desired.collections):
        kind = catalog.resource_types[part_type]
        spec[kind.collection or part_type] = [
            as_part(part, catalog) for part in desired.parts if part.type == part_type
        ]
    tags = desired.tags if desired.names_tags else None
    return _envelope(desired, catalog, tags, spec, {} if desired.adopt is None else {"adopt": desired.adopt})


def as_part(part: Desired, catalog: Catalog) -> dict[str, Plain]:
    """What is wanted of a part, as it stands in its parent's list. Raises Unwritable."""
    kind, rules = catalog.resource_types[part.type], catalog.attributes(part.type, part.provider_type)
    return _name_of_part(part.address, kind, part.attributes, rules) | _explicit(part, catalog)


def manifest_of(item: Recorded, catalog: Catalog, placed: Placed = Placed()) -> Written:
    """What is recorded of a root with its parts. The inventory has to have the places that it names.

    `item.depends_on` and `item.member_of` are what it shall name beside its attributes.
    """
    writer = _Writer(catalog, item.provider_type)
    spec: dict[str, Plain] = {"endpoint": item.endpoint}
    for key, place in (("location", placed.location), ("datacenter", placed.datacenter)):
        # Where a place is an attribute too, that is what the provider says of it.
        if (name := place or writer.own_place(item, key)) is not None:
            spec[key] = name
    spec |= writer.attributes(str(item.address), item.type, item.address.name, item.attributes, PLACES)
    for part_kind in catalog.parts_of(item.type, item.provider_type):
        parts = [part for part in item.parts if part.type == part_kind.name]
        listed: list[Plain] = [
            fields for part in parts if (fields := writer.part(part_kind, part)) is not None
        ]
        if listed and part_kind.collection:
            spec[part_kind.collection] = listed
    return Written(_envelope(item, catalog, item.tags or None, spec), tuple(writer.omitted))


def _envelope(
    item: Desired | Recorded,
    catalog: Catalog,
    tags: Mapping[str, str] | None,
    spec: dict[str, Plain],
    more: Mapping[str, Plain] = {},
) -> dict[str, Plain]:
    """The whole document, its keys in the usual order. `tags` are None where it says nothing of them."""
    metadata: dict[str, Plain] = {"name": item.address.name}
    if tags is not None:
        metadata["tags"] = dict(sorted(tags.items()))
    kind = catalog.resource_types[item.type].kind
    document: dict[str, Plain] = {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}
    if lifecycle := {**_lifecycle(item.lifecycle), **more}:
        document["lifecycle"] = lifecycle
    for key, targets in (("depends_on", item.depends_on), ("member_of", item.member_of)):
        if targets:
            document[key] = [str(target) for target in targets]
    return document


def _lifecycle(life: Lifecycle) -> dict[str, Plain]:
    """What is not as it is where a manifest says nothing."""
    found: dict[str, Plain] = {}
    if life.prevent_destroy:
        found["prevent_destroy"] = True
    if life.on_remove is not None:
        found["on_remove"] = life.on_remove.value
    if life.ignore_changes:
        found["ignore_changes"] = [*sorted(life.ignore_changes)]
    if life.allow_downtime:
        found["allow_downtime"] = True
    if life.replace is not ReplacePolicy.NEVER:
        found["replace"] = life.replace.value
    if life.create_before_destroy:
        found["create_before_destroy"] = True
    return found


def _name_of_part(
    address: Address, kind: ResourceType, attributes: Attributes, rules: Rules
) -> dict[str, Plain]:
    """Its name, where it is neither an attribute of its own nor what its manifest would be called anyway."""
    values = {
        name: value
        for name, rule in rules.items()
        if rule.settable and (value := attributes.get(name, rule.default)) is not None
    }
    if "name" in rules or address.name == own_name(kind, values, rules):
        return {}
    return {"name": address.name}


def _explicit(item: Desired, catalog: Catalog) -> dict[str, Plain]:
    """The attributes that a person wrote, and those of which there shall be none."""
    rules = catalog.attributes(item.type, item.provider_type)
    short = names(rules)
    said = {
        name: written(rules[name], item.attributes[name]) for name in item.attributes.keys() & item.explicit
    }
    found = sorted({**said, **dict.fromkeys(item.unset)}.items())
    return {short.get(name, name): value for name, value in found}


@dataclass(slots=True)
class _Writer:
    """What of a recorded root has to be said; what cannot be is kept in words."""

    catalog: Catalog
    provider_type: str
    omitted: list[str] = field(default_factory=list)

    def attributes(
        self, where: str, kind: str, own: str, values: Attributes, beside: Collection[str]
    ) -> Iterator[tuple[str, Plain]]:
        """What has to be written, by the names that people use. `beside`: what is said elsewhere."""
        rules = self.catalog.attributes(kind, self.provider_type)
        short = names(rules)
        for name, rule in sorted(rules.items(), key=lambda pair: (not pair[1].required, pair[0])):
            if not rule.settable or name in beside:
                continue
            value, default = values.get(name), rule.default_for(own)
            if value is None:
                yield from self._nothing(name, rule, default)
            elif value != default or rule.required:
                try:
                    yield short.get(name, name), written(rule, value)
                except Unwritable as error:
                    self.omitted.append(f"{where}: {name}: {error}")

    @staticmethod
    def _nothing(name: str, rule: TypeAttribute, default: Value | None) -> Iterator[tuple[str, Plain]]:
        """Where there is no value and a manifest that is silent would want one."""
        if default is not None and rule.compared and rule.can_unset:
            yield name, None if rule.definition.cardinality is Cardinality.ONE else []

    def own_place(self, item: Recorded, key: str) -> str | None:
        """A place that a manifest can give as an attribute; None where there is none."""
        rule = self.catalog.attributes(item.type, self.provider_type).get(key)
        value = item.attributes.get(key) if rule is not None and rule.settable else None
        return value if isinstance(value, str) and is_name(value) else None

    def part(self, kind: ResourceType, part: Recorded) -> dict[str, Plain] | None:
        """A part in its parent's list; None, with words, for one that no manifest could list."""
        rules = self.catalog.attributes(kind.name, self.provider_type)
        if any(key not in rules or not rules[key].settable for key in kind.key_attributes):
            self.omitted.append(f"{part.address}: a manifest cannot list it")
            return None
        name = _name_of_part(part.address, kind, part.attributes, rules)
        return name | dict(self.attributes(str(part.address), kind.name, "", part.attributes, ()))
