"""The JSON Schema of one attribute, from the rules that it has on each provider type.

Where provider types differ, the schema allows what any of them does; the description says which has what.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from reconciler.manifest.findings import listed
from reconciler.model.catalog import OWN_NAME, AttributeDefinition, Mutability, TypeAttribute
from reconciler.model.values import Cardinality, DataType, Format, Scalar

Schema = dict[str, Any]

NAME = r"[A-Za-z0-9_]([A-Za-z0-9._+-]{0,126}[A-Za-z0-9_+])?"
TYPE = r"[a-z][a-z0-9_]*"
ADDRESS = rf"({TYPE}/{NAME}/)*{TYPE}/{NAME}"
SIZE = r"(0|[1-9][0-9]*)([KMGT]iB)?"
DURATION = r"(?=.)([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?"

_JSON_TYPES = {
    DataType.STRING: "string",
    DataType.INTEGER: "integer",
    DataType.DECIMAL: "number",
    DataType.BOOLEAN: "boolean",
    DataType.DATETIME: "string",
}
_CHANGE_WORDS = {
    Mutability.IN_PLACE: "changed in place",
    Mutability.NEEDS_STOP: "changed while stopped",
    Mutability.REPLACE: "a change replaces the object",
    Mutability.CREATE_ONLY: "given at creation only",
    Mutability.WRITE_ONLY: "written, never read back",
    Mutability.READ_ONLY: "observed only",
}
_CREDENTIAL: Schema = {
    "type": "object",
    "required": ["from"],
    "additionalProperties": False,
    "properties": {"from": {"type": "string", "pattern": f"^credential/{NAME}$"}},
}


def attribute_schema(rules: Mapping[str, TypeAttribute], offering: Sequence[str]) -> Schema:
    """`rules` by provider type; `offering` are all provider types that offer the resource type."""
    each = [rules[name] for name in sorted(rules)]
    definition = each[0].definition
    shapes: list[Schema] = []
    if any(_by_credential(rule) for rule in each):
        shapes.append(_CREDENTIAL)
    plain = [rule for rule in each if not _by_credential(rule)]
    if plain:
        element = _element(definition, plain)
        one = definition.cardinality is Cardinality.ONE
        shapes.append(element if one else {"type": "array", "items": element})
    if any(rule.can_unset for rule in each):
        text = definition.data_type is DataType.STRING and definition.cardinality is Cardinality.ONE
        shapes.append({"enum": [None, ""]} if plain and text else {"type": "null"})
    schema: Schema = dict(shapes[0]) if len(shapes) == 1 else {"anyOf": shapes}
    schema["description"] = _description(definition, rules, offering)
    default = each[0].default
    alike = all(rule.default == default for rule in each)
    if isinstance(default, (str, int, Decimal)) and alike and default != OWN_NAME:
        schema["default"] = _plain(default)
    return schema


def setting_schema(definition: AttributeDefinition) -> Schema:
    """The schema of an endpoint's setting."""
    element = _element(definition, [TypeAttribute(definition, "", "", Mutability.IN_PLACE)])
    return {**element, "description": definition.description}


def required_of(
    rules: Mapping[str, Mapping[str, TypeAttribute]], offering: Sequence[str], short: Mapping[str, str]
) -> Schema:
    """`required` for what every provider type needs; a name with a short form may come as either."""
    always = [
        name
        for name in sorted(rules)
        if len(rules[name]) == len(offering)
        and all(rule.required and rule.default is None for rule in rules[name].values())
    ]
    brief: dict[str, list[str]] = {}
    for shorter, name in short.items():
        brief.setdefault(name, []).append(shorter)
    found: Schema = {}
    if required := [name for name in always if name not in brief]:
        found["required"] = required
    if either := [name for name in always if name in brief]:
        found["allOf"] = [
            {"anyOf": [{"required": [choice]} for choice in (name, *sorted(brief[name]))]} for name in either
        ]
    return found


def _by_credential(rule: TypeAttribute) -> bool:
    return rule.definition.secret or rule.mutability is Mutability.WRITE_ONLY


def _element(definition: AttributeDefinition, rules: Sequence[TypeAttribute]) -> Schema:
    """The schema of one element: what any of the rules allows."""
    schema: Schema = {"type": _JSON_TYPES[definition.data_type]}
    if definition.format in (Format.MIB, Format.GIB):
        schema = {"type": ["integer", "string"], "pattern": f"^{SIZE}$"}
    elif definition.format is Format.SECONDS:
        schema = {"type": ["integer", "string"], "pattern": f"^{DURATION}$"}
    elif definition.format is Format.REFERENCE:
        schema["pattern"] = _reference(definition)
    if all(rule.allowed_values for rule in rules):
        schema["enum"] = sorted({_plain(value) for rule in rules for value in rule.allowed_values}, key=str)
    minima = [rule.minimum for rule in rules if rule.minimum is not None]
    maxima = [rule.maximum for rule in rules if rule.maximum is not None]
    lengths = [rule.max_length for rule in rules if rule.max_length is not None]
    if len(minima) == len(rules):
        schema["minimum"] = min(minima)
    if len(maxima) == len(rules):
        schema["maximum"] = max(maxima)
    if len(lengths) == len(rules) and definition.format is Format.PLAIN:
        schema["maxLength"] = max(lengths)
    patterns = {rule.pattern for rule in rules}
    if len(patterns) == 1 and rules[0].pattern is not None:
        schema["pattern"] = f"^(?:{rules[0].pattern})$"
    return schema


def _reference(definition: AttributeDefinition) -> str:
    prefix = rf"({TYPE}/{NAME}/)*({'|'.join(definition.reference_types)})/"
    return rf"^({prefix})?{NAME}$" if len(definition.reference_types) == 1 else rf"^{prefix}{NAME}$"


def _plain(value: Scalar) -> str | int | float | bool:
    return value if isinstance(value, (str, int, bool)) else float(str(value))


def _description(
    definition: AttributeDefinition, rules: Mapping[str, TypeAttribute], offering: Sequence[str]
) -> str:
    words = [definition.description or definition.display_name]
    if definition.unit:
        words.append(f"Unit: {definition.unit}.")
    if len(rules) < len(offering):
        words.append(f"Only on {listed(sorted(rules))}.")
    changes = {_CHANGE_WORDS[rule.mutability] for rule in rules.values()}
    meanings = sorted({rule.unset for rule in rules.values() if rule.unset})
    words += [f"null: {meaning}." for meaning in meanings]
    if len(changes) == 1:
        words.append(f"{changes.pop().capitalize()}.")
    else:
        each = (f"{name}: {_CHANGE_WORDS[rules[name].mutability]}" for name in sorted(rules))
        words.append(f"{'; '.join(each)}.")
    return " ".join(words)
