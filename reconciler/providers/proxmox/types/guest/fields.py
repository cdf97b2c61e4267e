"""Fields: which option of a Proxmox VE configuration, or which part of one, holds which attribute.

The tables are each kind's own, but for what all have; what an attribute means and how it may change is the
catalog's. Here is only the spelling: text on the wire, canonical value inside. Pure.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from urllib.parse import quote, unquote

from reconciler.catalog import core_part, load_part, merge
from reconciler.errors import PlanError
from reconciler.model.catalog import AttributeDefinition, TypeAttribute
from reconciler.model.plan import Param
from reconciler.model.values import Cardinality, DataType, Entry, Scalar, SecretRef, Value, canonical
from reconciler.providers.proxmox.types.guest import propstring

PROVIDER = "proxmox"
OTHER = "other_options"

ALL_HOTPLUG = "network,disk,usb"
_ENCODED = "base64"
"""The part that says whether those that may be encoded are."""


@dataclass(frozen=True, slots=True)
class Field:
    """`key=None`: the attribute is the whole option. `default`: what the server assumes where it is absent.

    `encoding`: plain, url, base64, switch (`on`/`ignore`) or hotplug; `separator` joins sets and lists.
    `alone`: the key of the option's property string whose value may stand alone there.
    """

    attribute: str
    option: str
    key: str | None = None
    default: Scalar | tuple[str, ...] | None = None
    separator: str = ";"
    encoding: str = "plain"
    alone: str | None = None


Fields = tuple[Field, ...]
Options = dict[str, Param]
"""What is written, by option. None stands for: to be unset."""

COMMON: Fields = (
    Field("start_on_boot", "onboot", default=False),
    Field("startup_order", "startup", "order", alone="order"),
    Field("startup_delay", "startup", "up"),
    Field("shutdown_timeout", "startup", "down"),
    Field("hookscript", "hookscript"),
    Field("protected", "protection", default=False),
    Field("cpu_limit", "cpulimit"),
    Field("cpu_units", "cpuunits"),
    Field("nameservers", "nameserver", separator=" "),
    Field("search_domain", "searchdomain"),
)
"""What every kind of guest has."""


@cache
def rules(resource_type: str) -> Mapping[str, TypeAttribute]:
    """The catalog's rules for a type of this provider."""
    catalog = merge((core_part(), load_part("reconciler.providers.proxmox")))
    return catalog.attributes(resource_type, PROVIDER)


def _definition(resource_type: str, attribute: str) -> AttributeDefinition:
    return rules(resource_type)[attribute].definition


def read(field: Field, about: AttributeDefinition, text: str) -> Value:
    """The canonical value of a text. Raises ValueError if it is not of the attribute's kind."""
    if field.encoding == "hotplug":
        text = {"0": "", "1": ALL_HOTPLUG}.get(text, text)
    if field.encoding == "url":
        text = unquote(text)
    elif field.encoding == "base64":
        text = b64decode(text, validate=True).decode()
    if about.cardinality is Cardinality.ONE:
        return canonical(_scalar(field, about, text), about.cardinality, about.format)
    # Where a blank separates, the server takes commas and semicolons too and keeps what it was given.
    pieces = re.split(r"[\s,;]+", text) if field.separator == " " else text.split(field.separator)
    items = tuple(_scalar(field, about, piece.strip()) for piece in pieces if piece.strip())
    return canonical(items, about.cardinality, about.format)


def _scalar(field: Field, about: AttributeDefinition, text: str) -> Scalar:
    match about.data_type:
        case DataType.BOOLEAN:
            if text.lower() not in ("0", "1", "on", "off", "yes", "no", "true", "false", "ignore"):
                raise ValueError(f"`{text}` is neither on nor off")
            return text.lower() in ("1", "on", "yes", "true")
        case DataType.INTEGER:
            return int(text)
        case DataType.DECIMAL:
            number = Decimal(text) if text.replace(".", "", 1).isdigit() else None
            if number is None:
                raise ValueError(f"`{text}` of {field.attribute} is not a number")
            return number
        case _:
            return text


def write(field: Field, value: Value) -> str:
    """The text of a value; secrets do not come here."""
    if isinstance(value, tuple):
        text = field.separator.join(str(item) for item in value)
        if field.encoding == "hotplug" and not value:
            text = "0"
    elif isinstance(value, bool):
        if field.encoding == "switch":
            return "on" if value else "ignore"
        return str(int(value))
    else:
        text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    if field.encoding == "url":
        return quote(text, safe="")
    return b64encode(text.encode()).decode() if field.encoding == "base64" else text


