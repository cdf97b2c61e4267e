"""The form of a catalog file, checked by pydantic, and its translation into the model.

    provider_type: {name: hetzner, display_name: Hetzner Cloud, settings: {…attribute definitions…}}
    resource_types: {ssh_key: {kind: SshKey, family: object, …}}
    attributes: {public_key: {type: string, format: ssh_public_key, description: …}}
    relationship_types: {attached_to: {description: The child is attached to the parent.}}
    offers: {ssh_key: {identity: name, unique_name: true, attributes: {public_key: {change: replace}}}}

A resource type or attribute that another file also has is named there, and only there, with its meaning;
an offer may use any name that some file defines.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import find_spec, module_from_spec
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reconciler.errors import CatalogError
from reconciler.model.catalog import (
    AttributeDefinition,
    Family,
    Identity,
    Mutability,
    ProviderResourceType,
    ProviderTypeInfo,
    RelationshipType,
    ResourceType,
)
from reconciler.model.values import Cardinality, DataType, Format

CATALOG = "catalog.yaml"
NAME = r"[a-z][a-z0-9_]{0,62}"
Name = Annotated[str, Field(pattern=f"^{NAME}$")]
Plain = str | int | Decimal | bool


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AttributeForm(_Form):
    """An attribute's meaning, the same wherever it appears.

    `references` are the resource types that it may point at, `relationship` is what such a reference makes.
    `bookkeeping`: histories for people leave it out, as a digest that follows from everything else.
    """

    type: DataType = DataType.STRING
    cardinality: Cardinality = Cardinality.ONE
    format: Format = Format.PLAIN
    unit: str | None = None
    display_name: str = ""
    description: str = ""
    secret: bool = False
    bookkeeping: bool = False
    references: tuple[Name, ...] = ()
    relationship: Name | None = None

    def definition(self, name: str) -> AttributeDefinition:
        """As the model has it. `references` make its format, and a relationship if none is named."""
        return AttributeDefinition(
            name=name,
            data_type=self.type,
            cardinality=self.cardinality,
            format=Format.REFERENCE if self.references else self.format,
            unit=self.unit,
            display_name=self.display_name or name.replace("_", " ").capitalize(),
            description=self.description,
            secret=self.secret,
            reference_types=self.references,
            relationship=self.relationship or ("depends_on" if self.references else None),
            bookkeeping=self.bookkeeping,
        )


class ResourceTypeForm(_Form):
    """A kind of thing. A part has `parents`, a `collection` there, and a `key` among siblings."""

    kind: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9]*$")]
    family: Family = Family.OBJECT
    parents: tuple[Name, ...] = ()
    collection: Name | None = None
    key: tuple[Name, ...] = ()
    holds_data: bool = False
    display_name: str = ""
    description: str = ""

    def resource_type(self, name: str) -> ResourceType:
        """As the model has it. Raises CatalogError for one of `parents` and `collection` alone."""
        if bool(self.parents) != bool(self.collection):
            raise CatalogError(f"resource type {name}: `parents` and `collection` go together")
        return ResourceType(
            name=name,
            kind=self.kind,
            family=self.family,
            parents=self.parents,
            collection=self.collection,
            key_attributes=self.key,
            holds_data=self.holds_data,
            display_name=self.display_name or name.replace("_", " ").capitalize(),
            description=self.description,
        )


class RuleForm(_Form):
    """How one attribute behaves; the names are those of `model.catalog.TypeAttribute`."""

    change: Mutability
    required: bool = False
    default: Plain | tuple[Plain, ...] | None = None
    clear_when_unset: bool = False
    minimum: int | None = None
    maximum: int | None = None
    max_length: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    pattern: str | None = None
    allowed: tuple[Plain, ...] = ()
    grow_only: bool = False
    also: Name | None = None
    unique: bool = False
    unique_within: Name | None = None
    unset: str = ""


class OfferForm(_Form):
    """A resource type on a provider type: how its objects are found again, and attribute → rule."""

    identity: Identity = Identity.NONE
    unique_name: bool = False
    tags: bool = True
    attributes: dict[Name, RuleForm] = Field(default_factory=dict)


class ReservedIdsForm(_Form):
    """Ids that we choose at a provider: the range, and the endpoint settings that may narrow or move it."""

    minimum: int
    maximum: int
    minimum_setting: Name
    maximum_setting: Name


class ProviderTypeForm(_Form):
    """The provider type that the file is of, and the settings that its endpoints may have."""

    name: Name
    display_name: str = ""
    description: str = ""
    settings: dict[Name, AttributeForm] = Field(default_factory=dict)
    reserved_ids: ReservedIdsForm | None = None

    def info(self) -> ProviderTypeInfo:
        """The provider type in the model. Its `reserved_ids` go into the `CatalogPart` instead."""
        settings = tuple(form.definition(name) for name, form in self.settings.items())
        return ProviderTypeInfo(self.name, self.display_name or self.name, self.description, settings)


class RelationshipTypeForm(_Form):
    """A way in which resources relate. Its name stands outside: in a catalog file, as the key."""

    description: str = Field(default="", description="What it says of the parent and the child.")

    def relationship_type(self, name: str) -> RelationshipType:
        """The relationship type in the model, under a name that is checked where it stands."""
        return RelationshipType(name, self.description)


class CatalogForm(_Form):
    """A whole catalog file. Whether its names are known is asked when all files are merged."""

    provider_type: ProviderTypeForm | None = None
    relationship_types: dict[Name, RelationshipTypeForm] = Field(default_factory=dict)
    resource_types: dict[Name, ResourceTypeForm] = Field(default_factory=dict)
    attributes: dict[Name, AttributeForm] = Field(default_factory=dict)
    offers: dict[Name, OfferForm] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CatalogPart:
    """One file's share of the catalog, checked in itself but not yet against the other parts."""

    name: str
    provider_type: ProviderTypeInfo | None
    resource_types: tuple[ResourceType, ...]
    definitions: tuple[AttributeDefinition, ...]
    offers: tuple[ProviderResourceType, ...]
    rules: tuple[tuple[str, str, RuleForm], ...]  # (resource type, attribute, rule)
    reserved_ids: ReservedIdsForm | None = None
    relationship_types: tuple[RelationshipType, ...] = ()


