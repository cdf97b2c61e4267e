"""Documents as YAML that every reader reads alike: what could be taken for something else is quoted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import yaml

from reconciler.manifest.write.values import Plain
from reconciler.manifest.yaml.characters import REFUSED_IN_SOURCE
from reconciler.manifest.yaml.scalars import resolve_plain

_WIDTH = 110


class _Block(dict[str, Plain]):
    """A mapping that has a line for each key, however short it is."""


class Scalars(yaml.SafeDumper):
    """Scalars that the reader takes for what they are; the layout is the caller's."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the name is PyYAML's
        """A value that is there twice is written twice: no manifest may have anchors."""
        return True


class _Dumper(Scalars):
    """Blocks, and lists and mappings of nothing but scalars on one line."""


def _block(dumper: yaml.SafeDumper, value: _Block) -> yaml.MappingNode:
    return dumper.represent_mapping("tag:yaml.org,2002:map", value, flow_style=False)


def _mapping(dumper: yaml.SafeDumper, value: dict[str, Plain]) -> yaml.MappingNode:
    return dumper.represent_mapping("tag:yaml.org,2002:map", value, flow_style=_on_one_line(value.values()))


def _list(dumper: yaml.SafeDumper, value: list[Plain]) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=_on_one_line(value))


def _on_one_line(values: Iterable[Plain]) -> bool:
    return not any(isinstance(each, (dict, list)) or "\n" in str(each) for each in values)


def text_node(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    """A text that is read as one: in quotes where it could be something else, with escapes where it must."""
    style = None if resolve_plain(value) == value else '"'
    if REFUSED_IN_SOURCE.search(value):
        style = '"'  # with an escape
    elif "\n" in value:
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _decimal(dumper: yaml.SafeDumper, value: Decimal) -> yaml.ScalarNode:
    text = f"{value:f}"
    kind = "float" if "." in text else "int"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{kind}", text)


Scalars.add_representer(str, text_node)
Scalars.add_representer(Decimal, _decimal)
_Dumper.add_representer(_Block, _block)
_Dumper.add_representer(dict, _mapping)
_Dumper.add_representer(list, _list)


def documents_text(documents: Iterable[Mapping[str, Plain]]) -> str:
    """The documents one after another, `---` between them, and a line break at the end."""
    return "---\n".join(
        yaml.dump(
            _Block({key: _Block(value) if isinstance(value, dict) else value for key, value in each.items()}),
            Dumper=_Dumper,
            sort_keys=False,
            allow_unicode=True,
            width=_WIDTH,
        )
        for each in documents
    )
