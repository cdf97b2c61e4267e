"""Firewalls: the rules are written as a whole. Which machines name a firewall is lowered on their side, by
requests that are the firewall's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.plan import Call, ExternalId
from reconciler.model.resource import Desired, Observed, Recorded
from reconciler.model.values import Attributes, Value, encode
from reconciler.providers.hetzner.calls import Calls, Change, Tree, at, plain, target_id
from reconciler.providers.hetzner.reading import Json, attributes, observed, observed_part
from reconciler.providers.hetzner.resource_type import Beside, ResourceType, Rules
from reconciler.providers.hetzner.wire import Wire

WIRE = Wire("firewall", "firewall", "firewalls", "firewall", numbers=frozenset({"id"}))
_PART = "firewall_rule"
_LAST_PORT = 65535
_RULE = ("description", "direction", "protocol", "port", "source_ips", "destination_ips")


def _read(data: Json, _: Beside) -> Observed:
    """Machines it is applied to directly name it themselves; only its label selectors are its own."""
    selectors = [
        item["label_selector"]["selector"] for item in data["applied_to"] if item["type"] == "label_selector"
    ]
    values = attributes(label_selectors=selectors, created=data["created"])
    return observed(WIRE, data, values, parts=[_read_rule(item) for item in data["rules"]])


def _read_rule(data: Json) -> Observed:
    values = attributes(
        direction=data["direction"],
        protocol=data["protocol"],
        port=data.get("port"),
        source_ips=data.get("source_ips") or None,
        destination_ips=data.get("destination_ips") or None,
        description=data.get("description") or None,
    )
    content = ",".join(f"{name}={encode(values[name])}" for name in sorted(values))
    words = [data["direction"], data["protocol"], data.get("port") or "all"]
    return observed_part(_PART, "-".join([*words, hashlib.sha256(content.encode()).hexdigest()[:8]]), values)


def by_server(firewalls: Iterable[Json]) -> dict[int, frozenset[int]]:
    """By server: the firewalls applied to it itself, not by a label selector. Only their side knows."""
    found: dict[int, set[int]] = {}
    for firewall in firewalls:
        for item in firewall["applied_to"]:
            if item["type"] == "server":
                found.setdefault(item["server"]["id"], set()).add(firewall["id"])
    return {server: frozenset(numbers) for server, numbers in found.items()}


def _create(desired: Desired) -> Calls:
    body: Tree = {}
    if rules := _rules(desired):
        body["rules"] = rules
    if selectors := _texts(desired.attributes.get("label_selectors")):
        body["apply_to"] = _selectors(selectors)
    return (WIRE.create(desired, body),)


def _update(change: Change) -> Calls:
    address = change.recorded.address
    calls = [*WIRE.put(address, WIRE.naming(change))]
    if any(part.address.type == _PART for part in change.diff.parts):
        rules = _rules(change.desired)
        words = f"{address.name}: write {len(rules)} rules"
        calls.append(WIRE.act(address, "set_rules", words, {"rules": rules}))
    if selectors := change.diff.change("label_selectors"):
        before, after = set(_texts(selectors.before)), set(_texts(selectors.after))
        calls += _remove(address, sorted(before - after))
        calls += _apply(address, sorted(after - before))
    return tuple(calls)


def _delete(recorded: Recorded) -> Calls:
    selectors = _texts(recorded.attributes.get("label_selectors"))
    return (*_remove(recorded.address, selectors), WIRE.delete(recorded.address))


def apply_to_server(firewall: object, machine: Address) -> Call:
    """Put a firewall on a machine."""
    body = {"apply_to": [_server(machine)]}
    return WIRE.act(target_id(firewall), "apply_to_resources", f"{machine.name}: apply {firewall}", body)


def remove_from_server(firewall: object, machine: Address) -> Call:
    """Take a firewall off a machine."""
    body = {"remove_from": [_server(machine)]}
    return WIRE.act(target_id(firewall), "remove_from_resources", f"{machine.name}: lift {firewall}", body)


def _server(machine: Address) -> Tree:
    return {"type": "server", "server": {"id": ExternalId(machine)}}


def _apply(address: Address, selectors: Sequence[str]) -> Calls:
    if not selectors:
        return ()
    words = f"{address.name}: apply to {', '.join(selectors)}"
    return (WIRE.act(address, "apply_to_resources", words, {"apply_to": _selectors(selectors)}),)


def _remove(address: Address, selectors: Sequence[str]) -> Calls:
    if not selectors:
        return ()
    words = f"{address.name}: no longer apply to {', '.join(selectors)}"
    return (WIRE.act(address, "remove_from_resources", words, {"remove_from": _selectors(selectors)}),)


def _selectors(texts: Sequence[str]) -> list[Tree]:
    return [{"type": "label_selector", "label_selector": {"selector": text}} for text in texts]


def _rules(desired: Desired) -> list[Tree]:
    """Raises PlanError for a rule that the API refuses: then none of them would be written."""
    parts = [part for part in desired.parts if part.type == _PART]
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


TYPE = ResourceType(WIRE, _read, Rules(_create, _update, _delete, most_parts={_PART: 50}))