def read_part(name: str, data: Any) -> CatalogPart:
    """A part from parsed YAML. Raises CatalogError naming every place that is wrong."""
    try:
        form = CatalogForm.model_validate(data)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        raise CatalogError(f"catalog {name} is not valid:\n  " + "\n  ".join(lines)) from None
    provider = form.provider_type.info() if form.provider_type else None
    if form.offers and provider is None:
        raise CatalogError(f"catalog {name}: `offers` need a `provider_type`")
    provider_name = provider.name if provider else ""
    return CatalogPart(
        name=name,
        provider_type=provider,
        resource_types=tuple(item.resource_type(key) for key, item in form.resource_types.items()),
        definitions=tuple(item.definition(key) for key, item in form.attributes.items()),
        offers=tuple(
            ProviderResourceType(provider_name, key, item.identity, item.unique_name, item.tags)
            for key, item in form.offers.items()
        ),
        rules=tuple(
            (key, attribute, rule)
            for key, item in form.offers.items()
            for attribute, rule in item.attributes.items()
        ),
        reserved_ids=form.provider_type.reserved_ids if form.provider_type else None,
        relationship_types=tuple(
            item.relationship_type(key) for key, item in form.relationship_types.items()
        ),
    )


@cache
def load_part(package: str, file: str = CATALOG) -> CatalogPart:
    """A part from a data file inside an installed package, of which nothing is run: it may be a driver's.

    Raises ModuleNotFoundError, and FileNotFoundError.
    """
    text = _inside(package).joinpath(file).read_text(encoding="utf-8")
    return read_part(f"{package}/{file}", yaml.load(text, Loader=yaml.CSafeLoader))


def packaged_part(package: str) -> CatalogPart | None:
    """The part in a package's `catalog.yaml`; None where the package has none, or is a module."""
    spec = find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        return None
    return load_part(package) if _inside(package).joinpath(CATALOG).is_file() else None


def _inside(package: str) -> Traversable:
    """The package's folder, or what stands for it in an archive."""
    spec = find_spec(package)
    if spec is None:
        raise ModuleNotFoundError(f"no package is named {package}", name=package)
    return files(module_from_spec(spec))


def core_part() -> CatalogPart:
    """The types and attributes that belong to no single provider."""
    return load_part("reconciler.catalog", "core.yaml")
