"""A plan: the steps that would make the world as desired, each lowered to the very calls it will make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from reconciler.model.address import Address
from reconciler.model.diff import AttributeChange, PartChange, Reason, TagChange
from reconciler.model.inventory import InventoryStep
from reconciler.model.values import SecretRef, digest


class Action(StrEnum):
    """What a step does. No step is a `noop`: it is the word for what stays as it is."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    ADOPT = "adopt"
    FORGET = "forget"
    NOOP = "noop"


class Impact(StrEnum):
    """What a step does to a running machine, from harmless to worst."""

    ONLINE = "online"
    REBOOT = "reboot"
    STOP = "stop"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class ExternalId:
    """Stands in a call for the provider's id of a resource; filled in just before the call is sent."""

    address: Address

    def __str__(self) -> str:
        return f"${{{self.address}.id}}"


@dataclass(frozen=True, slots=True)
class ReservedId:
    """Stands in a call for the id that our database allocates when the operation's intent is committed."""

    def __str__(self) -> str:
        return "${reserved id}"


@dataclass(frozen=True, slots=True)
class MarkValue:
    """Stands in a call for one field of the mark: `owner`, `resource` or `operation`.

    `template` wraps it where the provider wants it inside a longer text; `{}` is the field.
    """

    field: str
    template: str = "{}"

    def __str__(self) -> str:
        return self.template.format(f"${{{self.field}}}")


Param = str | int | Decimal | bool | None | ExternalId | ReservedId | MarkValue | SecretRef


@dataclass(frozen=True, slots=True)
class Call:
    """One provider request. Its parameters are flat (`rules[0].port`): so they print, hash and store as rows.

    `operation` is the driver's name for it (`server.create`); `path` a template whose `{name}`s are filled
    from `path_params`. `timeout` (seconds) bounds the provider's task, not the request. `creates` and
    `deletes` tell the executor when the resource's object comes to be or goes. `best_effort`: a failure is
    noted and the next call goes on (a graceful shutdown before a hard stop). `restores`: it starts a machine
    that the step holds off until then, so it is made even if a call in between has failed, and is owed where
    the step was cut off. `reads`: it changes nothing and only asks whether the rest can succeed; a step
    begins with these. `destroys`: what goes with it besides the step's own object, in words for people.
    `unchecked`: what could not be known beforehand because nobody looked.
    """

    operation: str
    method: str
    path: str
    summary: str
    path_params: tuple[tuple[str, Param], ...] = ()
    params: tuple[tuple[str, Param], ...] = ()
    impact: Impact = Impact.ONLINE
    creates: bool = False
    deletes: bool = False
    best_effort: bool = False
    restores: bool = False
    reads: bool = False
    destroys: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    timeout: int = 600

    def content(self) -> str:
        """The text that a plan's hash covers; secrets appear as their credential's name and fingerprint."""
        # By repr, so that no value can look like the next parameter.
        pairs = [f"{key!r}={value!r}" for key, value in (*self.path_params, *self.params)]
        return "\n".join([self.operation, self.method, self.path, *pairs])


