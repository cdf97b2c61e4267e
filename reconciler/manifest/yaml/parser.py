"""The parser of YAML events: libyaml's where there is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import yaml


class Parser(Protocol):
    """What the reader needs of a parser: libyaml's and PyYAML's own both have it."""

    def get_event(self) -> Any:
        """The next event. Raises YAMLError; PyYAML's own also ValueError and OverflowError."""


def fastest_parser() -> Callable[[bytes], Parser]:
    """libyaml where PyYAML was built with it, else PyYAML's own parser: ten times slower, same results."""
    try:
        from yaml._yaml import CParser
    except ImportError:
        return yaml.SafeLoader
    return CParser
