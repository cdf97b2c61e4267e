"""Reads one attribute's value: from a YAML node to the canonical value that the catalog's rules allow.

Whatever does not fit is reported at its own line, quoted as it was written, except a secret's, which is
never repeated. Pure: it looks at the node and the rule, and at nothing else.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal

from reconciler.manifest.findings import Scope, listed, position
from reconciler.manifest.read.envelope import Reference
from reconciler.manifest.read.formats import FormatProblem, checked_text
from reconciler.manifest.read.units import UnitError, parse_duration, parse_size
from reconciler.manifest.yaml.nodes import Mapping, Node, Sequence
from reconciler.manifest.yaml.nodes import Scalar as ScalarNode
from reconciler.manifest.yaml.scalars import shown
from reconciler.model.address import Address, InvalidAddress
from reconciler.model.catalog import AttributeDefinition, Mutability, TypeAttribute
from reconciler.model.values import (
    INT64,
    Cardinality,
    DataType,
    Format,
    Scalar,
    SecretRef,
    Value,
    canonical,
    canonical_scalar,
    encode,
)

MOST_ELEMENTS = 32_768
"""Of a set or list: they are numbered by a smallint from 0."""
UNIT_FORMATS = (Format.MIB, Format.GIB, Format.SECONDS)
_TYPE_WORDS = {
    DataType.STRING: "a text",
    DataType.INTEGER: "a whole number",
    DataType.DECIMAL: "a number",
    DataType.BOOLEAN: "true or false",
    DataType.DATETIME: "a time",
}


def is_none(rule: TypeAttribute, node: Node) -> bool:
    """Whether it says that there shall be no value: `null`, or, where no secret is wanted, an empty text."""
    if not isinstance(node, ScalarNode):
        return False
    definition = rule.definition
    if node.value is None:
        return True
    if definition.secret or rule.mutability is Mutability.WRITE_ONLY:
        return False
    text = definition.data_type is DataType.STRING and definition.cardinality is Cardinality.ONE
    return text and isinstance(node.value, str) and _is_empty(node.value, definition)


def _is_empty(text: str, definition: AttributeDefinition) -> bool:
    return not text or (definition.format is Format.TEXT and not text.strip("\r\n"))


def read_value(rule: TypeAttribute, node: Node, scope: Scope) -> Value | None:
    """The canonical value, or None with a problem. References stay unchecked against the set."""
    definition = rule.definition
    if definition.secret or rule.mutability is Mutability.WRITE_ONLY:
        return _secret(rule.name, node, scope)
    if definition.cardinality is Cardinality.ONE:
        return _element(rule, node, scope)
    if not isinstance(node, Sequence):
        hint = f"write [{node.text}]" if isinstance(node, ScalarNode) and node.text else "write [a, b]"
        scope.report("type", f"{rule.name} is a list", position(node), hint)
        return None
    if len(node.items) > MOST_ELEMENTS:
        message = f"{rule.name} has {len(node.items)} elements; {MOST_ELEMENTS} are the most"
        scope.report("length", message, position(node))
        return None
    read = [_listed(rule, item, scope) for item in node.items]
    items = tuple(item for item in read if item is not None)
    return canonical(items, definition.cardinality, definition.format) if len(items) == len(read) else None


def read_setting(definition: AttributeDefinition, node: Node, scope: Scope) -> Scalar | None:
    """An endpoint setting's value: one scalar, under no rule but its definition."""
    rule = TypeAttribute(definition, "", "", Mutability.IN_PLACE)
    value = _element(rule, node, scope)
    return None if isinstance(value, Address) else value  # no setting is a reference: `SETTING`


def read_reference(definition: AttributeDefinition, text: str) -> Address:
    """The address that a reference means. Raises InvalidAddress where it is none of an allowed type."""
    types = definition.reference_types
    if "/" not in text and len(types) == 1:
        return Address.parse(f"{types[0]}/{text}")
    if "/" not in text:
        choices = listed(f"{each}/{text}" for each in types)
        raise InvalidAddress(f"{shown(text)} does not say its type: write {choices}")
    address = Address.parse(text)
    if address.type not in types:
        raise InvalidAddress(f"{definition.name} refers to {listed(types)}, not to {address.type}")
    return address


