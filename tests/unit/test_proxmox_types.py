"""A type of Proxmox VE has one place: no module outside it names it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import reconciler.providers.proxmox as driver
from reconciler.providers.proxmox import ProxmoxDriver
from reconciler.providers.proxmox.types import GUESTS, TYPES, VIEWS

HOME = Path(driver.__file__).parent
OFFERED = {offer.resource_type for offer in ProxmoxDriver.catalog.offers}
WIRE = {kind.names.type: kind.names.wire for kind in GUESTS}


def words(file: Path) -> Iterator[str]:
    """The words of a module's string literals, its docstrings aside: `/nodes/{node}/qemu` has `qemu`."""
    tree = ast.parse(file.read_text())
    texts = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in texts:
            yield from re.split(r"[/.]", node.value)


def naming(folder: Path, names: set[str]) -> set[tuple[str, str]]:
    """Which modules of a folder name which of these."""
    return {
        (str(file.relative_to(HOME)), word)
        for file in folder.rglob("*.py")
        for word in words(file)
        if word in names
    }


def test_no_module_outside_the_types_names_one() -> None:
    assert WIRE.keys() < OFFERED
    assert {"qemu", "disk", "pool"} <= OFFERED | set(WIRE.values())
    found = naming(HOME, OFFERED | set(WIRE.values()))
    assert {name for name in found if not name[0].startswith("types/")} == set()
    assert {word for _, word in found} > set(WIRE.values()), "the scan finds no names where they are"


def test_a_kind_of_guest_is_named_in_its_own_folder_alone() -> None:
    kinds = WIRE.keys() | set(WIRE.values())
    # The API's filter `type=vm` is its word for guests of every kind.
    assert naming(HOME / "types" / "guest", kinds) == {("types/guest/observe.py", "vm")}
    for own, wire in WIRE.items():
        assert naming(HOME / "types" / own, kinds - {own, wire}) == set()


def test_every_root_of_the_catalog_is_a_type_and_is_in_one_view() -> None:
    parts = {name for kind in GUESTS for name in kind.parts}
    assert TYPES.keys() == OFFERED - parts
    assert sorted(name for view in VIEWS for name in view.types) == sorted(TYPES)
