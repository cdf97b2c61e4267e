"""Building calls: the words that the lowering of every type shares. Pure.

A tree of a request's body is flattened here; its leaves may be placeholders.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.diff import PartAction
from reconciler.model.plan import Call, ExternalId, Impact, Param
from reconciler.model.resource import Desired, Recorded
from reconciler.model.values import ExternalRef, SecretRef, Value
from reconciler.providers.flat import flatten
from reconciler.providers.hetzner.convert_objects import PROVIDERS_NAME
from reconciler.providers.hetzner.kinds import KINDS, Kind, name_of
from reconciler.providers.hetzner.labels import changed, marked
from reconciler.providers.hetzner.lower.rules import Change

Tree = dict[str, Any]


def kind_of(address: Address) -> Kind:
    return KINDS[address.type]


def create(desired: Desired, body: Mapping[str, Any], *, timeout: int = 600) -> Call:
    """The call that makes an object: its name, its tags and our mark go with it."""
    kind = kind_of(desired.address)
    tree = {"name": _name(desired), **body, "labels": marked(desired.address, desired.tags)}
    return Call(
        operation=f"{kind.noun}.create",
        method="POST",
        path=f"/{kind.collection}",
        summary=f"create {_words(kind)} {desired.address.name}",
        params=flatten(tree),
        creates=True,
        timeout=timeout,
    )


def _name(desired: Desired) -> str:
    name = desired.attributes.get(name_of(desired.type))
    return desired.address.name if name is None else str(name)


def put(address: Address, body: Mapping[str, Any]) -> tuple[Call, ...]:
    """One update of an object's plain fields; nothing where there is nothing to write."""
    if not body:
        return ()
    kind = kind_of(address)
    return (
        Call(
            operation=f"{kind.noun}.update",
            method="PUT",
            path=f"/{kind.collection}/{{id}}",
            summary=f"write {', '.join(body)} of {_words(kind)} {address.name}",
            path_params=(("id", ExternalId(address)),),
            params=flatten(body),
        ),
    )


def delete(address: Address, *, impact: Impact = Impact.ONLINE) -> Call:
    kind = kind_of(address)
    return Call(
        operation=f"{kind.noun}.delete",
        method="DELETE",
        path=f"/{kind.collection}/{{id}}",
        summary=f"delete {_words(kind)} {address.name}",
        path_params=(("id", ExternalId(address)),),
        impact=impact,
        deletes=True,
    )


def act(
    address: Address,
    action: str,
    summary: str,
    body: Mapping[str, Any] | None = None,
    *,
    target: Param = None,
    noun: str | None = None,
    impact: Impact = Impact.ONLINE,
    best_effort: bool = False,
    timeout: int = 600,
) -> Call:
    """An action on the object at `address`; or on `target`, an object of another kind (`noun`)."""
    kind = kind_of(address) if noun is None else KINDS[noun]
    return Call(
        operation=f"{kind.noun}.{action}",
        method="POST",
        path=f"/{kind.collection}/{{id}}/actions/{action}",
        summary=summary,
        path_params=(("id", ExternalId(address) if target is None else target),),
        params=flatten(body or {}),
        impact=impact,
        best_effort=best_effort,
        timeout=timeout,
    )


def protect(address: Address, on: bool, *, rebuild: bool = False) -> Call:
    """Switch deletion protection; a server's rebuild protection must go along."""
    body = {"delete": on, "rebuild": on} if rebuild else {"delete": on}
    words = "protect against deletion" if on else "no longer protect against deletion"
    return act(address, "change_protection", f"{address.name}: {words}", body)


def change_dns_ptr(address: Address, ip: Param, name: Value | None) -> Call:
    if PROVIDERS_NAME.fullmatch(str(name)):
        raise PlanError(
            f"{address}: {name} is the name that the provider gives an address by itself",
            hint="write null, which brings it back",
        )
    words = (
        f"reverse DNS of {address.name} to {name}"
        if name is not None
        else f"reset reverse DNS of {address.name}"
    )
    return act(address, "change_dns_ptr", words, {"ip": ip, "dns_ptr": name})


def naming(change: Change) -> Tree:
    """The name to write where it changes, and the labels where tags do: those recorded, with the changes."""
    recorded, body = change.recorded, Tree()
    if name := change.diff.change(name_of(recorded.type)):
        body["name"] = plain(name.after)
    if change.diff.tags:
        body["labels"] = marked(recorded.address, changed(recorded.tags, change.diff.tags))
    return body


def changed_parts(change: Change, part_type: str) -> tuple[list[Recorded], list[Desired]]:
    """The parts of one type that go, and those that come."""
    there = {part.address: part for part in change.recorded.parts}
    wanted = {part.address: part for part in change.desired.parts}
    mine = [part for part in change.diff.parts if part.address.type == part_type]
    gone = [there[part.address] for part in mine if part.action is PartAction.DELETE]
    come = [wanted[part.address] for part in mine if part.action is PartAction.CREATE]
    return gone, come


def target_id(value: object) -> Param:
    """The id behind a reference: an address (filled in later) or what the provider itself said."""
    if isinstance(value, ExternalRef):
        return value.external_id
    if isinstance(value, Address):
        return ExternalId(value)
    raise PlanError(f"`{value}` is not a reference")


def target_ids(value: Value | None) -> list[Param]:
    """The ids behind a set of references."""
    return [target_id(item) for item in value] if isinstance(value, tuple) else []


def plain(value: Value | None) -> Any:
    """An attribute as a leaf or list of a request's body."""
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (str, int, SecretRef)):
        return value
    raise PlanError(f"a value of type {type(value).__name__} cannot be sent to Hetzner")


def given(desired: Desired, **fields: str) -> Tree:
    """The body's fields whose attributes have a value: `given(desired, size="size_gb")`."""
    values = desired.attributes
    return {field: plain(values[name]) for field, name in fields.items() if values.get(name) is not None}


def at(item: Desired) -> str:
    """Where a manifest says it, to stand behind a name; nothing where that is not known."""
    return f" ({item.origin})" if item.origin is not None else ""


def need_place(desired: Desired) -> None:
    """Raises PlanError for what would be made nowhere: the API takes a location, or a machine to be near."""
    if desired.attributes.get("location") is None and desired.attributes.get("server") is None:
        raise PlanError(
            f"{desired.address}: it is not said where to make it",
            hint="set `location`, or `server` for the place of that machine",
        )


def refuse_protected(recorded: Recorded) -> None:
    """Protection is switched off only by a step of its own that a person saw."""
    if recorded.attributes.get("protected") is True:
        raise PlanError(
            f"{recorded.address} is protected against deletion at the provider",
            hint="set `protected: false` in its manifest, apply that, then delete it",
        )


def _words(kind: Kind) -> str:
    return kind.noun.replace("_", " ").replace("ssh", "SSH").replace(" ip", " IP")
