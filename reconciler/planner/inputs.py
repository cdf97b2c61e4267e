"""All that a plan may rest on. What is not in here cannot influence a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.diff import Diff
from reconciler.model.failure import Failure
from reconciler.model.hold import Hold
from reconciler.model.plan import Action, Call
from reconciler.model.resource import Desired, Recorded
from reconciler.planner.select import Selection

Object = tuple[str, str, str]
"""(type, endpoint, external id): the same object, whatever address it has."""

Lower = Callable[[Action, str, Desired | None, Recorded | None, Diff], tuple[Call, ...]]
"""(action, endpoint, desired, recorded, diff) → calls; raises PlanError for what cannot be done."""


@dataclass(frozen=True, slots=True)
class EndpointStatus:
    """How an endpoint is now, and no more of what it is than a plan may rest on: not its URL or credential.

    `trouble`: why nothing can be said of it now. `withheld`: the same, because its credential was not given
    for its host; a plan always tells that.
    """

    name: str
    provider_type: str
    report_only: bool = False
    trouble: str | None = None
    withheld: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one plan may destroy before it waits for an approval (docs/safety.md, property 11).

    Deletions and replacements together: more than `destroy` of them, or more than `share` of what is
    managed (once at least `share_from` are managed).
    """

    destroy: int = 10
    share: float = 0.5
    share_from: int = 4


@dataclass(frozen=True, slots=True)
class PlanInput:
    """`desired` and `recorded` are the candidates: those whose sides moved, and what they refer to.

    `removed` are managed roots that no manifest wants any more. `strangers` are unmanaged objects that have
    a candidate's type and endpoint, and its name or natural key. `users` are others, whosever they are, that
    use what is removed or may be replaced; `holders` are others that have a name which a candidate shall get.
    `failures` say of which action a resource is left alone until when, and why; `retry_now` ignores how
    long, `retry_parked` what is parked for good.
    `applied` are the specifications last applied, of candidates that are wanted otherwise now, `carried`
    those that our last step did a part of, and `created` those that their objects were made by, where we made
    them.
    `managed` is how many roots are managed of all that the run is about. `elsewhere` are candidates that it
    is not about, each with the source whose they are: they stay as they are. By what object it is, `heirs`
    are the manifests that ask to take one over, in order, and `held` is what is `removed`.
    `keys` are the natural keys of candidates that have one and no object of it yet, `at_key` is what is
    recorded there, whosever it is, and `claims` says who wants each.
    """

    catalog: Catalog = field(repr=False)  # it would be most of what is printed
    desired: Mapping[Address, Desired]
    recorded: Mapping[Address, Recorded]
    removed: tuple[Recorded, ...]
    endpoints: Mapping[str, EndpointStatus]
    lower: Lower
    now: datetime
    managed: int
    applied: Mapping[Address, Desired] = field(default_factory=dict)
    carried: Mapping[Address, Desired] = field(default_factory=dict)
    created: Mapping[Address, Desired] = field(default_factory=dict)
    strangers: Mapping[Address, Recorded] = field(default_factory=dict)
    users: tuple[Recorded, ...] = ()
    holders: tuple[Recorded, ...] = ()
    holds: tuple[Hold, ...] = ()
    failures: Mapping[Address, tuple[Failure, ...]] = field(default_factory=dict)
    retry_now: bool = False
    retry_parked: bool = False
    selection: Selection = field(default_factory=Selection)
    limits: Limits = Limits()
    revision: int | None = None
    expiring: tuple[str, ...] = ()  # what is to be said of credentials that expire soon, or have
    restored: tuple[tuple[Address, str], ...] = ()  # guards and places set back to the manifests', and why
    elsewhere: Mapping[Address, str | None] = field(default_factory=dict)
    destroy: bool = False  # a person asked to destroy what is in `removed`, so its data needs no approval
    keys: Mapping[Address, str] = field(default_factory=dict)
    at_key: Mapping[Object, Recorded] = field(default_factory=dict)
    claims: Mapping[Object, tuple[Address, ...]] = field(init=False, repr=False, compare=False)
    heirs: Mapping[Object, tuple[Desired, ...]] = field(init=False, repr=False, compare=False)
    held: Mapping[Object, Recorded] = field(init=False, repr=False, compare=False)

    def tags_of(self, item: Desired) -> Mapping[str, str]:
        """The tags that it shall have: where its manifest names none, those that it has."""
        there = self.recorded.get(item.address)
        return item.tags if item.names_tags or there is None else there.tags

    def __post_init__(self) -> None:
        """Made once: searched for each resource they would cost the square of the fleet."""
        heirs: dict[Object, tuple[Desired, ...]] = {}
        held: dict[Object, Recorded] = {}
        asking = [(item, item.adopt) for item in self.desired.values() if item.adopt is not None]
        for item, external_id in sorted(asking, key=lambda pair: pair[0].address):
            key = (item.type, item.endpoint, external_id)
            heirs[key] = (*heirs.get(key, ()), item)
        for row in self.removed:
            if row.external_id is not None:
                held.setdefault((row.type, row.endpoint, row.external_id), row)
        claims: dict[Object, tuple[Address, ...]] = {}
        for address, external_id in sorted(self.keys.items()):
            item = self.desired[address]
            key = (item.type, item.endpoint, external_id)
            claims[key] = (*claims.get(key, ()), address)
        object.__setattr__(self, "claims", claims)
        object.__setattr__(self, "heirs", heirs)
        object.__setattr__(self, "held", held)
