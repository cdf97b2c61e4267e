"""What the catalog says can be unset is not there afterwards: it is deleted, and no default is read."""

from __future__ import annotations

import pytest

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.providers.proxmox.types import GUESTS, container, vm
from reconciler.providers.proxmox.types.guest import fields
from reconciler.providers.proxmox.types.guest.build import params_of
from reconciler.providers.proxmox.types.guest.kind import Kind
from reconciler.providers.proxmox.types.guest.nics import IP_CONFIG

every_kind = pytest.mark.parametrize("kind", GUESTS, ids=lambda kind: kind.names.type)


@every_kind
def test_what_can_be_unset_is_deleted_and_then_has_no_value(kind: Kind) -> None:
    found = {field.attribute: field for field in kind.fields}
    rules = fields.rules(kind.names.type)
    names = [name for name, rule in rules.items() if rule.unset and name in found]
    assert {"startup_order", "cpu_limit", "search_domain", "hookscript"} <= set(names)
    read, _ = fields.read_options(kind.names.type, kind.fields, {})
    for name in names:
        assert name not in read, f"{name} would be observed with a default, and never be unset"
        assert params_of(fields.write_options(kind.fields, {}, [name])) == [("delete", found[name].option)]


@every_kind
def test_no_part_has_a_default_for_what_can_be_unset(kind: Kind) -> None:
    for part in kind.parts.values():
        rules = fields.rules(part.type)
        held = [field for field in (*part.fields, *IP_CONFIG) if field.attribute in rules]
        assert [f.attribute for f in held if rules[f.attribute].unset and f.default is not None] == []


def test_one_part_of_an_option_goes_and_the_others_stay() -> None:
    kept = fields.write_options(vm.KIND.fields, {"startup_order": 3}, ["startup_delay"])
    assert params_of(kept) == [("startup", "3")]


def test_a_machines_gateway_does_not_stay_without_its_address() -> None:
    """As the server refuses it; of a container it takes it."""
    nic = {"slot": "net0", "bridge": "vmbr0", "ip4_gateway": "10.0.0.1"}
    with pytest.raises(PlanError, match="ip4_gateway needs an ip4_config"):
        vm.KIND.parts["nic"].options(Address.parse("vm/web/nic/net0"), nic)
    found = container.KIND.parts["nic"].options(Address.parse("container/box/nic/net0"), nic)
    assert "gw=10.0.0.1" in str(found["net0"])
