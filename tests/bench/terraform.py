"""The same shape of fleet for Terraform: its built-in resource, with about ten values each and references.

There is no provider and no API behind it, so what is measured of Terraform is its bookkeeping alone. A fleet
too large to be applied (the default state file is written anew for each resource) gets a state file as
Terraform writes it; that a plan then finds nothing to do shows that it is one.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid5

from tests.bench.fleet import GROUP, MACHINES
from tests.bench.measure import BenchError, Cost, median, run

_Scalar = str | int | bool
_SPACE = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
_TYPES: Mapping[type, str] = {bool: "bool", int: "number", str: "string"}
_OPTIONS = ("-input=false", "-no-color")
_COUNTED = re.compile(rb"(\d+) to add, (\d+) to change")


@dataclass(frozen=True, slots=True)
class _Item:
    """One resource. `needs` are (field, name of the resource whose id it holds, and what that needs)."""

    name: str
    values: Mapping[str, _Scalar]
    needs: tuple[tuple[str, str], ...] = ()
    dependencies: tuple[str, ...] = ()


def is_installed() -> bool:
    return shutil.which("terraform") is not None


class Terraform:
    """One fleet in a folder of its own."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder = folder
        self.size = size
        folder.mkdir(parents=True)
        self._write()
        self._run("init")

    def apply(self) -> Cost:
        """The first apply, into the default state file."""
        return self._run("apply", "-auto-approve")

    def seed(self) -> None:
        """The state as an apply would leave it."""
        state = {
            "version": 4,
            "terraform_version": "1.0.0",
            "serial": 1,
            "lineage": str(_id("lineage")),
            "outputs": {},
            "resources": [_state(item) for item in _items(self.size)],
        }
        (self.folder / "terraform.tfstate").write_text(json.dumps(state))

    def plan(self, changed: Collection[int], repeat: int) -> Cost:
        """Plan with these resources changed. Raises BenchError if it finds anything else to do."""
        self._write(changed)
        costs = [self._run("plan", "-lock=false") for _ in range(repeat)]
        counted = _COUNTED.search(costs[0].output)
        found = (int(counted[1]), int(counted[2])) if counted else (0, 0)
        if found != (0, len(changed)):
            raise BenchError(f"terraform plans {found[0]} additions and {found[1]} changes: {self.folder}")
        return median(costs)

    def _write(self, changed: Collection[int] = ()) -> None:
        (self.folder / "main.tf").write_text("".join(map(_block, _items(self.size, changed))))

    def _run(self, command: str, *options: str) -> Cost:
        return run(["terraform", command, *_OPTIONS, *options], cwd=self.folder)


def _items(size: int, changed: Collection[int] = ()) -> Iterator[_Item]:
    for number in range(size):
        group, place = divmod(number, GROUP)
        role = "changed" if number in changed else "usual"
        common: dict[str, _Scalar] = {
            "env": "bench",
            "group": f"g{group:05}",
            "role": role,
            "location": "fsn1",
        }
        network = f"net_{group:05}"
        if place == 0:
            ranges = {f"range_{index}": f"10.{group % 256}.{index}.0/24" for index in range(6)}
            yield _Item(network, {**common, **ranges})
        elif place <= MACHINES:
            own: dict[str, _Scalar] = {
                "server_type": "cx22",
                "image": "debian-12",
                "power": "running",
                "backups": False,
            }
            name = f"vm_{group:05}_{place:02}"
            yield _Item(name, {**common, **own, "order": place}, (("network", network),), (network,))
        else:
            machine = f"vm_{group:05}_{place - MACHINES:02}"
            disk: dict[str, _Scalar] = {
                "size": place,
                "format": "ext4",
                "automount": False,
                "protected": False,
                "kind": "volume",
            }
            name = f"data_{group:05}_{place - MACHINES:02}"
            yield _Item(name, {**common, **disk}, (("server", machine),), (network, machine))


def _block(item: _Item) -> str:
    lines = [f"    {key} = {json.dumps(value)}\n" for key, value in item.values.items()]
    lines += [f"    {key} = terraform_data.{name}.id\n" for key, name in item.needs]
    return f'resource "terraform_data" "{item.name}" {{\n  input = {{\n{"".join(lines)}  }}\n}}\n'


def _state(item: _Item) -> dict[str, object]:
    values = {**item.values, **{key: str(_id(name)) for key, name in item.needs}}
    value = {
        "value": values,
        "type": ["object", {key: _TYPES[type(each)] for key, each in values.items()}],
    }
    attributes = {"id": str(_id(item.name)), "input": value, "output": value, "triggers_replace": None}
    instance = {
        "schema_version": 0,
        "attributes": attributes,
        "sensitive_attributes": [],
        "dependencies": [f"terraform_data.{name}" for name in item.dependencies],
    }
    return {
        "mode": "managed",
        "type": "terraform_data",
        "name": item.name,
        "provider": 'provider["terraform.io/builtin/terraform"]',
        "instances": [instance],
    }


def _id(name: str) -> UUID:
    return uuid5(_SPACE, name)
