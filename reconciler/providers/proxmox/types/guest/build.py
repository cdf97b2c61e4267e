"""What all lowering of guests shares: where a guest is, and how a call on it is put together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.diff import AttributeChange, Diff, PartAction, PartChange
from reconciler.model.plan import Call, ExternalId, Impact, Param
from reconciler.model.resource import Desired, Recorded
from reconciler.model.values import Attributes, ExternalRef, Scalar, Value
from reconciler.providers.proxmox.types.guest.fields import Options

Settings = Mapping[str, Scalar]
Params = tuple[tuple[str, Param], ...]

SHUTDOWN_TIMEOUT = 180  # seconds, where neither manifest nor endpoint says
COPY_TIMEOUT = 6 * 3600  # seconds; whole disks are copied


@dataclass(frozen=True, slots=True)
class Change:
    """An update: what is wanted, what is there, and what separates them."""

    desired: Desired
    recorded: Recorded
    diff: Diff
    settings: Settings = field(default_factory=dict)

    @property
    def running(self) -> bool:
        """Whether the guest is on before the step; one that is paused is."""
        return self.recorded.state != "stopped"

    @property
    def target_state(self) -> str:
        """The state it shall end in; where the diff says nothing, the one it is in."""
        change = self.diff.change("power_state")
        return str(change.after) if change and change.after else self.recorded.state

    def changes(self) -> Iterator[AttributeChange]:
        """Of the guest itself and of its parts that stay."""
        yield from self.diff.changes
        for part in self.diff.parts:
            if part.action is PartAction.UPDATE:
                yield from part.changes

    def parts(self, part_type: str, *actions: PartAction) -> Iterable[PartChange]:
        """Its changes of parts of this type with one of these actions, in the diff's order."""
        return (part for part in self.diff.parts if part.address.type == part_type and part.action in actions)

    def recorded_part(self, address: Address) -> Attributes:
        """By address, or by the slot of the desired part of that address: a slot holds one part."""
        of_type = [part for part in self.recorded.parts if part.type == address.type]
        found = next((part for part in of_type if part.address == address), None)
        slot = self.wanted_part(address).get("slot")
        found = found or next((part for part in of_type if part.attributes.get("slot") == slot), None)
        return found.attributes if found else {}

    def wanted_part(self, address: Address) -> Attributes:
        """The attributes that the manifest gives a part; empty for one that it does not name."""
        return next((part.attributes for part in self.desired.parts if part.address == address), {})

    def merged_part(self, part: PartChange) -> dict[str, Value]:
        """A part's attributes as they will be: what is recorded with the diff's changes put in."""
        return merged(self.recorded_part(part.address), part.changes)


def merged(before: Attributes, changes: Iterable[Any]) -> dict[str, Value]:
    """Attributes with changes put in; what has no value after them is gone."""
    values = dict(before)
    for change in changes:
        if change.after is None:
            values.pop(change.name, None)
        else:
            values[change.name] = change.after
    return values


@dataclass(frozen=True, slots=True)
class Names:
    """What a kind of guest is called: our type, and the segment of its paths, which is its type in lists too.

    `configures`: the method that changes a configuration, at once (PUT) or as a task (POST). `starts`:
    the type of the task that a start becomes.
    """

    type: str
    wire: str
    configures: str
    starts: str


@dataclass(frozen=True, slots=True)
class Place:
    """A guest's place in the API's tree."""

    names: Names
    node: str
    vmid: Param

    def call(
        self,
        name: str,
        method: str,
        sub: str,
        summary: str,
        params: Iterable[tuple[str, Param]] = (),
        **more: Any,
    ) -> Call:
        """A call below the guest's own path; `more` are the Call's other fields."""
        return Call(
            operation=f"{self.names.type}.{name}",
            method=method,
            path=f"/nodes/{{node}}/{self.names.wire}/{{vmid}}{sub}",
            summary=summary,
            path_params=(("node", self.node), ("vmid", self.vmid)),
            params=tuple(params),
            **more,
        )

    def config(self, params: Iterable[tuple[str, Param]], summary: str) -> Call:
        """A change of configuration."""
        return self.call("config", self.names.configures, "/config", summary, params)


def place_of(names: Names, recorded: Recorded) -> Place:
    """Where a recorded guest is now. Raises PlanError where its node is not known."""
    node = recorded.attributes.get("node")
    if not node:
        raise PlanError(f"{recorded.address}: it is not known which node it is on", hint="observe it first")
    vmid: Param = recorded.external_id or ExternalId(recorded.address)
    return Place(names, str(node), vmid)


def params_of(options: Options, removed: Iterable[str] = ()) -> list[tuple[str, Param]]:
    """The parameters of a configuration call: values, and one list of what is unset."""
    params: list[tuple[str, Param]] = [
        (name, value) for name, value in sorted(options.items()) if value is not None
    ]
    gone = sorted({*removed, *(name for name, value in options.items() if value is None)})
    return params + ([("delete", ",".join(gone))] if gone else [])


def start(place: Place) -> Call:
    """The call that starts it. Its task is waited for 300 seconds at most."""
    return place.call("start", "POST", "/status/start", "start", timeout=300)


def shutdown(place: Place, attributes: Attributes, settings: Settings, impact: Impact) -> Call:
    """A graceful shutdown that turns into a hard stop after a bound, as one task of the server's."""
    bound = attributes.get("shutdown_timeout") or settings.get("shutdown_timeout") or SHUTDOWN_TIMEOUT
    seconds = int(str(bound))
    params: Params = (("timeout", seconds), ("forceStop", 1))
    summary = f"shut down, hard after {seconds} s"
    return place.call(
        "shutdown", "POST", "/status/shutdown", summary, params, impact=impact, timeout=seconds + 120
    )


def reference(value: Value) -> Param:
    """What stands in a call for a reference: the target's id, known now or filled in later."""
    if isinstance(value, ExternalRef):
        return value.external_id
    if isinstance(value, Address):
        return ExternalId(value)
    raise PlanError(f"`{value}` is not a reference")
