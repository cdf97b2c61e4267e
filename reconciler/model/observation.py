"""An observation: what one look at an endpoint showed, and what it could not show."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.model.resource import Observed
from reconciler.model.values import Attributes


@dataclass(frozen=True, slots=True)
class Unseen:
    """Something that could not be observed, and why; what it covers is unknown, not absent.

    `external_id=None`: the whole type.
    """

    type: str
    external_id: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that a provider has to give and nobody makes: a size of machine, an image, a location.

    `attributes` are in the driver's own words; only the driver's lowering reads them.
    """

    kind: str
    external_id: str
    name: str
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Observation:
    """What a provider showed. Absence may be concluded only for types in `complete`, or targets in `absent`.

    `complete` names a type only if every page came, with permission to see all of it. `absent` are
    targets that the provider positively denied to exist. `offers`: all that the provider has to give; None
    where that was not asked, or not answered.
    """

    resources: tuple[Observed, ...] = ()
    complete: frozenset[str] = frozenset()
    absent: frozenset[tuple[str, str]] = frozenset()
    unseen: tuple[Unseen, ...] = ()
    requests: int = 0
    offers: tuple[Offer, ...] | None = None
