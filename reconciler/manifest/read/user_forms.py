"""The forms of a type, an attribute and an offer that users add, and who may offer them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from reconciler.catalog.files import (
    AttributeForm,
    Name,
    OfferForm,
    ResourceTypeForm,
    RuleForm,
)
from reconciler.model.catalog import Mutability
from reconciler.model.values import Cardinality

OPEN_PROVIDER_TYPES = ("logical",)
"""Provider types whose resources have no attributes but those that the catalog gives them."""


class UserRuleForm(RuleForm):
    """A rule as a catalog file has it. Nobody needs asking for a change of what we keep ourselves."""

    change: Mutability = Mutability.IN_PLACE


class UserOfferForm(OfferForm):
    """An offer as a catalog file has it, with rules as users write them."""

    attributes: dict[Name, UserRuleForm] = Field(default_factory=dict)  # type: ignore[assignment]


class UserTypeForm(ResourceTypeForm):
    """A resource type as a catalog file has it, and who offers it."""

    offers: dict[Name, UserOfferForm] = Field(default_factory=dict)


class UserAttributeForm(AttributeForm):
    """An attribute as a catalog file has it; `applies_to` gives it to types that exist already."""

    applies_to: dict[Name, UserRuleForm] = Field(default_factory=dict)
    cardinality: Literal[Cardinality.ONE, Cardinality.SET, Cardinality.LIST] = Cardinality.ONE
