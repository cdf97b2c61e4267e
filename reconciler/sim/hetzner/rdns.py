"""Reverse DNS of a public address: an IPv4 address always has a name, an IPv6 one only where it was set."""

from __future__ import annotations

import ipaddress
from typing import Any

from reconciler.sim.hetzner.call import Answer, Call, Routes
from reconciler.sim.hetzner.problems import invalid
from reconciler.sim.hetzner.project import Json
from reconciler.sim.hetzner.validation import nullable, record, text

CHANGE = record({"ip": text(low=1)}, dns_ptr=nullable(text(low=1, high=253)))


def _default_name(ip: str) -> str:
    return "static." + ".".join(reversed(ip.split("."))) + ".clients.your-server.de"


def initial(kind: str, ip: str) -> dict[str, str]:
    """The names (by address) that a new address starts with."""
    return {ip: _default_name(ip)} if kind == "ipv4" else {}


def shown(names: dict[str, str]) -> list[Json]:
    """The names (by address) as an answer lists them: `ip` and `dns_ptr`."""
    return [{"ip": ip, "dns_ptr": name} for ip, name in names.items()]


def changed(row: Json, body: dict[str, Any]) -> dict[str, str]:
    """The names after a `change_dns_ptr`; refuses an address that is not this one's."""
    ip, name = body["ip"], body.get("dns_ptr")
    if not _covers(row["ip"], ip):
        raise invalid("ip", f"{ip} does not belong to this resource")
    names: dict[str, str] = dict(row["_names"])
    if row["type"] == "ipv4":
        names[ip] = name or _default_name(ip)
    elif name is None:
        names.pop(str(ipaddress.IPv6Address(ip)), None)
    else:
        names[str(ipaddress.IPv6Address(ip))] = name
    return names


def routes(kind: str) -> Routes:
    """The command of a collection whose members are addresses."""

    def change_dns_ptr(call: Call) -> Answer:
        """Done at once, assigned or not; an `ip` that is not of this address is `invalid_input`."""
        row = call.row(kind)
        names = changed(row, call.read(CHANGE))
        resource = (call.project.nouns[kind], row["id"])
        return call.one_action(call.start("change_dns_ptr", [resource], lambda: row.update(_names=names)))

    return {f"POST /{kind}/{{id}}/actions/change_dns_ptr": change_dns_ptr}


def _covers(mine: str, ip: str) -> bool:
    try:
        return ipaddress.ip_address(ip) in ipaddress.ip_network(mine)
    except ValueError:
        raise invalid("ip", "must be an IP address") from None
