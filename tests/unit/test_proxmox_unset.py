"""What the catalog says can be unset is not there afterwards: it is deleted, and no default is read."""

from __future__ import annotations

import pytest

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.providers.proxmox import fields, tables
from reconciler.providers.proxmox.lower.options import guest_options, params_of, part_options


@pytest.mark.parametrize("kind", ["vm", "container"])
def test_what_can_be_unset_is_deleted_and_then_has_no_value(kind: str) -> None:
    found = {field.attribute: field for field in tables.GUESTS[kind]}
    names = [name for name, rule in fields.rules(kind).items() if rule.unset and name in found]
    assert {"startup_order", "cpu_limit", "search_domain", "hookscript"} <= set(names)
    read, _ = fields.read_options(kind, tables.GUESTS[kind], {})
    for name in names:
        assert name not in read, f"{name} would be observed with a default, and never be unset"
        assert params_of(guest_options(kind, {}, [name])) == [("delete", found[name].option)]


@pytest.mark.parametrize("kind", ["vm", "container"])
def test_no_part_has_a_default_for_what_can_be_unset(kind: str) -> None:
    for table in tables.PARTS[kind].values():
        rules = fields.rules(table.type)
        held = [field for field in (*table.fields, *tables.IP_CONFIG) if field.attribute in rules]
        assert [f.attribute for f in held if rules[f.attribute].unset and f.default is not None] == []


def test_one_part_of_an_option_goes_and_the_others_stay() -> None:
    kept = guest_options("vm", {"startup_order": 3}, ["startup_delay"])
    assert params_of(kept) == [("startup", "3")]


def test_a_machines_gateway_does_not_stay_without_its_address() -> None:
    """As the server refuses it; of a container it takes it."""
    nic = {"slot": "net0", "bridge": "vmbr0", "ip4_gateway": "10.0.0.1"}
    with pytest.raises(PlanError, match="ip4_gateway needs an ip4_config"):
        part_options(Address.parse("vm/web/nic/net0"), "vm", nic, {})
    found = part_options(Address.parse("container/box/nic/net0"), "container", nic, {})
    assert "gw=10.0.0.1" in str(found["net0"])
