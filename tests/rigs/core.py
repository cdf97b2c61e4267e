"""What the tests of the pure core share: short builders, and a generator of any resource of any real catalog.

Generated resources are such as a manifest could ask for: canonical values within the catalog's rules, the
catalog's defaults, parts with keys of their own. Nothing here decides or compares anything.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID, uuid5

from hypothesis import strategies as st

from reconciler.errors import Location
from reconciler.model.address import Address, as_name
from reconciler.model.catalog import Catalog, Mutability, ResourceType, TypeAttribute
from reconciler.model.diff import Diff, PartAction
from reconciler.model.plan import Action, Call, ExternalId, Impact
from reconciler.model.resource import Desired, Lifecycle, Mark, Observed, OnRemove, Recorded, ReplacePolicy
from reconciler.model.values import (
    Attributes,
    Cardinality,
    DataType,
    Format,
    Scalar,
    SecretRef,
    Value,
    canonical,
    encode,
)
from reconciler.planner import EndpointStatus, PlanInput
from reconciler.planner.inputs import Lower
from reconciler.testing import wanted
from tests.rigs.manifest import PUBLIC_KEY, catalog

OWNER = UUID("0d3d7f0a-5a5b-4ee0-8ec1-7c1f6a1f8a11")
NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
ENDPOINTS = {"hetzner-1": "hetzner", "proxmox-1": "proxmox", "logical": "logical"}
ENDPOINT_OF = {provider: name for name, provider in ENDPOINTS.items()}


def uid(address: Address | str) -> UUID:
    """The same uid for the same address, always."""
    return uuid5(OWNER, str(address))


def mark(address: Address | str, owner: UUID = OWNER) -> Mark:
    return Mark(owner, uid(address))


# -- builders -------------------------------------------------------------------------------------------


def want(address: str, provider: str = "hetzner", /, **more: Any) -> Desired:
    """A desired resource; keywords that are no fields of one are attributes."""
    fields = {name: more.pop(name) for name in list(more) if name in Desired.__dataclass_fields__}
    made = wanted(catalog(), provider, address, more)
    return replace(made, **({"endpoint": ENDPOINT_OF[provider]} | fields))


def with_parts(desired: Desired, part_type: str, *parts: Mapping[str, Any]) -> Desired:
    """The same with its parts of one type listed, named by number."""
    made = [
        want(f"{desired.address}/{part_type}/{number}", desired.provider_type, **values)
        for number, values in enumerate(parts)
    ]
    others = tuple(part for part in desired.parts if part.type != part_type)
    return replace(desired, parts=(*others, *made), collections=desired.collections | {part_type})


def recorded_of(desired: Desired, **changes: Any) -> Recorded:
    """The row of a resource that was applied as desired and looked at since."""
    kind = catalog().resource_types[desired.type]
    state = "running" if kind.family == "machine" else "available"
    plain = Recorded(
        id=abs(hash(str(desired.address))) % 10**9,
        uid=uid(desired.address),
        address=desired.address,
        type=desired.type,
        provider_type=desired.provider_type,
        endpoint=desired.endpoint,
        state=state,
        external_id=f"ext-{desired.address}",
        attributes={name: value for name, value in desired.attributes.items() if value != ()},
        tags=dict(desired.tags),
        parts=tuple(recorded_of(part) for part in desired.parts),
        lifecycle=replace(desired.lifecycle, ignore_changes=frozenset()),
        depends_on=desired.depends_on,
        version=7,
        recorded_hash=b"recorded",
    )
    return replace(plain, **changes)


def observed_of(desired: Desired, **changes: Any) -> Observed:
    """What a provider would show of a resource that is as desired, with our mark on it."""
    kind = catalog().resource_types[desired.type]
    rules = catalog().attributes(desired.type, desired.provider_type)
    shown = {
        name: value
        for name, value in desired.attributes.items()
        if value != () and not rules[name].definition.secret and name in rules
        if rules[name].mutability is not Mutability.WRITE_ONLY
    }
    is_part = len(desired.address.segments) > 1
    plain = Observed(
        type=desired.type,
        external_id="" if is_part else f"ext-{desired.address.name}",
        name=desired.address.name,
        state="running" if kind.family == "machine" else "available",
        attributes=shown,
        tags=dict(desired.tags),
        mark=None if is_part else mark(desired.address),
        parts=tuple(observed_of(part) for part in desired.parts),
    )
    return replace(plain, **changes)


def one_call(
    action: Action, endpoint: str, desired: Desired | None, recorded: Recorded | None, diff: Diff
) -> tuple[Call, ...]:
    """A lowering that makes one call of every step, for the address it is about.

    It restarts a machine for whatever the catalog says may need that.
    """
    updated = [part.changes for part in diff.parts if part.action is PartAction.UPDATE]
    changes = [*diff.changes, *(change for each in updated for change in each)]
    stops = action is Action.UPDATE and any(c.mutability is Mutability.NEEDS_STOP for c in changes)
    return (
        Call(
            operation=f"test.{action}",
            method="POST",
            path="/{id}",
            summary=f"{action} {diff.address}",
            path_params=(("id", ExternalId(diff.address)),),
            params=tuple((change.name, str(change.after)) for change in diff.changes),
            impact=Impact.REBOOT if stops else Impact.ONLINE,
            creates=action is Action.CREATE,
            deletes=action is Action.DELETE,
        ),
    )


def given(
    desired: Sequence[Desired] = (),
    recorded: Sequence[Recorded] = (),
    removed: Sequence[Recorded] = (),
    **more: Any,
) -> PlanInput:
    """A planner's input in which every endpoint can be seen; `managed` counts the recorded and removed."""
    plain = PlanInput(
        catalog=catalog(),
        desired={item.address: item for item in desired},
        recorded={item.address: item for item in recorded},
        removed=tuple(removed),
        endpoints={name: EndpointStatus(name, provider) for name, provider in ENDPOINTS.items()},
        lower=one_call,
        now=NOW,
        managed=max(len(recorded) + len(removed), 1000),
    )
    return replace(plain, **more)