@dataclass(frozen=True, slots=True)
class Step:
    """One resource's change in a plan. `requires` are addresses whose steps must have succeeded before.

    `approvals` say why a person must approve it beforehand; empty for ordinary steps. `expected_version` is
    the version of the recorded row the step rests on, None where there is no row yet. `requests` is the
    expected number of provider requests, polling aside. `partial`: something else that differs is left as
    it is. `failed` is what it failed with the last time, None where it did not. `gone`: there is no object
    (any more), as far as is known. `ground` is the hash of what was seen of an object that is to be taken
    over.
    """

    address: Address
    action: Action
    endpoint: str
    provider_type: str
    reason: Reason | None
    summary: str
    calls: tuple[Call, ...] = ()
    changes: tuple[AttributeChange, ...] = ()
    parts: tuple[PartChange, ...] = ()
    tags: tuple[TagChange, ...] = ()
    requires: tuple[Address, ...] = ()
    impact: Impact = Impact.ONLINE
    approvals: tuple[str, ...] = ()
    resource: UUID | None = None
    expected_version: int | None = None
    desired_hash: bytes | None = None
    adopt: str | None = None
    partial: bool = False
    failed: str | None = None
    gone: bool = False
    ground: bytes | None = None

    @property
    def requests(self) -> int:
        """How many provider requests the step makes, polling and second tries aside."""
        return len(self.calls)

    def hash(self) -> str:
        """SHA-256 hex of what this step would do and rests on."""
        return digest([self.content()]).hex()

    def work(self) -> str:
        """SHA-256 hex of what this step would do, whatever it rests on."""
        return digest([str(self.address), self.action, *(call.content() for call in self.calls)]).hex()

    def content(self) -> str:
        """The text that its hash covers: its calls and what they rest on, no words for people."""
        # What is taken over has no row of ours yet, or one that only a look made: it is known by its id
        # there, and what it rests on is what was seen of it.
        theirs = self.action is Action.ADOPT and self.ground is not None
        rests_on = (
            ["", (self.ground or b"").hex()] if theirs else [str(self.resource), str(self.expected_version)]
        )
        return "\n".join(
            [str(self.address), self.action, self.endpoint, *rests_on]
            + [(self.desired_hash or b"").hex(), ",".join(map(str, self.requires)), str(self.adopt)]
            + [call.content() for call in self.calls]
        )


class BlockReason(StrEnum):
    """Why something that differs has no step."""

    PREVENT_DESTROY = "prevent_destroy"
    ON_REMOVE_BLOCK = "on_remove_block"
    REPLACE_NOT_ALLOWED = "replace_not_allowed"
    DOWNTIME_NOT_ALLOWED = "downtime_not_allowed"
    UNKNOWN = "unknown"
    HELD = "held"
    QUARANTINED = "quarantined"
    NOT_OURS = "not_ours"
    SHRINK = "shrink"
    BACK_OFF = "back_off"
    REPORT_ONLY = "report_only"
    BUSY = "busy"
    DEPENDENCY = "dependency"
    IN_USE = "in_use"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Blocked:
    """Something that differs and will not be changed now: why, and what frees it."""

    address: Address
    action: Action
    reason: BlockReason
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in an order that respects `requires`, and all that was left out with its reason.

    `approvals` hold the whole plan until a person approves its hash (a mass deletion). `follows` are steps of
    the same resources that a later wave of the same apply takes, when those they wait for are done.
    `inventory` is what changes of the inventory before any step; the steps were planned as if it had.
    """

    steps: tuple[Step, ...] = ()
    inventory: tuple[InventoryStep, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    warnings: tuple[str, ...] = ()
    approvals: tuple[str, ...] = ()
    requests: Mapping[str, int] = field(default_factory=dict)
    settled: tuple[tuple[Address, bytes], ...] = ()  # agreed pairs to remember: (address, desired hash)
    follows: tuple[Step, ...] = ()
    applied: tuple[tuple[Address, bytes], ...] = ()  # the same of pairs that have to be looked at again
    since_creation: tuple[str, ...] = ()  # what only a creation takes, and is wanted otherwise since
    revision: int | None = None
    elsewhere: int = 0  # how many resources differ that this plan is not about

    def __bool__(self) -> bool:
        return bool(self.steps or self.inventory)

    @property
    def needs_approval(self) -> bool:
        """Whether not all of it may be done without a person's approval."""
        return bool(self.approval_reasons)

    @property
    def approval_reasons(self) -> tuple[str, ...]:
        """Why all or some of it waits for one."""
        inventory = (text for step in self.inventory for text in step.approvals)
        return (*self.approvals, *inventory, *(text for step in self.steps for text in step.approvals))

    def hash(self) -> str:
        """SHA-256 hex over what would be done and what it rests on. An approval is bound to it."""
        inventory = [step.content() for step in self.inventory]
        return digest([*inventory, *(step.content() for step in (*self.steps, *self.follows))]).hex()

    def count(self, action: Action) -> int:
        """How many steps have this action; those that follow in a later wave are not counted."""
        return sum(1 for step in self.steps if step.action is action)
