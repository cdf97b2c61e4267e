"""Plans as rows: what was going to be done, down to each parameter, and who approved it.

A saved plan is not executed from its rows: it is made again, and what is the same, step by step and hash
by hash, is what was approved. So what it rests on has been checked again by construction.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.plan import Plan
from reconciler.store.database.session import Transaction
from reconciler.store.inventory.keys import Key
from reconciler.store.work.plan_rows import copy_details, copy_inventory, step_row


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan's row. `steps` are the hashes of its steps by address, `inventory` those of its inventory's.

    `later` is the work of the steps that follow them in the same apply.
    """

    id: int
    hash: str
    actor: str
    created_at: datetime
    status: str
    source: str | None
    content_hash: bytes | None
    needs_approval: bool
    steps: dict[Address, str]
    inventory: frozenset[str] = frozenset()
    later: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Approval:
    """An unused approval: the plan's number, its hash, and the hashes of all the steps it covers."""

    plan_id: int
    hash: str
    steps: frozenset[str]


def save_plan(
    tx: Transaction,
    plan: Plan,
    actor: str,
    status: str,
    *,
    source: str | None = None,
    content_hash: bytes | None = None,
    revision_id: int | None = None,
    made_from: Sequence[tuple[str, str | None]] = (),
) -> tuple[int, dict[Address, int]]:
    """Write a plan; gives its number and its steps' row ids by address.

    `made_from`: (source, folder or file that was read; None for a repository).
    """
    plan_id: int = tx.value(
        "plans.insert",
        hash=plan.hash(),
        revision_id=revision_id,
        actor=actor,
        status=status,
        source_name=source,
        content_hash=content_hash,
        needs_approval=plan.needs_approval,
    )
    tx.copy("plans.copy_sources", ((plan_id, n, *each) for n, each in enumerate(made_from)))
    copy_inventory(tx, plan_id, plan.inventory)
    types: dict[str, int] = dict(tx.rows("plans.operation_types"))
    steps = [*plan.steps, *plan.follows]
    numbers = [row.id for row in tx.rows("plans.reserve_step_ids", count=len(steps))]
    numbered = list(zip(numbers, steps, strict=True))
    tx.copy(
        "plans.copy_steps",
        (
            step_row(number, position, step, plan_id, types, is_later=position >= len(plan.steps))
            for position, (number, step) in enumerate(numbered)
        ),
    )
    copy_details(tx, numbered)
    messages = [("warning", text) for text in plan.warnings] + [("approval", text) for text in plan.approvals]
    tx.copy("plans.copy_messages", ((plan_id, n, kind, text) for n, (kind, text) in enumerate(messages)))
    tx.copy(
        "plans.copy_blocked",
        (
            (plan_id, n, str(b.address), b.action.value, b.reason.value, b.message, b.hint)
            for n, b in enumerate(plan.blocked)
        ),
    )
    return plan_id, {step.address: number for number, step in numbered[: len(plan.steps)]}


def find_plan(tx: Transaction, word: str) -> SavedPlan:
    """A plan by number, or by 7 or more first characters of its hash. Raises PlanError if there is none."""
    row = tx.row("plans.find", word=word)
    if row is None:
        raise PlanError(f"there is no plan {word}", hint="`reconciler get plans` lists them")
    hashes = tx.rows("plans.step_hashes", id=row.id)
    return SavedPlan(
        id=row.id,
        hash=row.hash,
        actor=row.actor,
        created_at=row.created_at,
        status=row.status,
        source=row.source_name,
        content_hash=row.content_hash,
        needs_approval=row.needs_approval,
        steps={Address.parse(step.address): step.hash for step in hashes if not step.is_later},
        inventory=frozenset(step.hash for step in tx.rows("plans.inventory_hashes", id=row.id)),
        later=frozenset(step.hash for step in hashes if step.is_later),
    )


def waiting_plan(tx: Transaction, plan_hash: str) -> int | None:
    """The number of a saved plan with this hash, if one waits already."""
    number: int | None = tx.value("plans.waiting", hash=plan_hash)
    return number


def resume(tx: Transaction, plan_hash: str) -> tuple[int, dict[Address, int]] | None:
    """The saved plan with this hash, which is being applied from now on, as `save_plan` gives it; or None."""
    number = waiting_plan(tx, plan_hash)
    if number is None:
        return None
    set_status(tx, number, "applying")
    ids = {Address.parse(address): step for address, step in tx.rows("plans.step_ids", id=number)}
    return number, ids


def approve(tx: Transaction, plan: SavedPlan, actor: str, key: Key) -> None:
    """A person's consent, bound to the plan's hash, good once.

    It counts by its mac: whoever can only write rows cannot give one.
    """
    if any(given.plan_id == plan.id for given in approvals(tx, key)):
        return
    uid = uuid4()
    mac = key.approval_mac(_approved(uid, plan.id, plan.hash, actor))
    tx.execute("plans.approve", uid=uid, id=plan.id, hash=plan.hash, actor=actor, mac=mac)


def approvals(tx: Transaction, key: Key) -> tuple[Approval, ...]:
    """Approvals that were given with the key and not used yet; any other row is nobody's word."""
    found: dict[tuple[int, str], set[str]] = {}
    for row in tx.rows("plans.approved"):
        expected = key.approval_mac(_approved(row.uid, row.id, row.hash, row.approved_by))
        if hmac.compare_digest(row.mac, expected):
            found.setdefault((row.id, row.hash), set()).add(row.step_hash)
    return tuple(Approval(number, value, frozenset(steps)) for (number, value), steps in found.items())


def _approved(uid: UUID, plan_id: int, plan_hash: str, actor: str) -> bytes:
    return f"{uid} {plan_id} {plan_hash} {actor}".encode()


def use_approval(tx: Transaction, plan_id: int) -> None:
    """Mark the approvals of a plan as used: each is good once."""
    tx.execute("plans.use_approval", id=plan_id)


def set_status(tx: Transaction, plan_id: int, status: str) -> None:
    """saved, applying, applied, failed or expired."""
    tx.execute("plans.set_status", id=plan_id, status=status)


def close_abandoned(tx: Transaction, worker: UUID) -> int:
    """End, as failed, the plans whose applying worker is dead; gives their number.

    This worker's own count among them, so it must have no step under way.
    """
    return tx.execute("plans.close_abandoned", worker=worker)
