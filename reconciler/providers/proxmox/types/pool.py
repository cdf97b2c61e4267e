"""Pools. Guests join and leave by their own attribute; storages are the pool's.

One list shows them all, and each pool of ours is asked for its storages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.errors import ErrorCode, PlanError, ProviderError
from reconciler.model.plan import Action, Call, Param
from reconciler.model.resource import Observed
from reconciler.model.values import Cardinality, Value, canonical
from reconciler.providers.driver import LowerRequest, Unseen
from reconciler.providers.proxmox import marks
from reconciler.providers.proxmox.resource_type import Look, ResourceType, Target

NAME = "pool"


@dataclass(frozen=True, slots=True)
class PoolView:
    """Absence of a target is a list that shows it nowhere, or a denial that it exists."""

    types: frozenset[str] = frozenset({NAME})

    def at_all(self, look: Look, types: frozenset[str]) -> None:  # noqa: ARG002 - there is one
        """Every pool; one that is ours or has any mark is asked for its storages by itself."""
        known = look.known(NAME)
        for row in look.client.get("/pools"):
            name = str(row["poolid"])
            if name in known or marks.find_in_text(str(row.get("comment") or ""))[1]:
                _look_at(look, name, known=name in known)
            else:
                look.resources.append(_pool(row, ()))

    def at_targets(self, look: Look, targets: Iterable[Target]) -> None:
        """Raises ProviderError if not one of them could be looked at."""
        before = len(look.resources) + len(look.absent)
        errors = [error for _, name in targets if (error := _look_at(look, name, known=True, target=True))]
        if errors and len(look.resources) + len(look.absent) == before:
            raise errors[-1]


def _look_at(look: Look, name: str, *, known: bool, target: bool = False) -> ProviderError | None:
    """One pool with its storages; the error where it could not be seen."""
    try:
        rows = look.client.get("/pools", {"poolid": name})
    except ProviderError as error:
        # Only the server's own words: a bare 404 may come from whatever stands before it.
        if target and error.code is ErrorCode.NOT_FOUND and "does not exist" in error.message:
            look.absent.add((NAME, name))
            return None
        look.unseen.append(Unseen(NAME, name, error.message))
        return error
    row = next((row for row in rows if str(row.get("poolid")) == name), None)
    if row is None:
        look.unseen.append(Unseen(NAME, name, "the answer about the pool does not hold it"))
    else:
        look.resources.append(_pool(row, row.get("members") or (), known=known))
    return None


def _pool(row: Mapping[str, Any], members: Iterable[Mapping[str, Any]], *, known: bool = False) -> Observed:
    """One pool. `known`: it is recorded as ours, so a mark that is missing was lost."""
    text, mark = marks.find_in_text(str(row.get("comment") or ""))
    values: dict[str, Value] = {"description": text} if text else {}
    if known and mark is None:
        values[marks.FAULT] = marks.MISSING
    storages = tuple(sorted({str(item["storage"]) for item in members if item.get("type") == "storage"}))
    if storages:
        values["storages"] = canonical(storages, Cardinality.SET)
    name = str(row["poolid"])
    return Observed(NAME, name, name, "available", values, mark=mark)


def lower(request: LowerRequest) -> tuple[Call, ...]:
    """Raises PlanError for a name that no pool can have."""
    desired, recorded, diff = request.desired, request.recorded, request.diff
    name = (recorded.external_id if recorded else None) or diff.address.name
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9._-]*(?:/[A-Za-z][A-Za-z0-9._-]*){0,2}", name):
        hint = "begin each part with a letter, and use letters, digits and `._-`"
        raise PlanError(f"{diff.address}: no pool can be named so", hint=hint)
    match request.action:
        case Action.CREATE if desired is not None:
            storages = desired.attributes.get("storages")
            return (_create(name, desired.attributes.get("description")), *_storages(name, None, storages))
        case Action.UPDATE:
            return _update(name, request)
        case Action.ADOPT if recorded is not None:
            return (_comment(name, recorded.attributes.get("description"), "write our mark"),)
        case Action.DELETE if recorded is not None:
            delete = Call(
                "pool.delete", "DELETE", "/pools", "delete", params=(("poolid", name),), deletes=True
            )
            return (*_storages(name, recorded.attributes.get("storages"), None), delete)
    raise PlanError(f"{diff.address}: `{request.action}` cannot be lowered without what it starts from")


def _create(name: str, text: Value | None) -> Call:
    params = (("poolid", name), *marks.marked_text("comment", str(text or "")))
    return Call("pool.create", "POST", "/pools", "create", params=params, creates=True)


def _comment(name: str, text: Value | None, summary: str) -> Call:
    params = (("poolid", name), *marks.marked_text("comment", str(text or "")))
    return Call("pool.update", "PUT", "/pools", summary, params=params)


def _update(name: str, request: LowerRequest) -> tuple[Call, ...]:
    calls: list[Call] = []
    before = request.recorded.attributes.get("description") if request.recorded else None
    if text := request.diff.change("description"):
        calls.append(_comment(name, text.after, "set the comment"))
    elif request.diff.change(marks.FAULT):
        calls.append(_comment(name, before, "write our mark again, below what the comment says"))
    if storages := request.diff.change("storages"):
        calls += _storages(name, storages.before, storages.after)
    return tuple(calls)


def _storages(name: str, before: Value | None, after: Value | None) -> list[Call]:
    old, new = (set(map(str, value)) if isinstance(value, tuple) else set() for value in (before, after))
    return [*_members(name, new - old, delete=False), *_members(name, old - new, delete=True)]


def _members(name: str, storages: Iterable[str], *, delete: bool) -> list[Call]:
    listed = ",".join(sorted(storages))
    if not listed:
        return []
    params: list[tuple[str, Param]] = [("poolid", name), ("storage", listed)]
    if delete:
        params.append(("delete", 1))
    verb = "remove" if delete else "add"
    return [Call("pool.members", "PUT", "/pools", f"{verb} {listed}", params=tuple(params))]


TYPE = ResourceType(NAME, ("/pool", "Pool.Audit"), lower, created={"pool.create": "poolid"})
