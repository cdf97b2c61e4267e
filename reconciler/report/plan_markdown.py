"""A plan as Markdown, for a comment on a pull request: a summary, a table, and the details folded away."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.inventory import InventoryStep
from reconciler.model.plan import Action, Plan, Step
from reconciler.report.coverage import unmanaged_texts
from reconciler.report.plan import PlanReport, sources_text
from reconciler.report.plan_lines import inventory_lines, step_lines
from reconciler.report.plan_summary import (
    count_text,
    elsewhere_text,
    inventory_text,
    request_text,
    summary_lines,
)
from reconciler.report.words import ACTIONS, IMPACTS, blocked_verb


def plan_markdown(report: PlanReport) -> str:
    """The comment, with a line break at its end."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: PlanReport) -> Iterator[str]:
    plan = report.plan
    yield f"### Plan for {cell(sources_text(report.sources))}"
    yield ""
    if plan:
        yield from _overview(report)
    else:
        yield from (f"**{cell(text.plain)}**" for text in summary_lines(plan, report.coverage))
        yield ""
    for reason in plan.approvals:
        yield f"> **Needs an approval as a whole:** {cell(reason)}"
        yield ""
    yield from _blocked(plan)
    if plan.since_creation:
        yield "#### Differs since creation"
        yield ""
        yield from (f"- {cell(text)}" for text in plan.since_creation)
        yield ""
    if plan.warnings:
        yield "#### Warnings"
        yield ""
        yield from (f"- {cell(text)}" for text in plan.warnings)
        yield ""
    if plan:
        yield from _details(report)
    yield f"<sub>plan {plan.hash()[:12]}</sub>"


def _overview(report: PlanReport) -> Iterator[str]:
    """The numbers, the table of steps, and what a reader must know that is in neither."""
    plan = report.plan
    yield f"**{count_text(plan)}**; {request_text(plan)}."
    yield ""
    if plan.inventory:
        yield f"Inventory: {inventory_text(plan)}."
        yield ""
    yield "| | resource | endpoint | why | effect |"
    yield "|---|---|---|---|---|"
    for changed in plan.inventory:
        yield _inventory_row(changed)
    for step in plan.steps:
        yield _row(step)
    yield ""
    for trouble in report.coverage.troubles:
        yield f"> **Not in it:** {cell(trouble)}"
        yield ""
    if plan.elsewhere:
        yield cell(elsewhere_text(plan))
        yield ""
    for text in unmanaged_texts(report.coverage):
        yield cell(text)
        yield ""


def _inventory_row(step: InventoryStep) -> str:
    symbol = ACTIONS[Action.CREATE if step.is_new else Action.UPDATE].symbol
    effect = "; ".join(f"needs an approval: {text}" for text in step.approvals)
    return f"| `{symbol}` | `{step}` | | inventory | {cell(effect)} |"


def _row(step: Step) -> str:
    symbol = ACTIONS[step.action].symbol
    why = step.reason.value if step.reason else ""
    effects = [IMPACTS[step.impact], *(f"needs an approval: {text}" for text in step.approvals)]
    effects += [f"failed last time: {step.failed}"] if step.failed else []
    effects += ["there is none"] if step.gone else []
    effect = "; ".join(text for text in effects if text)
    return f"| `{symbol}` | `{step.address}` | {step.endpoint} | {why} | {cell(effect)} |"


def _blocked(plan: Plan) -> Iterator[str]:
    if not plan.blocked:
        return
    yield "#### Left as it is"
    yield ""
    for item in plan.blocked:
        hint = f" → {cell(item.hint)}" if item.hint else ""
        yield f"- `{item.address}` {blocked_verb(item)}: {cell(item.message)}{hint}"
    yield ""


def _details(report: PlanReport) -> Iterator[str]:
    yield "<details><summary>Every step</summary>"
    yield ""
    # Four backquotes: a value may hold three.
    yield "````text"
    for changed in report.plan.inventory:
        yield from (text.plain.rstrip() for text in inventory_lines(changed))
    for step in report.plan.steps:
        yield from (text.plain.rstrip() for text in step_lines(step, report.view))
    yield "````"
    yield ""
    yield "</details>"
    yield ""


def cell(text: str) -> str:
    """Text that cannot end a table's cell or begin markup."""
    flat = " ".join(text.split())
    for sign in "\\|<>*_`[]":
        flat = flat.replace(sign, f"\\{sign}")
    return flat