def references(rule: TypeAttribute, node: Node) -> tuple[Reference, ...]:
    """The addresses in a reference attribute's node that could be read, with their places."""
    nodes = node.items if isinstance(node, Sequence) else (node,)
    found: list[Reference] = []
    for item in nodes:
        if isinstance(item, ScalarNode) and isinstance(item.value, str):
            try:
                found.append(Reference(read_reference(rule.definition, item.value), position(item)))
            except InvalidAddress:
                continue  # read_value has reported it
    return tuple(found)


def _secret(name: str, node: Node, scope: Scope) -> SecretRef | None:
    """A secret is never written in a manifest, only where it is to be found."""
    hint = "write {from: credential/NAME}, and declare a Credential; if a real secret stood here, change it"
    if not isinstance(node, Mapping) or [entry.key for entry in node.entries] != ["from"]:
        scope.hide(node)
        message = f"{name} is a secret, which a manifest may only refer to"
        scope.report("secret_literal", message, position(node), hint)
        return None
    source = node.entries[0].node
    if isinstance(source, ScalarNode) and isinstance(source.value, str):
        try:
            address = Address.parse(source.value)
        except InvalidAddress:
            address = None
        if address is not None and len(address.segments) == 1 and address.type == "credential":
            return SecretRef(address.name)
    scope.hide(source)
    scope.report("secret_source", f"{name} is not taken from a credential", position(source), hint)
    return None


def _listed(rule: TypeAttribute, node: Node, scope: Scope) -> Scalar | Address | None:
    if (
        isinstance(node, ScalarNode)
        and isinstance(node.value, str)
        and _is_empty(node.value, rule.definition)
    ):
        scope.report("empty_value", f"an element of {rule.name} is empty", position(node), "remove it")
        return None
    return _element(rule, node, scope)


def _element(rule: TypeAttribute, node: Node, scope: Scope) -> Scalar | Address | None:
    if not isinstance(node, ScalarNode):
        kind = "a list" if isinstance(node, Sequence) else "a mapping"
        word = _TYPE_WORDS[rule.definition.data_type]
        scope.report("type", f"{rule.name} takes {word}, not {kind}", position(node))
        return None
    if node.value is None:
        hint = "remove the line to leave it as it is, or write a value"
        scope.report("empty_value", f"{rule.name} has no value", position(node), hint)
        return None
    value = _typed(rule, node, scope)
    if value is None or not _within(rule, value, node, scope):
        return None
    return value


def _typed(rule: TypeAttribute, node: ScalarNode, scope: Scope) -> Scalar | Address | None:
    """The value as the definition's data type and format, in canonical form."""
    definition, value = rule.definition, node.value
    match definition.data_type, value:
        case DataType.STRING, str():
            return _text(rule, value, node, scope)
        case DataType.INTEGER, str() if definition.format in UNIT_FORMATS:
            return _quantity(rule, value, node, scope)
        case DataType.INTEGER, int() if not isinstance(value, bool):
            return value
        case DataType.DECIMAL, int() | Decimal() if not isinstance(value, bool):
            return canonical_scalar(Decimal(value))
        case DataType.BOOLEAN, bool():
            return value
        case DataType.DATETIME, str():
            return _time(rule, value, node, scope)
        case _:
            _wrong_type(rule, node, scope)
            return None


def _text(rule: TypeAttribute, value: str, node: ScalarNode, scope: Scope) -> Scalar | Address | None:
    definition = rule.definition
    if definition.format is Format.REFERENCE:
        try:
            return read_reference(definition, value)
        except InvalidAddress as error:
            scope.report("reference", str(error), position(node))
            return None
    try:
        return checked_text(value, definition.format)
    except FormatProblem as problem:
        scope.report("format", f"{rule.name}: {problem.message}", position(node), problem.hint)
        return None


