"""The Proxmox VE simulator's own parameter tables, held against the published API tree."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.sim.proxmox.routing import OPERATIONS, Operation
from reconciler.sim.proxmox.strings import PropertyFormat
from reconciler.sim.proxmox.types import KINDS
from reconciler.sim.proxmox.types.lxc import formats as of_container
from reconciler.sim.proxmox.types.qemu import formats as of_machine
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
        *(
            (vm, f"{stem}[n]", of_machine.DRIVES[stem])
            for stem in ("ide", "sata", "scsi", "virtio", "unused")
        ),
        *((vm, f"{stem}0", of_machine.DRIVES[stem]) for stem in ("efidisk", "tpmstate")),
        (vm, "net[n]", of_machine.NIC),
        (vm, "agent", of_machine.AGENT),
        (vm, "audio0", of_machine.AUDIO),
        (vm, "ivshmem", of_machine.IVSHMEM),
        (vm, "machine", of_machine.MACHINE),
        (vm, "memory", of_machine.MEMORY),
        (vm, "numa[n]", of_machine.NUMA),
        (vm, "spice_enhancements", of_machine.SPICE),
        (vm, "usb[n]", of_machine.USB),
        (vm, "vga", of_machine.VGA),
        (vm, "virtiofs[n]", of_machine.VIRTIOFS),
        (ct, "net[n]", of_container.NIC),
        (ct, "rootfs", of_container.MOUNTS["rootfs"]),
        (ct, "mp[n]", of_container.MOUNTS["mp"]),
        (ct, "unused[n]", of_container.MOUNTS["unused"]),
        (ct, "dev[n]", of_container.DEVICE),
        (ct, "features", of_container.FEATURES),
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
    for name, kind in KINDS.items():
        returned = facts.proxmox()[f"/nodes/{{node}}/{name}/{{vmid}}/config"]["GET"]["returns"]["properties"]
        not_returned = {"affinity", "autostart", "import-from"} | {"migrate_downtime", "migrate_speed"}
        assert set(kind.options) - set(returned) - not_returned <= {
            "hugepages",
            "keephugepages",
            "env",
            "entrypoint",
        }
