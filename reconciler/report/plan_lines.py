"""A plan for people, line by line: what happens to what, why, and by which requests.

It renders; what is in a plan was decided before, and nothing is left out but the length of long values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconciler.model.address import Address
from reconciler.model.diff import AttributeChange, PartAction, PartChange, Reason, TagChange
from reconciler.model.inventory import InventoryStep
from reconciler.model.plan import Action, Blocked, Call, Step
from reconciler.model.values import Scalar, SecretRef
from reconciler.report.lines import Line, Piece, line, titled
from reconciler.report.plan import PlanReport, View, sources_text
from reconciler.report.plan_summary import summary_lines
from reconciler.report.values import request_line, request_lines, shown, with_unit
from reconciler.report.words import ACTIONS, IMPACTS, blocked_verb, step_verb


def plan_lines(report: PlanReport) -> Iterator[Line]:
    """The whole plan, what it is about first and its summary last."""
    plan = report.plan
    yield line((f"Plan for {sources_text(report.sources)}", "dim"))
    for old, new in report.renamed:
        yield line((f"The source {old} is called {new} from now on.", "cyan"))
    yield line()
    for changed in plan.inventory:
        yield from inventory_lines(changed)
        yield line()
    for step in plan.steps:
        yield from step_lines(step, report.view)
        yield line()
    yield from blocked_lines(plan.blocked)
    yield from titled("Differs since creation", plan.since_creation, "yellow")
    yield from titled("Warnings", plan.warnings, "yellow")
    yield from titled("Needs an approval as a whole", plan.approvals, "magenta")
    yield from summary_lines(plan, report.coverage)


def step_lines(step: Step, view: View) -> Iterator[Line]:
    """What happens to it first, then each change, why it is as it is, and its requests."""
    words = ACTIONS[step.action]
    yield line(
        (f"{words.symbol:>3} ", f"bold {words.style}"),
        (str(step.address), "bold"),
        f" {step_verb(step)}",
        *_aside(step),
    )
    yield from _change_lines(step.changes, step.tags, view, "      ", new=step.action is Action.CREATE)
    for part in step.parts:
        yield from _part_lines(part, step.address, view)
    if step.failed is not None:
        yield line("      ", ("failed last time: ", "bold red"), step.failed)
    for reason in step.approvals:
        yield line("      ", ("needs an approval: ", "bold magenta"), reason)
    if step.partial:
        yield line(("      something else that differs is left as it is; see below", "dim"))
    yield from _call_lines(step.calls, view)


def inventory_lines(step: InventoryStep) -> Iterator[Line]:
    """What is declared or changed of the inventory, field by field."""
    words = ACTIONS[Action.CREATE if step.is_new else Action.UPDATE]
    yield line(
        (f"{words.symbol:>3} ", f"bold {words.style}"),
        (str(step), "bold"),
        f" will be {'declared' if step.is_new else 'changed'}",
        ("  inventory", "dim"),
    )
    width = max(len(change.name) for change in step.changes) + 2
    for change in step.changes:
        before, after = (_field(value) for value in (change.before, change.after))
        yield line("      ", f"{change.name + ':':<{width}}", *_arrow(before, after, new=step.is_new))
    for reason in step.approvals:
        yield line("      ", ("needs an approval: ", "bold magenta"), reason)


def _field(value: Scalar | None) -> str:
    return "(none)" if value is None else shown(value, whole=True)


def _aside(step: Step) -> list[Piece]:
    """Where, why, and what it does to a running machine."""
    words: list[Piece] = [(f"  {step.endpoint}", "dim")]
    drifted = step.reason is Reason.DRIFT
    if step.reason is not None and (drifted or step.action in (Action.UPDATE, Action.REPLACE)):
        words.append((f" · {step.reason.value}", "yellow" if drifted else "dim"))
    if IMPACTS[step.impact]:
        words.append((f" · {IMPACTS[step.impact]}", "bold red"))
    if step.adopt is not None:
        words.append((f" · the object with id {step.adopt}", "dim"))
    return words


def _change_lines(
    changes: Sequence[AttributeChange], tags: Sequence[TagChange], view: View, indent: str, *, new: bool
) -> Iterator[Line]:
    names = [change.name for change in changes] + [f"tag {tag.key}" for tag in tags]
    width = max(map(len, names), default=0) + 2
    mixed = len({change.reason for change in changes} | {tag.reason for tag in tags}) > 1
    for change in changes:
        pieces = _secret(new=new) if _is_secret(change) else _values(change, view, new=new)
        yield line(
            indent, f"{change.name + ':':<{width}}", *pieces, *_why(change.reason, mixed=mixed and not new)
        )
    for tag in tags:
        pieces = _arrow(_tag(tag.before), _tag(tag.after), new=new)
        label = f"tag {tag.key}:"
        yield line(indent, f"{label:<{width}}", *pieces, *_why(tag.reason, mixed=mixed and not new))


def _is_secret(change: AttributeChange) -> bool:
    return change.secret or isinstance(change.before or change.after, SecretRef)


def _secret(*, new: bool) -> list[Piece]:
    return [("(secret)" if new else "(secret changed)", "dim")]


def _values(change: AttributeChange, view: View, *, new: bool) -> list[Piece]:
    before = with_unit(change.before, change.name, view.catalog, whole=view.whole)
    after = with_unit(change.after, change.name, view.catalog, whole=view.whole)
    if change.takes_back and not new:
        return [after, (" (another value waits for a restart and is taken back)", "dim")]
    return _arrow(before, after, new=new)


def _tag(value: str | None) -> str:
    return "(none)" if value is None else value or '""'


def _arrow(before: str, after: str, *, new: bool) -> list[Piece]:
    return [after] if new else [(before, "red"), (" → ", "dim"), (after, "green")]


def _why(reason: Reason, *, mixed: bool) -> list[Piece]:
    """Said of single attributes only where they differ in it."""
    return [(f"  ({reason.value})", "dim")] if mixed else []


def _part_lines(part: PartChange, of: Address, view: View) -> Iterator[Line]:
    words = ACTIONS[Action(part.action.value)]
    name = str(part.address).removeprefix(f"{of}/")
    lost = " · its data is lost" if part.holds_data and part.action is PartAction.DELETE else ""
    yield line("    ", (f"{words.symbol} ", f"bold {words.style}"), name, (lost, "bold red"))
    if part.action is not PartAction.DELETE:
        yield from _change_lines(part.changes, (), view, "        ", new=part.action is PartAction.CREATE)


def _call_lines(calls: Sequence[Call], view: View) -> Iterator[Line]:
    if not view.calls:
        for text in request_lines(calls):
            yield line(("      ⇒ ", "dim"), (text, "dim"))
        return
    for call in calls:
        impact = f" · {IMPACTS[call.impact]}" if IMPACTS[call.impact] else ""
        yield line(
            ("      ⇒ ", "dim"),
            (request_line(call, filled=True), "cyan"),
            (f"  {call.summary}{impact}", "dim"),
        )
        for name, value in call.params:
            yield line((f"          {name} = {shown(value, whole=view.whole)}", "dim"))


def blocked_lines(blocked: Iterable[Blocked]) -> Iterator[Line]:
    """What differs and is left alone: why, and what frees it."""
    items = list(blocked)
    if not items:
        return
    yield line(("Left as it is", "bold yellow"))
    for item in items:
        yield line(
            ("  ! ", "bold yellow"),
            (str(item.address), "bold"),
            (f" {blocked_verb(item)} · {item.reason.value.replace('_', ' ')}", "dim"),
        )
        yield line(f"      {item.message}")
        if item.hint:
            yield line(("      → ", "cyan"), item.hint)
    yield line()
