"""A type of Hetzner Cloud has one place, in the driver and in the simulator: no module outside names it."""

from __future__ import annotations

from pathlib import Path

import reconciler.providers.hetzner as driver
import reconciler.sim.hetzner as simulator
from reconciler.providers.hetzner import HetznerDriver
from reconciler.providers.hetzner.types import TYPES
from reconciler.sim.hetzner.types import COLLECTIONS
from tests import contract
from tests.rigs.naming import naming

HOME = Path(driver.__file__).parent
SIMULATED = Path(simulator.__file__).parent
SAMPLES = Path(contract.__path__[0]) / "hetzner_samples"
OFFERED = {offer.resource_type for offer in HetznerDriver.catalog.offers}
LOOKED_AT = {operation.partition(".")[0] for each in TYPES.values() for operation in each.reads}
WIRE = {name for each in TYPES.values() for name in (each.wire.noun, each.wire.collection)} | LOOKED_AT


def test_no_module_outside_the_types_names_one() -> None:
    assert {"vm", "network_attachment", "server", "servers", "image"} <= OFFERED | WIRE
    found = naming(HOME, OFFERED | WIRE)
    assert {name for name in found if not name[0].startswith("types/")} == set()
    assert {word for _, word in found} >= OFFERED | WIRE, "the scan finds no names where they are"


def test_a_type_is_a_module_of_its_name_and_the_only_one_of_that_wire() -> None:
    for name, each in TYPES.items():
        assert each.wire.resource_type == name
        assert (HOME / f"types/{name}.py").exists() != (HOME / f"types/{name}").is_dir()
    assert len({each.wire.noun for each in TYPES.values()}) == len(TYPES)
    tasks = [each.watch.task for each in TYPES.values() if each.watch is not None]
    assert len({*tasks, "action"}) == len(tasks) + 1, "a task says by its first word who polls it"


def test_a_type_has_its_samples_in_a_module_of_its_name() -> None:
    found = {file.stem for file in SAMPLES.glob("*.py")}
    assert found == TYPES.keys() | {"__init__", "wanting"}


def test_the_simulator_names_a_kind_in_its_own_module_alone() -> None:
    """But for what the provider sells and sold."""
    found = naming(SIMULATED, WIRE - LOOKED_AT)
    outside = {file for file, _ in found if not file.startswith("types/")}
    assert outside == {"catalogue.py", "older.py"}
    for each in COLLECTIONS:
        noun = each.kind.noun
        assert (SIMULATED / f"types/{noun}.py").exists() != (SIMULATED / f"types/{noun}").is_dir()
