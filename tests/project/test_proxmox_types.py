"""A type of Proxmox VE has one place, in the driver and in the simulator: no module outside it names it."""

from __future__ import annotations

from pathlib import Path

import reconciler.providers.proxmox as driver
import reconciler.sim.proxmox as simulator
from reconciler.providers.proxmox import ProxmoxDriver
from reconciler.providers.proxmox.types import GUESTS, TYPES, VIEWS
from tests.rigs.naming import naming

HOME = Path(driver.__file__).parent
SIMULATED = Path(simulator.__file__).parent
OFFERED = {offer.resource_type for offer in ProxmoxDriver.catalog.offers}
WIRE = {kind.names.type: kind.names.wire for kind in GUESTS}


def test_no_module_outside_the_types_names_one() -> None:
    assert WIRE.keys() < OFFERED
    assert {"qemu", "disk", "pool"} <= OFFERED | set(WIRE.values())
    found = naming(HOME, OFFERED | set(WIRE.values()))
    assert {name for name in found if not name[0].startswith("types/")} == set()
    assert {word for _, word in found} > set(WIRE.values()), "the scan finds no names where they are"


def test_a_kind_of_guest_is_named_in_its_own_folder_alone() -> None:
    kinds = WIRE.keys() | set(WIRE.values())
    # The API's filter `type=vm` is its word for guests of every kind.
    assert naming(HOME, kinds, "types/guest") == {("types/guest/observe.py", "vm")}
    for own, wire in WIRE.items():
        assert naming(HOME, kinds - {own, wire}, f"types/{own}") == set()


def test_every_root_of_the_catalog_is_a_type_and_is_in_one_view() -> None:
    parts = {name for kind in GUESTS for name in kind.parts}
    assert TYPES.keys() == OFFERED - parts
    assert sorted(name for view in VIEWS for name in view.types) == sorted(TYPES)


def test_the_simulator_names_a_kind_of_guest_in_its_own_folder_alone() -> None:
    """But for a parameter of a pool's, which has the kinds as its values."""
    for wire in WIRE.values():
        found = {file for file, _ in naming(SIMULATED, {wire})}
        assert {file for file in found if not file.startswith(f"types/{wire}/")} == {"types/pool.py"}
        assert f"types/{wire}/kind.py" in found
