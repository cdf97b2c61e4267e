"""Pools. Guests join and leave by their own attribute; storages are the pool's. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reconciler.errors import PlanError
from reconciler.model.plan import Action, Call, Param
from reconciler.model.values import Value
from reconciler.providers.driver import LowerRequest
from reconciler.providers.proxmox.fields import texts
from reconciler.providers.proxmox.lower.build import Params, marked_text
from reconciler.providers.proxmox.marks import FAULT


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
    params: Params = (("poolid", name), *marked_text("comment", str(text or "")))
    return Call("pool.create", "POST", "/pools", "create", params=params, creates=True)


def _comment(name: str, text: Value | None, summary: str) -> Call:
    params: Params = (("poolid", name), *marked_text("comment", str(text or "")))
    return Call("pool.update", "PUT", "/pools", summary, params=params)


def _update(name: str, request: LowerRequest) -> tuple[Call, ...]:
    calls: list[Call] = []
    before = request.recorded.attributes.get("description") if request.recorded else None
    if text := request.diff.change("description"):
        calls.append(_comment(name, text.after, "set the comment"))
    elif request.diff.change(FAULT):
        calls.append(_comment(name, before, "write our mark again, below what the comment says"))
    if storages := request.diff.change("storages"):
        calls += _storages(name, storages.before, storages.after)
    return tuple(calls)


def _storages(name: str, before: Value | None, after: Value | None) -> list[Call]:
    old, new = set(texts(before)), set(texts(after))
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
