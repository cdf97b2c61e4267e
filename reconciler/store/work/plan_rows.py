"""A plan's steps, changes, values and calls as rows: what a saved plan is made of, down to each parameter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from reconciler.model.diff import AttributeChange, PartChange, TagChange
from reconciler.model.flat import steps as levels
from reconciler.model.inventory import InventoryStep
from reconciler.model.plan import Call, ExternalId, MarkValue, Param, ReservedId, Step
from reconciler.model.values import Scalar, SecretRef
from reconciler.store.database.session import Transaction
from reconciler.store.database.values import columns, data_type, elements

_Row = tuple[object, ...]


_EMPTY = {"[]": "empty_list", "{}": "empty_map"}
"""What the end of a flat name stands for; see `providers.flat`."""


def copy_inventory(tx: Transaction, plan_id: int, steps: Sequence[InventoryStep]) -> None:
    """Write the inventory steps of a plan, with their changes and what they wait for."""
    numbered = list(enumerate(steps))
    tx.copy(
        "plans.copy_inventory",
        ((plan_id, n, step.kind.value, step.name, step.is_new, step.hash()) for n, step in numbered),
    )
    tx.copy(
        "plans.copy_inventory_values",
        (
            (plan_id, n, k, change.name, side, *_typed(value))
            for n, step in numbered
            for k, change in enumerate(step.changes)
            for side, value in (("before", change.before), ("after", change.after))
            if value is not None
        ),
    )
    tx.copy(
        "plans.copy_inventory_approvals",
        ((plan_id, n, k, text) for n, step in numbered for k, text in enumerate(step.approvals)),
    )


def _typed(value: Scalar) -> _Row:
    row = columns(value)
    return (data_type(row).value, *row[:5])


def copy_details(tx: Transaction, numbered: Sequence[tuple[int, Step]]) -> None:
    """Write all that hangs on steps, each given with its row id."""
    tx.copy("plans.copy_requirements", ((n, str(need)) for n, step in numbered for need in step.requires))
    tx.copy(
        "plans.copy_step_approvals",
        ((n, k, text) for n, step in numbered for k, text in enumerate(step.approvals)),
    )
    changes = [(n, k, change) for n, step in numbered for k, change in enumerate(_changes(step))]
    tx.copy("plans.copy_changes", ((n, k, *change.row()) for n, k, change in changes))
    tx.copy("plans.copy_values", ((n, k, *row) for n, k, change in changes for row in change.values()))
    tx.copy(
        "plans.copy_calls",
        ((n, k, *_call(call)) for n, step in numbered for k, call in enumerate(step.calls)),
    )
    tx.copy(
        "plans.copy_parameters",
        (
            (n, k, place, *row)
            for n, step in numbered
            for k, call in enumerate(step.calls)
            for place, row in enumerate(_parameters(call))
        ),
    )
    tx.copy(
        "plans.copy_paths",
        (
            (n, k, place, depth, *_level(level))
            for n, step in numbered
            for k, call in enumerate(step.calls)
            for place, (_, name, _) in enumerate(_named(call))
            for depth, level in enumerate(name[1:], start=1)
        ),
    )


def step_row(
    number: int, position: int, step: Step, plan_id: int, types: dict[str, int], *, is_later: bool
) -> _Row:
    """A step\'s own columns, in the order of `plans.copy_steps`."""
    return (
        number,
        plan_id,
        position,
        str(step.address),
        types[step.action.value],
        step.endpoint,
        step.resource,
        step.expected_version,
        step.desired_hash,
        step.impact.value,
        step.reason.value if step.reason else None,
        step.summary,
        step.adopt,
        is_later,
        step.work() if is_later else step.hash(),
    )


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of an attribute or a tag, or of a part as a whole."""

    part: PartChange | None = None
    attribute: AttributeChange | None = None
    tag: TagChange | None = None

    @property
    def what(self) -> AttributeChange | TagChange | None:
        return self.attribute or self.tag

    def row(self) -> _Row:
        part, attribute, what = self.part, self.attribute, self.what
        sides = (what.before, what.after) if what else (None, None)
        return (
            str(part.address) if part else None,
            part.action.value if part else None,
            part.holds_data if part else None,
            attribute.name if attribute else None,
            self.tag.key if self.tag else None,
            any(isinstance(value, tuple) for value in sides),
            *(value is not None for value in sides),
            what.reason.value if what else None,
            attribute.mutability.value if attribute else None,
            attribute.secret if attribute else False,
        )

    def values(self) -> Iterator[_Row]:
        """A row for each element of the value before and of the one after."""
        what = self.what
        for is_after, value in ((False, what.before), (True, what.after)) if what else ():
            for ordinal, row in elements(value):
                yield (is_after, ordinal, data_type(row).value, *row)


def _changes(step: Step) -> Iterator[_Change]:
    for change in step.changes:
        yield _Change(attribute=change)
    for part in step.parts:
        for change in part.changes:
            yield _Change(part, change)
        if not part.changes:
            yield _Change(part)
    for tag in step.tags:
        yield _Change(tag=tag)


def _call(call: Call) -> _Row:
    return (
        call.operation,
        call.method,
        call.path,
        call.summary,
        call.impact.value,
        call.creates,
        call.deletes,
        call.best_effort,
        call.restores,
        call.timeout,
    )


def _parameters(call: Call) -> Iterator[_Row]:
    for is_path, name, row in _named(call):
        yield (is_path, name[0], *row)


def _named(call: Call) -> Iterator[tuple[bool, list[str | int], _Row]]:
    """Each parameter: whether it belongs in the path, its name taken apart, and what it says."""
    for name, value in call.path_params:
        yield (True, [name], _parameter(value))
    for name, value in call.params:
        row = _parameter(value)
        empty = _EMPTY.get(name[-2:])
        if empty is None:
            yield (False, levels(name), row)
        else:
            yield (False, levels(name[:-2]), (empty, *row[1:]))


def _level(level: str | int) -> _Row:
    """A mapping's key or a place in a list."""
    return (None, level) if isinstance(level, int) else (level, None)


def _parameter(value: Param) -> _Row:
    """kind, data_type, four values, target address, mark field, template, credential, fingerprint."""
    nothing: _Row = (None,) * 4
    match value:
        case None:
            return ("null", None, *nothing, None, None, None, None, None)
        case ExternalId():
            return ("external_id", None, *nothing, str(value.address), None, None, None, None)
        case ReservedId():
            return ("reserved_id", None, *nothing, None, None, None, None, None)
        case MarkValue():
            return ("mark", None, *nothing, None, value.field, value.template, None, None)
        case SecretRef():
            return ("secret", None, *nothing, None, None, None, value.credential, value.fingerprint)
        case bool():
            return ("value", "boolean", None, None, None, value, None, None, None, None, None)
        case int():
            return ("value", "integer", None, value, None, None, None, None, None, None, None)
        case Decimal():
            return ("value", "decimal", None, None, value, None, None, None, None, None, None)
        case _:
            return ("value", "string", value, None, None, None, None, None, None, None, None)