def refusing(lower: Lower, error: Exception, only: Action) -> Lower:
    """A lowering that raises for one action."""

    def lowered(
        action: Action, endpoint: str, desired: Desired | None, recorded: Recorded | None, diff: Diff
    ) -> tuple[Call, ...]:
        if action is only:
            raise error
        return lower(action, endpoint, desired, recorded, diff)

    return lowered


# -- generators -----------------------------------------------------------------------------------------

names = st.text(string.ascii_lowercase + string.digits + "-_", min_size=1, max_size=12).map(as_name)
plain_texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=20
)
_BY_FORMAT: dict[Format, st.SearchStrategy[str]] = {
    Format.PLAIN: plain_texts,
    Format.TEXT: plain_texts,
    Format.CIDR: st.one_of(
        st.ip_addresses(v=4).map(lambda ip: f"{ip}/32"),
        st.ip_addresses(v=6).map(lambda ip: f"{ip.exploded.upper()}/128"),
        st.sampled_from(["10.0.0.0/8", "192.0.2.0/24", "2001:DB8::/32", "::/0"]),
    ),
    Format.IP: st.ip_addresses().map(lambda ip: ip.exploded.upper()),
    Format.INTERFACE: st.one_of(st.just("dhcp"), st.ip_addresses(v=4).map(lambda ip: f"{ip}/24")),
    Format.MAC: st.binary(min_size=6, max_size=6).map(lambda octets: octets.hex("-")),
    Format.HOSTNAME: st.from_regex(r"[A-Za-z]{1,8}\.(com|EXAMPLE)", fullmatch=True),
    Format.SSH_PUBLIC_KEY: st.sampled_from([PUBLIC_KEY, PUBLIC_KEY + " someone@somewhere"]),
}
secrets = st.builds(SecretRef, names, st.sampled_from(["", "0a1b2c3d4e5f", "ffeeddccbbaa"]))


def scalars(rule: TypeAttribute) -> st.SearchStrategy[Scalar]:
    """Values of one element, in any spelling that people use."""
    definition = rule.definition
    if rule.allowed_values:
        return st.sampled_from(rule.allowed_values)
    if definition.reference_types:
        return st.builds(
            lambda kind, name: f"{kind}/{name}", st.sampled_from(definition.reference_types), names
        )
    match definition.data_type:
        case DataType.INTEGER:
            low = rule.minimum if rule.minimum is not None else 1
            return st.integers(low, rule.maximum if rule.maximum is not None else 2**31 - 1)
        case DataType.DECIMAL:
            least = rule.minimum if rule.minimum is not None else -(10**12)
            most = rule.maximum if rule.maximum is not None else 10**12
            return st.decimals(least, most, allow_nan=False, places=6)
        case DataType.BOOLEAN:
            return st.booleans()
        case DataType.DATETIME:
            return st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - given above
        case _:
            texts = _BY_FORMAT.get(definition.format, plain_texts)
            return texts.map(lambda text: text[: rule.max_length])


def values(rule: TypeAttribute) -> st.SearchStrategy[Value]:
    """Canonical values of an attribute, empty sets and lists too."""
    definition = rule.definition
    if definition.secret or rule.mutability is Mutability.WRITE_ONLY:
        return secrets
    one = scalars(rule)
    if definition.cardinality is Cardinality.ONE:
        return one.map(lambda value: canonical(value, Cardinality.ONE, definition.format))
    many = st.lists(one, max_size=4).map(tuple)
    return many.map(lambda items: canonical(items, definition.cardinality, definition.format))


