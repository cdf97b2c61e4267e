"""The Proxmox VE simulator's own parameter tables, held against the published API tree."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.sim.proxmox import formats
from reconciler.sim.proxmox.options import CT_OPTIONS, VM_OPTIONS
from reconciler.sim.proxmox.routing import OPERATIONS, Operation
from reconciler.sim.proxmox.strings import PropertyFormat
from tests import facts
from tests.contract.proxmox_rig import differences


def declared(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


@pytest.mark.parametrize("operation", OPERATIONS, ids=declared)
def test_every_operation_takes_exactly_the_parameters_of_the_tree(operation: Operation) -> None:
    theirs = facts.proxmox()[operation.path][operation.method]["parameters"].get("properties", {})
    assert sorted(operation.table) == sorted(theirs)
    found = [text for name in theirs for text in differences(name, operation.table[name], theirs[name])]
    assert found == []


@pytest.mark.parametrize("operation", OPERATIONS, ids=declared)
def test_every_operation_asks_for_a_privilege_where_the_tree_does(operation: Operation) -> None:
    permissions = facts.proxmox()[operation.path][operation.method].get("permissions", {})
    check = permissions.get("check")
    if not check or check[0] != "perm":
        return
    assert operation.needs is not None
    path, privileges = operation.needs
    assert path == check[1]
    assert set(privileges) <= {*check[2], "Datastore.AllocateSpace"}


def property_formats() -> list[tuple[str, str, PropertyFormat]]:
    vm, ct = "/nodes/{node}/qemu", "/nodes/{node}/lxc"
    return [
        *((vm, f"{stem}[n]", formats.DRIVES[stem]) for stem in ("ide", "sata", "scsi", "virtio", "unused")),
        *((vm, f"{stem}0", formats.DRIVES[stem]) for stem in ("efidisk", "tpmstate")),
        (vm, "net[n]", formats.VM_NIC),
        (vm, "agent", formats.AGENT),
        (vm, "audio0", formats.AUDIO),
        (vm, "ivshmem", formats.IVSHMEM),
        (vm, "machine", formats.MACHINE),
        (vm, "memory", formats.MEMORY),
        (vm, "numa[n]", formats.NUMA),
        (vm, "spice_enhancements", formats.SPICE),
        (vm, "usb[n]", formats.USB),
        (vm, "vga", formats.VGA),
        (vm, "virtiofs[n]", formats.VIRTIOFS),
        (ct, "net[n]", formats.CT_NIC),
        (ct, "rootfs", formats.MOUNTS["rootfs"]),
        (ct, "mp[n]", formats.MOUNTS["mp"]),
        (ct, "unused[n]", formats.MOUNTS["unused"]),
        (ct, "dev[n]", formats.DEVICE),
        (ct, "features", formats.FEATURES),
    ]


@pytest.mark.parametrize(("path", "name", "ours"), property_formats())
def test_every_property_string_has_exactly_the_keys_of_the_tree(
    path: str, name: str, ours: PropertyFormat
) -> None:
    theirs: dict[str, Any] = facts.proxmox()[path]["POST"]["parameters"]["properties"][name]["format"]
    keys = {key: value for key, value in theirs.items() if "alias" not in value}
    assert sorted(ours.keys) == sorted(keys)
    default = next((key for key, value in keys.items() if value.get("default_key")), None)
    assert ours.default == default
    for key, value in keys.items():
        assert (key, ours.keys[key].kind) == (key, value["type"])
        assert (key, list(ours.keys[key].enum)) == (key, value.get("enum", []))


def test_every_option_can_be_read_back() -> None:
    for options, path in ((VM_OPTIONS, "/nodes/{node}/qemu"), (CT_OPTIONS, "/nodes/{node}/lxc")):
        returned = facts.proxmox()[f"{path}/{{vmid}}/config"]["GET"]["returns"]["properties"]
        not_returned = {"affinity", "autostart", "import-from"} | {"migrate_downtime", "migrate_speed"}
        assert set(options) - set(returned) - not_returned <= {
            "hugepages",
            "keephugepages",
            "env",
            "entrypoint",
        }
