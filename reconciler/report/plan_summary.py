"""A plan in a line or two: how many steps and requests, what is left, and no more than is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.model.plan import Action, Blocked, BlockReason, Plan
from reconciler.report.coverage import ObservationCoverage, unmanaged_texts
from reconciler.report.lines import Line, line
from reconciler.report.plain import counted


def summary_lines(plan: Plan, coverage: ObservationCoverage) -> Iterator[Line]:
    """`Plan: 3 to create, …; 12 requests at hetzner-1`, or that nothing is to be done, as far as is known."""
    if plan.inventory:
        yield line(("Inventory: ", "bold"), f"{inventory_text(plan)}.")
    if plan:
        yield line(("Plan: ", "bold"), f"{count_text(plan)}; {request_text(plan)}.")
        if coverage.troubles:
            yield line(
                ("Not in it", "bold yellow"), f": what could not be seen; {'; '.join(coverage.troubles)}."
            )
    elif plan.blocked:
        yield line(("No changes", "bold"), f" will be made; {left_text(plan.blocked)}.")
    elif plan.since_creation:
        count = counted(len(plan.since_creation), "value")
        verb = "differs" if len(plan.since_creation) == 1 else "differ"
        yield line(("No changes", "bold"), f" will be made; {count} that only a creation takes {verb} since.")
    else:
        claim = unchanged_text(coverage)
        yield line((claim[0], "bold green" if coverage.whole else "bold"), claim[1])
    if plan.elsewhere:
        yield line((elsewhere_text(plan), "dim"))
    for text in unmanaged_texts(coverage):
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
    """`4 to declare, 1 to change`; empty where nothing of the inventory changes."""
    new = sum(1 for step in plan.inventory if step.is_new)
    counts = ((new, "to declare"), (len(plan.inventory) - new, "to change"))
    return ", ".join(f"{count} {text}" for count, text in counts if count)


def request_text(plan: Plan) -> str:
    """`3 requests at hz, 1 request at pve`, or `no requests`."""
    words = [
        f"{counted(count, 'request')} at {endpoint}" for endpoint, count in sorted(plan.requests.items())
    ]
    return ", ".join(words) or "no requests"


def unchanged_text(coverage: ObservationCoverage) -> tuple[str, str]:
    """That nothing is to be done: no more than is known. Its first words, and the rest."""
    if coverage.troubles:
        return "No changes", f" for what could be seen; {'; '.join(coverage.troubles)}."
    if not coverage.observed:
        return "No changes", " by what is recorded; no provider was looked at."
    if coverage.selected:
        return "No changes", " in what was selected. What is recorded is what the manifests say."
    return "No changes.", " What is recorded is what the manifests say."


def left_text(blocked: Iterable[Blocked]) -> str:
    """`2 resources differ and are left as they are`, and of how many that is not known."""
    items = list(blocked)
    differing = {item.address for item in items if item.reason is not BlockReason.UNKNOWN}
    unknown = {item.address for item in items} - differing
    words = []
    if differing:
        verbs = "differs and is left as it is" if len(differing) == 1 else "differ and are left as they are"
        words.append(f"{counted(len(differing), 'resource')} {verbs}")
    if unknown:
        verb = "is" if len(unknown) == 1 else "are"
        words.append(f"{counted(len(unknown), 'resource')} {verb} not known well enough to be changed")
    return "; ".join(words)
