"""A recorded resource as the manifest that wants it so: whoever applies it changes nothing.

Left out is what a manifest cannot say (what is only observed, objects that are in no book), and what it need
not say because it is the default. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.manifest.read.envelope import API_VERSION
from reconciler.manifest.read.parts import own_name
from reconciler.manifest.read.resources import PLACES
from reconciler.manifest.write.values import Plain, Unwritable, names, written
from reconciler.model.address import is_name
from reconciler.model.catalog import Catalog, ResourceType, TypeAttribute
from reconciler.model.resource import Lifecycle, Recorded, ReplacePolicy
from reconciler.model.values import Attributes, Cardinality, Value


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


@dataclass(slots=True)
class _Writer:
    catalog: Catalog
    provider_type: str
    omitted: list[str] = field(default_factory=list)

    def attributes(
        self, where: str, kind: str, own: str, values: Attributes, beside: Collection[str]
    ) -> Iterator[tuple[str, Plain]]:
        """What has to be written, by the names that people use. `beside`: what is said elsewhere."""
        rules = dict(self.catalog.attributes(kind, self.provider_type))
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
        values = {
            name: value
            for name, rule in rules.items()
            if rule.settable and (value := part.attributes.get(name, rule.default)) is not None
        }
        fields: dict[str, Plain] = {}
        if part.address.name != own_name(kind, values, rules) and "name" not in rules:
            fields["name"] = part.address.name
        return fields | dict(self.attributes(str(part.address), kind.name, "", part.attributes, ()))


def manifest_of(item: Recorded, catalog: Catalog, placed: Placed = Placed()) -> Written:
    """The manifest of a root with its parts. The inventory has to have the places that it names.

    `item.depends_on` and `item.member_of` are what it shall name beside its attributes.
    """
    writer = _Writer(catalog, item.provider_type)
    kind = catalog.resource_types[item.type]
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
    metadata: dict[str, Plain] = {"name": item.address.name}
    if item.tags:
        metadata["tags"] = dict(sorted(item.tags.items()))
    document: dict[str, Plain] = {
        "apiVersion": API_VERSION,
        "kind": kind.kind,
        "metadata": metadata,
        "spec": spec,
    }
    lifecycle = lifecycle_of(item.lifecycle)
    if lifecycle:
        document["lifecycle"] = dict(lifecycle)
    for key, targets in (("depends_on", item.depends_on), ("member_of", item.member_of)):
        if targets:
            document[key] = [str(target) for target in targets]
    return Written(document, tuple(writer.omitted))


def lifecycle_of(life: Lifecycle) -> Mapping[str, Plain]:
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
