"""Documents as YAML that every reader reads alike: what could be taken for something else is quoted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import yaml

from reconciler.manifest.write.values import Plain
from reconciler.manifest.yaml.scalars import resolve_plain

_WIDTH = 110


class _Dumper(yaml.SafeDumper):
    """Blocks, no aliases; small mappings and lists on one line."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the name is PyYAML's
        """A value that is there twice is written twice: no manifest may have anchors."""
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    if "\n" in value and value.isprintable() is False and all(c.isprintable() or c == "\n" for c in value):
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|")
    quoted = None if resolve_plain(value) == value else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=quoted)


def _decimal(dumper: yaml.SafeDumper, value: Decimal) -> yaml.ScalarNode:
    text = f"{value:f}"
    kind = "float" if "." in text else "int"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{kind}", text)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(Decimal, _decimal)


def documents_text(documents: Iterable[Mapping[str, Plain]]) -> str:
    """The documents one after another, `---` between them, and a line break at the end."""
    return "---\n".join(
        yaml.dump(
            dict(each),
            Dumper=_Dumper,
            sort_keys=False,
            allow_unicode=True,
            default_flow_style=None,
            width=_WIDTH,
        )
        for each in documents
    )
