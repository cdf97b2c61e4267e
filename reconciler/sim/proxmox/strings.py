"""Property strings (`virtio=MAC,bridge=vmbr0`), sizes (`32G`) and tag lists, as the server reads and writes
them.

The server does not keep what it was sent: it parses and prints again, with the default key first, then
required keys, then the rest by name. A client that compares texts instead of values fails here as there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.sim.proxmox.params import MISSING, UNKNOWN, Param, convert

UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


@dataclass(frozen=True, slots=True)
class PropertyFormat:
    """The keys of a property string. `default` may stand without its name.

    `key_aliases`: keys that are a value of another key and hold the value of a third, as in `virtio=MAC`,
    which means model=virtio,macaddr=MAC: (the key they are a value of, the key whose value they hold).
    """

    keys: Mapping[str, Param]
    default: str | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    key_aliases: tuple[str, str] | None = None

    def parse(self, text: str) -> dict[str, str]:
        """The keys and values as text; ValueError says what is wrong, as the server does."""
        values: dict[str, str] = {}
        for part in text.split(","):
            if part:
                self._take(part, values)
        for name, param in self.keys.items():
            if param.required and name not in values:
                raise ValueError(f"format error\n{name}: {MISSING}")
            if param.requires and name in values and param.requires not in values:
                what = f"missing property - '{name}' requires this property"
                raise ValueError(f"format error\n{param.requires}: {what}")
        return values

    def _take(self, part: str, values: dict[str, str]) -> None:
        name, separator, value = part.partition("=")
        if not separator:
            if self.default is None:
                raise ValueError("format error\nvalue without key, but schema does not define a default key")
            name, value = self.default, part
        name = self.aliases.get(name, name)
        if self.key_aliases and name not in self.keys and name in self.keys[self.key_aliases[0]].enum:
            values[self.key_aliases[0]] = name
            name = self.key_aliases[1]
        if name in values:
            raise ValueError(f"format error\nduplicate key in comma-separated list property: {name}")
        if name not in self.keys:
            raise ValueError(f"format error\n{name}: {UNKNOWN}")
        try:
            converted = convert(self.keys[name], value)
        except ValueError as error:
            raise ValueError(f"format error\n{name}: {error}") from None
        values[name] = str(converted) if self.keys[name].kind == "boolean" else value

    def print(self, values: Mapping[str, str]) -> str:
        """The text in the server's order."""
        left = dict(values)
        parts: list[str] = []
        if self.key_aliases and self.key_aliases[1] in left:
            model, held = self.key_aliases
            parts.append(f"{left.pop(model)}={left.pop(held)}")
        elif self.default in left:
            parts.append(left.pop(self.default))
        names = sorted(left, key=lambda name: (not self.keys[name].required, name))
        return ",".join([*parts, *(f"{name}={left[name]}" for name in names)])

    def check(self, text: str) -> str | None:
        """For a parameter table: what is wrong with this text."""
        try:
            self.parse(text)
        except ValueError as error:
            return str(error)
        return None


def parse_size(text: str) -> int:
    """Bytes of `32G`, `4M`, `528K`, `1T` or plain bytes; ValueError otherwise."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]?)", text)
    if not found:
        raise ValueError(f"unable to parse size '{text}'")
    return int(float(found[1]) * UNITS[found[2]])


def format_size(size: int) -> str:
    """The largest unit that leaves a whole number, up to TiB, as configurations have it."""
    for unit in ("T", "G", "M", "K"):
        if size and size % UNITS[unit] == 0:
            return f"{size // UNITS[unit]}{unit}"
    return str(size)


def split_list(text: str) -> list[str]:
    """The parts of a list, which may be separated by commas, semicolons, blanks or zero bytes."""
    return [part for part in re.split(r"[,;\s\0]+", text) if part]


def normalise_tags(text: str) -> str:
    """Lower case, each once, by name, joined by semicolons: the cluster's default tag style."""
    return ";".join(sorted({tag.lower() for tag in split_list(text)}))


def check_tags(text: str) -> str | None:
    """What is wrong with a tag list, or None. Upper case is taken, and lowered when stored."""
    for tag in split_list(text):
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_\-+.]*", tag):
            return f"invalid characters in tag '{tag}'"
    return None


def check_dns_name(text: str) -> str | None:
    """What is wrong with a guest's name, or None: labels of letters, digits and inner hyphens."""
    label = r"[a-zA-Z0-9](?:[a-zA-Z0-9\-]*[a-zA-Z0-9])?"
    if re.fullmatch(rf"(?:{label}\.)*{label}", text):
        return None
    return "value does not look like a valid DNS name"


def check_id(text: str) -> str | None:
    """The id of a configuration object, such as a snapshot."""
    return None if re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_\-]+", text) else f"invalid configuration ID '{text}'"
