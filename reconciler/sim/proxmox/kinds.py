"""A kind of guest, as what all guests share asks for it.

The values are in the kinds' own folders (`types/…`). What only a kind's own calls decide is not here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.sim.proxmox.options import Option
from reconciler.sim.proxmox.strings import PropertyFormat, normalise_tags

if TYPE_CHECKING:
    from reconciler.sim.proxmox.routing import Call
    from reconciler.sim.proxmox.world import Guest, World

Value = int | float | str
MOST_CPUUNITS = 10_000
"""The greatest weight that control groups of version 2 know; more is stored as this."""


def _nothing(*_: object) -> None:
    """Where a kind has nothing of its own to do."""


@dataclass(frozen=True, slots=True)
class Volumes:
    """Where a configuration holds volumes: by the stem of a key, and in which part of its text.

    `content`: what a storage must be able to hold, and the words for it. `cloudinit`: whether one may be
    asked for.
    """

    formats: Mapping[str, PropertyFormat]
    key: str
    content: tuple[str, str]
    cloudinit: bool = False


@dataclass(frozen=True, slots=True)
class Nics:
    """How a network device is written. `added`: what the server adds to each."""

    format: PropertyFormat
    mac: str
    added: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cloning:
    """How a clone is made.

    `lock`: on what is being made. `source_lock`: on what is copied. `unnamed`: what a clone without a name is
    called, after its source. `renewed`: what must not be the same in a copied configuration is made anew.
    """

    lock: str
    source_lock: str | None = None
    unnamed: str | None = None
    renewed: Callable[[World, dict[str, Value]], None] = _nothing


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One kind of guest.

    `name`: in paths and lists. `word`: in the server's texts. `name_key` and `unnamed`: the option that
    holds a guest's name, and what lists show without it. `folder` and `lock_file`: where its files are.
    `moved_on`: the refusal of a digest that is not the present one. `unheard`: the error of a shutdown that
    the guest does not listen to. `ends`: what a description is given back with. `writes_whole`: whether a
    refused change leaves the file as it was; otherwise pending changes that it drops stay dropped.

    `is_live`: whether a change of a running guest can take effect at once; ValueError where it is refused.
    `check_delete`, `check_set`: refusals of a change of one option, told whether it holds a volume.
    `check_together`: refusals of a change as a whole, told what is set and what is reverted.
    """

    name: str
    word: str
    template_word: str
    name_key: str
    unnamed: str
    folder: str
    lock_file: str
    moved_on: str
    unheard: str
    options: Mapping[str, Option]
    volumes: Volumes
    nics: Nics
    cloning: Cloning
    cpus: Callable[[World, Guest], int]
    disk_size: Callable[[Guest], int]
    is_live: Callable[[Guest, str, Value | None], bool]
    check_delete: Callable[[Guest, str, bool], None]
    check_set: Callable[[Guest, str, bool], None] = _nothing
    check_together: Callable[[Guest, Mapping[str, Value], Collection[str]], None] = _nothing
    check_drive: Callable[[Call, str, object], None] = _nothing
    started: Callable[[Guest], None] = _nothing
    ends: str = ""
    keeps_memory: bool = False
    writes_whole: bool = False

    def option(self, name: str) -> Option | None:
        """The option behind a config key such as `net3`; None where there is none of this name."""
        if name in self.options:
            return self.options[name]
        stem = re.fullmatch(r"([a-z-]+)(\d+)", name)
        option = self.options.get(f"{stem[1]}[n]") if stem else None
        return option if option and stem and int(stem[2]) < option.param.count else None

    def normalised(self, world: World, key: str, value: Value) -> Value:
        """An option as the configuration file gives it back; `vmgenid=1` asks for a new one each time."""
        if key == "cpuunits":
            return min(int(value), MOST_CPUUNITS)
        if key == "vmgenid" and value == "1":
            return world.new_uuid()
        if key == "tags":
            return normalise_tags(str(value))
        return f"{str(value).rstrip()}{self.ends}" if key == "description" else value
