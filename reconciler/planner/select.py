"""Selectors: which resources a person means, by address, type, tag or endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.errors import PlanError
from reconciler.model.address import Address, InvalidAddress


@dataclass(frozen=True, slots=True)
class Selector:
    """One condition; exactly one of the fields is set."""

    address: Address | None = None
    type: str | None = None
    endpoint: str | None = None
    tag: tuple[str, str | None] | None = None

    def __str__(self) -> str:
        """As it is typed."""
        if self.tag is not None:
            key, value = self.tag
            return f"tag={key}" if value is None else f"tag={key}={value}"
        if self.type is not None:
            return f"type={self.type}"
        return str(self.address) if self.address is not None else f"endpoint={self.endpoint}"

    def matches(self, address: Address, endpoint: str, tags: Mapping[str, str]) -> bool:
        """Whether it means the resource: an address its parts too, a bare tag any value of it."""
        if self.address is not None:
            return self.address in (address, address.root)
        if self.type is not None:
            return address.type == self.type
        if self.endpoint is not None:
            return endpoint == self.endpoint
        if self.tag is not None:
            key, value = self.tag
            return key in tags and value in (None, tags[key])
        return False


def parse_selector(text: str) -> Selector:
    """`vm/web-1`, `type=vm`, `endpoint=hetzner-1`, `tag=env` or `tag=env=prod`. Raises PlanError."""
    word, separator, rest = text.partition("=")
    if separator and rest:
        match word:
            case "type":
                return Selector(type=rest)
            case "endpoint":
                return Selector(endpoint=rest)
            case "tag":
                key, has_value, value = rest.partition("=")
                return Selector(tag=(key, value if has_value else None))
    try:
        return Selector(address=Address.parse(text))
    except InvalidAddress as error:
        raise PlanError(
            str(error), hint="a selector is an address, type=T, endpoint=E, tag=KEY or tag=KEY=VALUE"
        ) from None


@dataclass(frozen=True, slots=True)
class Selection:
    """`targets` (all, if empty) without `excludes`. What a target needs in order to be made comes along.

    `nothing`: no resource at all, for what is about the inventory alone. As a condition it says whether it
    leaves anything out.
    """

    targets: tuple[Selector, ...] = ()
    excludes: tuple[Selector, ...] = ()
    nothing: bool = False

    def __bool__(self) -> bool:
        return bool(self.targets or self.excludes or self.nothing)

    def covers(self, address: Address, endpoint: str, tags: Mapping[str, str]) -> bool:
        """Whether it is chosen: it is a target, or there are none, and nothing excludes it."""
        if self.nothing:
            return False
        wanted = not self.targets or any(s.matches(address, endpoint, tags) for s in self.targets)
        return wanted and not self.rules_out(address, endpoint, tags)

    def rules_out(self, address: Address, endpoint: str, tags: Mapping[str, str]) -> bool:
        """Whether it is excluded, so that it does not come along either."""
        return any(s.matches(address, endpoint, tags) for s in self.excludes)