@st.composite
def attributes(draw: st.DrawFn, resource_type: str, provider: str) -> tuple[Attributes, frozenset[str]]:
    """Attributes with defaults, and which of them a person wrote."""
    rules = catalog().attributes(resource_type, provider)
    settable = sorted(name for name, rule in rules.items() if rule.settable)
    kind = catalog().resource_types[resource_type]
    musts = {n for n in settable if rules[n].required or n in kind.key_attributes}
    some = draw(st.lists(st.sampled_from(settable), max_size=6, unique=True)) if settable else []
    chosen = {name: draw(values(rules[name])) for name in sorted({*some, *musts})}
    defaults = {n: rules[n].default for n in settable if rules[n].default is not None and n not in chosen}
    return {**chosen, **{n: v for n, v in defaults.items() if v is not None}}, frozenset(chosen)


@cache
def root_types() -> list[tuple[str, str]]:
    """(resource type, provider type) of every root that any driver offers."""
    known: Catalog = catalog()
    return sorted(pair for pair in known.offers if not known.resource_types[pair[0]].is_part)


lifecycles = st.builds(
    Lifecycle,
    prevent_destroy=st.booleans(),
    on_remove=st.sampled_from([None, *OnRemove]),
    ignore_changes=st.frozensets(st.sampled_from(["tags", "description", "protected"]), max_size=2),
    allow_downtime=st.booleans(),
    replace=st.sampled_from(ReplacePolicy),
)
tags = st.dictionaries(names, st.one_of(st.just(""), names), max_size=3)


@st.composite
def resources(
    draw: st.DrawFn,
    name: st.SearchStrategy[str] = names,
    types: Callable[[], list[tuple[str, str]]] = root_types,
    lifecycle: st.SearchStrategy[Lifecycle] = lifecycles,
) -> Desired:
    """Any desired resource of any type that the packaged drivers offer."""
    resource_type, provider = draw(st.sampled_from(types()))
    address = Address.of(resource_type, draw(name))
    found, explicit = draw(attributes(resource_type, provider))
    kinds = catalog().parts_of(resource_type, provider)
    listed = draw(st.lists(st.sampled_from(kinds), max_size=2, unique_by=lambda k: k.name)) if kinds else []
    parts = [part for kind in listed for part in draw(part_lists(address, kind, provider))]
    offer = catalog().offers[resource_type, provider]
    return Desired(
        address=address,
        type=resource_type,
        provider_type=provider,
        endpoint=ENDPOINT_OF[provider],
        attributes=found,
        explicit=explicit,
        tags=draw(tags) if offer.tags else {},
        lifecycle=draw(lifecycle),
        parts=tuple(parts),
        collections=frozenset(kind.name for kind in listed),
        adopt=draw(st.sampled_from([None, None, "4711"])),
        location=draw(st.sampled_from([None, "fsn1"])),
        origin=Location("fleet.yaml", draw(st.integers(1, 99)), 1),
    )


@st.composite
def part_lists(draw: st.DrawFn, parent: Address, kind: ResourceType, provider: str) -> list[Desired]:
    """Up to three parts of one type that can be told apart."""
    made: dict[str, Desired] = {}
    for number in range(draw(st.integers(0, 3))):
        found, explicit = draw(attributes(kind.name, provider))
        key = "|".join(encode(found.get(name, "")) for name in (kind.key_attributes or sorted(found)))
        part = Desired(
            address=parent.part(kind.name, f"p{number}"),
            type=kind.name,
            provider_type=provider,
            endpoint=ENDPOINT_OF[provider],
            attributes=found,
            explicit=explicit,
            origin=Location("fleet.yaml", 1, 1),
        )
        made.setdefault(key, part)
    return list(made.values())


def respelled(value: Any, form: Format) -> Any:
    """The same value as somebody else would write it, not canonical."""
    if isinstance(value, tuple):
        return tuple(reversed([_respelled(item, form) for item in value]))
    return _respelled(value, form)


def _respelled(value: Any, form: Format) -> Any:
    match value, form:
        case Decimal(), _:
            return Decimal(f"{value:f}" + ("0" if "." in f"{value:f}" else ".00"))
        case str(), Format.MAC:
            return value.lower().replace(":", "-")
        case str(), Format.HOSTNAME:
            return value.upper()
        case str(), Format.IP | Format.CIDR if ":" in value:
            return value.upper()
        case str(), Format.TEXT:
            return value + "\r\n"
        case str(), Format.SSH_PUBLIC_KEY:
            return f"{value}   me@here"
    return value