def _quantity(rule: TypeAttribute, value: str, node: ScalarNode, scope: Scope) -> int | None:
    zero = rule.minimum == 0
    try:
        match rule.definition.format:
            case Format.MIB:
                return parse_size(value, "MiB", zero=zero)
            case Format.GIB:
                return parse_size(value, "GiB", zero=zero)
            case _:
                return parse_duration(value, zero=zero)
    except UnitError as error:
        scope.report("unit", f"{rule.name}: {error.message}", position(node), error.hint)
        return None


def _time(rule: TypeAttribute, value: str, node: ScalarNode, scope: Scope) -> datetime | None:
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        hint = 'write it with its time zone, as in "2026-03-01T12:00:00Z"'
        scope.report("format", f"{rule.name}: {shown(value)} is no full time", position(node), hint)
        return None
    canonical_time = canonical_scalar(time)
    return canonical_time if isinstance(canonical_time, datetime) else None


def _wrong_type(rule: TypeAttribute, node: ScalarNode, scope: Scope) -> None:
    wanted = _TYPE_WORDS[rule.definition.data_type]
    value, hint = node.value, None
    if isinstance(value, bool):
        read = f"is read as {str(value).lower()}"
    elif isinstance(value, (int, Decimal)):
        read = f"is read as the number {canonical_scalar(Decimal(value))}"
    else:
        read = "is a text"
    if rule.definition.data_type is DataType.STRING:
        hint = f"quote it: {shown(node.text)}"
    elif node.quoted:
        hint = f"write it without quotes: {node.text}" if _fits_unquoted(rule, node.text) else None
    scope.report("type", f"`{node.text[:60]}` {read}; {rule.name} is {wanted}", position(node), hint)


def _fits_unquoted(rule: TypeAttribute, text: str) -> bool:
    if rule.definition.data_type is DataType.BOOLEAN:
        return text in ("true", "false")
    return text.isascii() and text.isdigit() and not (text.startswith("0") and text != "0")


def _within(rule: TypeAttribute, value: Scalar | Address, node: ScalarNode, scope: Scope) -> bool:
    """Whether the value is within the rule's bounds; reports the first that it is not."""
    unit = f" {rule.definition.unit}" if rule.definition.unit else ""
    at = position(node)
    if isinstance(value, int) and value not in INT64:  # by its unit: `999999999999999999TiB` in MiB
        message = f"{rule.name} is more than any number that can be recorded: {INT64[-1]}{unit} at most"
        scope.report("range", message, at)
        return False
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        if rule.minimum is not None and value < rule.minimum:
            scope.report("range", f"{rule.name} must be at least {rule.minimum}{unit}, not {value}", at)
            return False
        if rule.maximum is not None and value > rule.maximum:
            scope.report("range", f"{rule.name} must be at most {rule.maximum}{unit}, not {value}", at)
            return False
    if isinstance(value, str) and not _text_within(rule, value, node, scope):
        return False
    if rule.allowed_values and encode(value) not in {encode(each) for each in rule.allowed_values}:
        allowed = [_word(each) for each in rule.allowed_values]
        hint = scope.suggestion(_word(value), allowed) or f"allowed: {', '.join(allowed)}"
        scope.report(
            "allowed",
            f"`{node.text[:60]}` is no value of {rule.name}",
            at,
            hint,
        )
        return False
    return True


def _text_within(rule: TypeAttribute, value: str, node: ScalarNode, scope: Scope) -> bool:
    if rule.max_length is not None and len(value) > rule.max_length:
        message = f"{rule.name} may have at most {rule.max_length} characters, not {len(value)}"
        scope.report("length", message, position(node))
        return False
    if rule.pattern is not None and not re.fullmatch(rule.pattern, value):
        message = f"{shown(value)} has not the form of {rule.name}"
        scope.report("pattern", message, position(node), f"it must match {rule.pattern}")
        return False
    return True


def _word(value: Scalar | Address) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
