"""Firewalls: the rules are written as a whole; which machines name a firewall is lowered on their side."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.plan import Call, Param
from reconciler.model.resource import Desired, Recorded
from reconciler.model.values import Attributes, Value
from reconciler.providers.hetzner.lower.build import Tree, act, at, create, delete, naming, plain, put
from reconciler.providers.hetzner.lower.rules import Calls, Change, Rules

_LAST_PORT = 65535
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
    calls = [*put(address, naming(change))]
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
    """Raises PlanError for a rule that the API refuses: then none of them would be written."""
    parts = [part for part in desired.parts if part.type == "firewall_rule"]
    for part in parts:
        _check(part)
    return [_rule(part.attributes) for part in parts]


def _check(part: Desired) -> None:
    values = part.attributes
    direction, protocol, port = values["direction"], str(values["protocol"]), values.get("port")
    mine, other = (
        ("source_ips", "destination_ips") if direction == "in" else ("destination_ips", "source_ips")
    )
    if not values.get(mine):
        hint = 'for everywhere, write ["0.0.0.0/0", "::/0"]'
        raise PlanError(
            f"{part.address}{at(part)}: a rule with direction {direction} needs `{mine}`", hint=hint
        )
    if values.get(other):
        raise PlanError(
            f"{part.address}{at(part)}: a rule with direction {direction} has no `{other}`",
            hint="remove the line",
        )
    ported = protocol in ("tcp", "udp")
    if ported and port is None:
        hint = 'write a port ("443"), a range ("8000-8099") or any'
        raise PlanError(f"{part.address}{at(part)}: a {protocol} rule needs a `port`", hint=hint)
    if not ported and port is not None:
        raise PlanError(f"{part.address}{at(part)}: a {protocol} rule has no `port`", hint="remove the line")
    if ported and port != "any":
        low, _, high = str(port).partition("-")
        if not 1 <= int(low) <= int(high or low) <= _LAST_PORT:
            hint = f"ports go from 1 to {_LAST_PORT}, the lower one first"
            raise PlanError(f"{part.address}{at(part)}: `{port}` is no range of ports", hint=hint)


def _rule(values: Attributes) -> Tree:
    return {name: plain(values[name]) for name in _RULE if values.get(name) not in (None, ())}


def _texts(value: Value | None) -> list[str]:
    return [str(item) for item in value] if isinstance(value, tuple) else []


RULES = Rules(_create, _update, _delete)
