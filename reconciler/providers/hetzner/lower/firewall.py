"""Firewalls: the rules are written as a whole; which machines name a firewall is lowered on their side."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.address import Address
from reconciler.model.plan import Call, Param
from reconciler.model.resource import Desired, Recorded
from reconciler.model.values import Attributes, Value
from reconciler.providers.hetzner.lower.build import Tree, act, create, delete, labels, plain, put
from reconciler.providers.hetzner.lower.rules import Calls, Change, Rules

_RULE = ("description", "direction", "protocol", "port", "source_ips", "destination_ips")


def _create(desired: Desired) -> Calls:
    body: Tree = {}
    if rules := _rules(desired):
        body["rules"] = rules
    if selectors := _texts(desired.attributes.get("label_selectors")):
        body["apply_to"] = _selectors(selectors)
    return (create(desired, body),)


def _update(change: Change) -> Calls:
    address = change.recorded.address
    calls = [*put(address, labels(change))]
    if any(part.address.type == "firewall_rule" for part in change.diff.parts):
        rules = _rules(change.desired)
        calls.append(act(address, "set_rules", f"{address.name}: write {len(rules)} rules", {"rules": rules}))
    if selectors := change.diff.change("label_selectors"):
        before, after = set(_texts(selectors.before)), set(_texts(selectors.after))
        calls += _remove(address, sorted(before - after))
        calls += _apply(address, sorted(after - before))
    return tuple(calls)


def _delete(recorded: Recorded) -> Calls:
    selectors = _texts(recorded.attributes.get("label_selectors"))
    return (*_remove(recorded.address, selectors), delete(recorded.address))


def apply_to_server(firewall: Param, words: str, server: Param, address: Address) -> Call:
    """Put a firewall on a machine; `address` is the machine's."""
    body = {"apply_to": [{"type": "server", "server": {"id": server}}]}
    return act(address, "apply_to_resources", words, body, target=firewall, noun="firewall")


def remove_from_server(firewall: Param, words: str, server: Param, address: Address) -> Call:
    """Take a firewall off a machine; `address` is the machine's."""
    body = {"remove_from": [{"type": "server", "server": {"id": server}}]}
    return act(address, "remove_from_resources", words, body, target=firewall, noun="firewall")


def _apply(address: Address, selectors: Sequence[str]) -> Calls:
    if not selectors:
        return ()
    words = f"{address.name}: apply to {', '.join(selectors)}"
    return (act(address, "apply_to_resources", words, {"apply_to": _selectors(selectors)}),)


def _remove(address: Address, selectors: Sequence[str]) -> Calls:
    if not selectors:
        return ()
    words = f"{address.name}: no longer apply to {', '.join(selectors)}"
    return (act(address, "remove_from_resources", words, {"remove_from": _selectors(selectors)}),)


def _selectors(texts: Sequence[str]) -> list[Tree]:
    return [{"type": "label_selector", "label_selector": {"selector": text}} for text in texts]


def _rules(desired: Desired) -> list[Tree]:
    return [_rule(part.attributes) for part in desired.parts if part.type == "firewall_rule"]


def _rule(values: Attributes) -> Tree:
    return {name: plain(values[name]) for name in _RULE if values.get(name) not in (None, ())}


def _texts(value: Value | None) -> list[str]:
    return [str(item) for item in value] if isinstance(value, tuple) else []


RULES = Rules(_create, _update, _delete)
