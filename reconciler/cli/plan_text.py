"""A plan for a person at a terminal: what happens to what, why, and by which requests.

The words and symbols follow what people know from Terraform. It renders; what is in a plan was decided
before, and nothing is left out but the length of long values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text

from reconciler.cli.output import Piece, counted, line
from reconciler.cli.sight import Sight, left_text, unchanged_text, unmanaged_texts
from reconciler.cli.values import request_line, request_lines, shown, with_unit
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.diff import AttributeChange, PartAction, PartChange, Reason, TagChange
from reconciler.model.inventory import InventoryStep
from reconciler.model.plan import Action, Blocked, BlockReason, Call, Impact, Plan, Step
from reconciler.model.values import Scalar, SecretRef

SYMBOLS: Mapping[Action, tuple[str, str]] = {
    Action.CREATE: ("+", "green"),
    Action.UPDATE: ("~", "yellow"),
    Action.REPLACE: ("-/+", "magenta"),
    Action.DELETE: ("-", "red"),
    Action.ADOPT: ("<-", "cyan"),
    Action.FORGET: ("x", "blue"),
    Action.NOOP: (" ", "dim"),
}
VERBS: Mapping[Action, str] = {
    Action.CREATE: "will be created",
    Action.UPDATE: "will be changed",
    Action.REPLACE: "will be destroyed and made anew",
    Action.DELETE: "will be deleted",
    Action.ADOPT: "will be taken over",
    Action.FORGET: "will be forgotten, the object stays",
    Action.NOOP: "stays",
}
REASONS: Mapping[Reason, str] = {
    Reason.MANIFEST: "manifest",
    Reason.DRIFT: "drift",
    Reason.DEFAULT: "default",
}
IMPACTS: Mapping[Impact, str] = {
    Impact.ONLINE: "",
    Impact.REBOOT: "restarts it",
    Impact.STOP: "stops it",
    Impact.REPLACE: "replaces it",
}
_PARTS: Mapping[PartAction, tuple[str, str]] = {
    PartAction.CREATE: ("+", "green"),
    PartAction.UPDATE: ("~", "yellow"),
    PartAction.DELETE: ("-", "red"),
}


@dataclass(frozen=True, slots=True)
class View:
    """How much to show. `calls`: every call with its parameters; `whole`: values at full length."""

    catalog: Catalog
    calls: bool = False
    whole: bool = False


def plan_lines(plan: Plan, view: View, sight: Sight) -> Iterator[Text]:
    """The whole plan, its summary last."""
    for changed in plan.inventory:
        yield from inventory_lines(changed)
        yield Text()
    for step in plan.steps:
        yield from step_lines(step, view)
        yield Text()
    yield from blocked_lines(plan.blocked)
    yield from titled("Differs since creation", plan.since_creation, "yellow")
    yield from titled("Warnings", plan.warnings, "yellow")
    yield from titled("Needs an approval as a whole", plan.approvals, "magenta")
    yield from summary_lines(plan, sight)


def step_lines(step: Step, view: View) -> Iterator[Text]:
    symbol, style = SYMBOLS[step.action]
    yield line(
        (f"{symbol:>3} ", f"bold {style}"),
        (str(step.address), "bold"),
        f" {verb(step)}",
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


def inventory_lines(step: InventoryStep) -> Iterator[Text]:
    action = Action.CREATE if step.is_new else Action.UPDATE
    symbol, style = SYMBOLS[action]
    yield line(
        (f"{symbol:>3} ", f"bold {style}"),
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


def verb(step: Step) -> str:
    """What happens to it. Of what is gone already nothing stays."""
    if step.action is Action.FORGET and step.gone:
        return "will be forgotten, there is none"
    return VERBS[step.action]


def _aside(step: Step) -> list[Piece]:
    """Where, why, and what it does to a running machine."""
    words: list[Piece] = [(f"  {step.endpoint}", "dim")]
    drifted = step.reason is Reason.DRIFT
    if step.reason is not None and (drifted or step.action in (Action.UPDATE, Action.REPLACE)):
        words.append((f" · {REASONS[step.reason]}", "yellow" if drifted else "dim"))
    if IMPACTS[step.impact]:
        words.append((f" · {IMPACTS[step.impact]}", "bold red"))
    if step.adopt is not None:
        words.append((f" · the object with id {step.adopt}", "dim"))
    return words


def _change_lines(
    changes: Sequence[AttributeChange], tags: Sequence[TagChange], view: View, indent: str, *, new: bool
) -> Iterator[Text]:
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
    return [(f"  ({REASONS[reason]})", "dim")] if mixed else []


def _part_lines(part: PartChange, of: Address, view: View) -> Iterator[Text]:
    symbol, style = _PARTS[part.action]
    name = str(part.address).removeprefix(f"{of}/")
    data = part.holds_data and part.action is PartAction.DELETE
    yield line(
        "    ", (f"{symbol} ", f"bold {style}"), name, (" · its data is lost", "bold red") if data else ""
    )
    if part.action is not PartAction.DELETE:
        yield from _change_lines(part.changes, (), view, "        ", new=part.action is PartAction.CREATE)


def _call_lines(calls: Sequence[Call], view: View) -> Iterator[Text]:
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


def blocked_lines(blocked: Iterable[Blocked]) -> Iterator[Text]:
    """What differs and is left alone: why, and what frees it."""
    items = list(blocked)
    if not items:
        return
    yield line(("Left as it is", "bold yellow"))
    for item in items:
        yield line(
            ("  ! ", "bold yellow"),
            (str(item.address), "bold"),
            (f" {would_be(item)} · {item.hindrance.value.replace('_', ' ')}", "dim"),
        )
        yield line(f"      {item.message}")
        if item.hint:
            yield line(("      → ", "cyan"), item.hint)
    yield Text()


def would_be(item: Blocked) -> str:
    """`would be changed`; of what could not be seen not even that is known."""
    if item.hindrance is BlockReason.UNKNOWN and item.action is Action.UPDATE:
        return "may differ"
    return f"would be {PARTICIPLES[item.action]}"


PARTICIPLES: Mapping[Action, str] = {
    Action.CREATE: "created",
    Action.UPDATE: "changed",
    Action.REPLACE: "replaced",
    Action.DELETE: "deleted",
    Action.ADOPT: "taken over",
    Action.FORGET: "forgotten",
    Action.NOOP: "left alone",
}


def titled(title: str, items: Sequence[str], style: str) -> Iterator[Text]:
    if not items:
        return
    yield line((title, f"bold {style}"))
    for item in items:
        yield line(("  ! ", f"bold {style}"), item)
    yield Text()


def summary_lines(plan: Plan, sight: Sight) -> Iterator[Text]:
    """`Plan: 3 to create, …; 12 requests at hetzner-1`, or that nothing is to be done, as far as is known."""
    if plan.inventory:
        yield line(("Inventory: ", "bold"), f"{inventory_text(plan)}.")
    if plan:
        yield line(("Plan: ", "bold"), f"{count_text(plan)}; {request_text(plan)}.")
        if sight.troubles:
            yield line(
                ("Not in it", "bold yellow"), f": what could not be seen; {'; '.join(sight.troubles)}."
            )
    elif plan.blocked:
        yield line(("No changes", "bold"), f" will be made; {left_text(plan.blocked)}.")
    elif plan.since_creation:
        count = counted(len(plan.since_creation), "value")
        verb = "differs" if len(plan.since_creation) == 1 else "differ"
        yield line(("No changes", "bold"), f" will be made; {count} that only a creation takes {verb} since.")
    else:
        claim = unchanged_text(sight)
        yield line((claim[0], "bold green" if sight.whole else "bold"), claim[1])
    if plan.elsewhere:
        yield line((elsewhere_text(plan), "dim"))
    for text in unmanaged_texts(sight):
        yield line((text, "dim"))


def elsewhere_text(plan: Plan) -> str:
    """That other sources' resources, which a plan is not about, differ too."""
    verb = "differs" if plan.elsewhere == 1 else "differ"
    return f"{plan.elsewhere} elsewhere {verb} too, which this is not about (`--all` plans everything)."


def count_text(plan: Plan) -> str:
    """The actions and how many of each; those that are rare only where there are some."""
    usual = (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE)
    words = [f"{plan.count(action)} to {action.value}" for action in usual]
    rare = ((Action.ADOPT, "to take over"), (Action.FORGET, "to forget"))
    words += [f"{plan.count(action)} {text}" for action, text in rare if plan.count(action)]
    return ", ".join(words)


def inventory_text(plan: Plan) -> str:
    new = sum(1 for step in plan.inventory if step.is_new)
    counts = ((new, "to declare"), (len(plan.inventory) - new, "to change"))
    return ", ".join(f"{count} {text}" for count, text in counts if count)


def request_text(plan: Plan) -> str:
    words = [
        f"{counted(count, 'request')} at {endpoint}" for endpoint, count in sorted(plan.requests.items())
    ]
    return ", ".join(words) or "no requests"
