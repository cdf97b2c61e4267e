"""`observe` and `drift`: looking at endpoints, and what moved there by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from reconciler.cli.exit_codes import CHANGES, ExitCode
from reconciler.cli.output import (
    Format,
    Piece,
    counted,
    line,
    print_json,
    print_table,
    print_yaml,
    results,
    warn,
)
from reconciler.cli.plan_json import coverage_json
from reconciler.cli.running import Request, running
from reconciler.cli.settings import Settings
from reconciler.cli.sight import Sight, trouble_text
from reconciler.cli.sources import Manifests, names_of
from reconciler.cli.values import united
from reconciler.engine.observing import observe_all
from reconciler.executor.observe.endpoint import Coverage
from reconciler.manifest.source.sources import SourceState
from reconciler.model.address import Address
from reconciler.model.scope import Scope, ScopePart
from reconciler.store import views
from reconciler.store.database.session import Transaction
from reconciler.store.recorded.resources import managed_roots


def observe(settings: Settings, names: list[str], output: Format, *, accept_empty: bool) -> int:
    """Look, record, and print what came of it; gives the exit code."""
    with running(Request(settings)) as run:
        context = run.session.context
        for name in names:
            context.connections.to(name)  # raises PlanError for one that there is not
        with run.reporter.showing():
            if accept_empty:  # what was left open there waits for the very same word
                run.session.recover(names or context.connections.endpoints)
            coverage = observe_all(context, names or None, accept_empty=accept_empty)
    _print_coverage(coverage, output)
    return ExitCode.FAILED if any(covered.trouble for covered in coverage.values()) else 0


def _print_coverage(coverage: Mapping[str, Coverage], output: Format) -> None:
    rows = [coverage_json(covered) for _, covered in sorted(coverage.items())]
    if output == "json":
        print_json(rows)
        return
    if output == "yaml":
        print_yaml(rows)
        return
    print_table(
        ("ENDPOINT", "LOOK", "SEEN", "CHANGED", "GONE", "UNKNOWN", "REQUESTS"),
        [_coverage_row(covered) for _, covered in sorted(coverage.items())],
    )
    for _, covered in sorted(coverage.items()):
        _list("changed", covered.changed, "yellow")
        _list("gone", covered.gone, "red")
        _list("unknown", covered.unknown, "dim")
        _list("in quarantine", covered.quarantined, "bold red")
        if covered.trouble:
            gone = covered.unknown and not covered.blind
            hint = f"if all of it is really gone: reconciler observe {covered.endpoint} --accept-empty"
            warn(trouble_text(covered), hint if gone else "")


def _coverage_row(covered: Coverage) -> Sequence[Piece]:
    how = (
        ("failed", "red")
        if covered.blind
        else ("partial", "yellow")
        if covered.trouble
        else ("complete", "green")
    )
    return (
        (covered.endpoint, "bold"),
        how,
        str(covered.seen),
        str(len(covered.changed)),
        str(len(covered.gone)),
        str(len(covered.unknown)),
        str(covered.requests),
    )


def _list(what: str, addresses: Iterable[Address], style: str) -> None:
    for address in sorted(addresses):
        results().print(line((f"  {what}: ", style), str(address)))


def drift(settings: Settings, output: Format, manifests: Manifests, *, observe: bool, detailed: bool) -> int:
    """Print what is not as it was applied; gives the exit code."""
    with running(Request(settings, manifests, observe=observe)) as run:
        run.observe()
        for _, seen in sorted(run.session.coverage.items()):
            if seen.trouble:
                warn(trouble_text(seen), "what is not known there is not in this list")
        with run.session.engine.store.read() as tx:
            found = _drift_of(tx, run.session.states)
        sight = run.sight(run.session.coverage)
        otherwise = run.session.preview().plan.since_creation
    _print_drift(found, output, sight)
    for text in otherwise:
        warn(text)
    if sight.troubles:
        return ExitCode.FAILED
    return CHANGES if detailed and found else 0


def _drift_of(tx: Transaction, states: Sequence[SourceState]) -> tuple[views.DriftView, ...]:
    """The drift of what these sources declare, or declared last; without any, of everything."""
    found = views.drift(tx)
    if not states:
        return found
    names = [ScopePart(name, state.part) for state in states for name in names_of(state)]
    scope = Scope(tuple(names))
    ours = {root.address for root in managed_roots(tx) if scope.covers(root.address, root.source, root.path)}
    return tuple(item for item in found if Address.parse(item.address).root in ours)


def _print_drift(found: Sequence[views.DriftView], output: Format, sight: Sight) -> None:
    if output == "json":
        print_json([asdict(item) for item in found])
    elif output == "yaml":
        print_yaml([asdict(item) for item in found])
    elif not found:
        if sight.troubles:
            results().print(line(("No drift", "bold"), " in what could be seen."))
        elif not sight.observed:
            results().print(line(("No drift", "bold"), " by what was last seen; no provider was looked at."))
        else:
            results().print(line(("No drift. ", "bold green"), "Everything is as it was applied."))
    else:
        print_table(("ADDRESS", "WHAT", "APPLIED", "NOW"), map(_drift_row, found))
        results().print()
        places = counted(len({item.address for item in found}), "resource")
        results().print(line(("Drift: ", "bold yellow"), f"{places} moved away from what was applied."))


def _drift_row(item: views.DriftView) -> Sequence[Piece]:
    what = item.name or "" if item.what == "attribute" else f"{item.what} {item.name or ''}".strip()
    applied = united(item.desired, item.unit) if item.desired is not None else "(none)"
    now = united(item.recorded, item.unit) if item.recorded is not None else "(none)"
    return (item.address, "bold"), what, (applied, "green"), (now, "red")