def read_options(
    resource_type: str, fields: Fields, options: Mapping[str, str]
) -> tuple[dict[str, Value], list[Entry]]:
    """All attributes of the options that fields cover, and what is left, by option and key inside of it.

    What an attribute's kind does not admit is left too, so that it is kept and seen.
    """
    values: dict[str, Value] = {}
    left: list[Entry] = []
    for option, members in _by_option(fields).items():
        text, first = options.get(option), members[0]
        if text is not None and first.key is None:
            try:
                values[first.attribute] = read(first, _definition(resource_type, first.attribute), text)
            except ValueError:
                left.append(Entry(option, text))
        elif text is not None:
            parts = propstring.parse(text, _alone(members) or "")
            found, kept = read_parts(resource_type, members, parts)
            values |= found
            left += [Entry(option, value, key) for key, value in kept.items() if key != _ENCODED]
        for member in members:
            if member.default is not None and member.attribute not in values:
                about = _definition(resource_type, member.attribute)
                values[member.attribute] = canonical(member.default, about.cardinality, about.format)
    return values, left


def read_parts(
    resource_type: str, fields: Iterable[Field], parts: Mapping[str, str]
) -> tuple[dict[str, Value], dict[str, str]]:
    """The attributes of one property string's parts, and the parts that are left."""
    values: dict[str, Value] = {}
    left: dict[str, str] = {}
    known = {field.key: field for field in fields}
    for key, text in parts.items():
        field = known.get(key)
        try:
            if field is None:
                left[key] = text
            elif field.encoding == "base64" and parts.get(_ENCODED, "0") != "1":
                values[field.attribute] = text
            else:
                values[field.attribute] = read(field, _definition(resource_type, field.attribute), text)
        except ValueError:
            left[key] = text
    return values, left


def _by_option(fields: Iterable[Field]) -> dict[str, list[Field]]:
    found: dict[str, list[Field]] = {}
    for field in fields:
        found.setdefault(field.option, []).append(field)
    return found


def _alone(members: Iterable[Field]) -> str | None:
    return next((field.alone for field in members if field.alone), None)


def write_parts(
    members: Iterable[Field], values: Mapping[str, Value], others: Mapping[str, str]
) -> dict[str, str]:
    """The parts of one property string: what is set and not the server's default, then what is kept.

    Raises PlanError for a value that would end its part early.
    """
    parts: dict[str, str] = {}
    for field in members:
        value = values.get(field.attribute)
        if value is not None and field.key is not None and value != field.default and value != ():
            text = parts[field.key] = write(field, value)
            if "," in text:
                raise PlanError(f"`{field.attribute}: {text}` cannot be written", hint="leave out the comma")
    if any(field.encoding == "base64" and field.key in parts for field in members):
        parts[_ENCODED] = "1"
    for key, text in others.items():
        parts.setdefault(key, text)
    return parts


def write_options(
    fields: Fields, values: Mapping[str, Value], names: Collection[str] | None = None
) -> Options:
    """The options that hold the named attributes, all of them by default, with what is kept beside them."""
    return {
        option: _write_option(option, members, values)
        for option, members in _by_option(fields).items()
        if names is None or any(member.attribute in names for member in members)
    }


def _write_option(option: str, members: Sequence[Field], values: Mapping[str, Value]) -> Param:
    first = members[0]
    if first.key is None:
        value = values.get(first.attribute)
        return value if value is None or isinstance(value, SecretRef) else write(first, value) or None
    others = entries(values.get(OTHER))
    kept = {e.inner_key: e.value for e in others if e.key == option and e.inner_key is not None}
    return propstring.render(write_parts(members, values, kept), _alone(members)) or None


def entries(value: Value | None) -> tuple[Entry, ...]:
    """The entries of a map; none where it is absent."""
    return tuple(item for item in value if isinstance(item, Entry)) if isinstance(value, tuple) else ()


def texts(value: Value | None) -> tuple[str, ...]:
    """The texts of a set or list attribute; none where it is absent."""
    return tuple(str(item) for item in value) if isinstance(value, tuple) else ()
