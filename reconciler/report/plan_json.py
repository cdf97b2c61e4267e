"""A plan as JSON, for tools. The shape is stable: what is here keeps its name and meaning.

format_version   1
hash             SHA-256 of what would be done and what it rests on
source           {name, kind, commit, url, part}, the first of `sources`, or null
sources          [{name, kind, commit, url, part}]: what the plan is about, [] for the manifests as last
                 applied; `part` are the files or folders that were named of it, null for all of it
elsewhere        how many resources differ that the plan is not about; --all plans them too
summary          {create, update, replace, delete, adopt, forget}: how many steps of each
requests         {endpoint: number of provider requests}
observations     [{endpoint, seen, changed, gone, unknown, quarantined, unmanaged, recorded, requests,
                 trouble}], [] with --no-observe
  unmanaged      how many objects there are not managed, null where nothing could be seen
  recorded       false for an endpoint that is only declared so far: `get unmanaged` lists what was seen
                 there once it is applied
whole            whether every endpoint was seen whole; without it, no steps does not mean no changes
inventory        [{kind, name, is_new, hash, approvals, changes}]: what changes of it before any step
  changes        [{name, before, after}], null where there is no value; of a set each element by itself
steps            [{address, action, endpoint, provider_type, reason, impact, summary, hash, requires,
                 approvals, adopt, partial, failed, gone, changes, tags, parts, calls}]
  failed         what the step failed with the last time, or null
  gone           whether there is no object at the provider, as far as is known
  changes        [{name, before, after, unit, reason, mutability, secret}]; secrets are null
  tags           [{key, before, after, reason}]
  parts          [{address, action, holds_data, changes}]
  calls          [{operation, method, path, path_params, params, summary, impact, best_effort}]
follows          steps like these, which the same apply takes once what they wait for is done
blocked          [{address, action, hindrance, message, hint}]
since_creation   [text]: what only a creation takes and is wanted otherwise since; it has no effect
warnings         [text]
approvals        [text]: why the plan as a whole needs an approval
saved_as         the number of the saved plan, null if it was not saved
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reconciler.executor.observe.endpoint import Coverage
from reconciler.manifest.source.state import SourceState
from reconciler.model.catalog import Catalog
from reconciler.model.diff import AttributeChange
from reconciler.model.inventory import InventoryStep
from reconciler.model.plan import Action, Call, Step
from reconciler.report.coverage import ObservationCoverage, coverage_json
from reconciler.report.plan import PlanReport
from reconciler.report.values import as_json

FORMAT_VERSION = 1


def plan_json(report: PlanReport) -> dict[str, Any]:
    """The document whose fields the module's docstring explains."""
    plan, catalog, sources, coverage = report.plan, report.view.catalog, report.sources, report.coverage
    endpoints = coverage.endpoints
    return {
        "format_version": FORMAT_VERSION,
        "hash": plan.hash(),
        "source": _source(sources[0]) if sources else None,
        "sources": list(map(_source, sources)),
        "elsewhere": plan.elsewhere,
        "summary": {action.value: plan.count(action) for action in Action if action is not Action.NOOP},
        "requests": dict(plan.requests),
        "observations": [_observation(covered, coverage) for _, covered in sorted(endpoints.items())],
        "whole": bool(endpoints) and not coverage.troubles,
        "inventory": [_inventory(step) for step in plan.inventory],
        "steps": [step_json(step, catalog) for step in plan.steps],
        "follows": [step_json(step, catalog) for step in plan.follows],
        "blocked": [
            {
                "address": str(item.address),
                "action": item.action.value,
                "hindrance": item.reason.value,
                "message": item.message,
                "hint": item.hint or None,
            }
            for item in plan.blocked
        ],
        "since_creation": list(plan.since_creation),
        "warnings": list(plan.warnings),
        "approvals": list(plan.approvals),
        "saved_as": report.saved_as,
    }


def _source(source: SourceState) -> dict[str, Any]:
    return {
        "name": source.name,
        "kind": source.kind,
        "commit": source.commit,
        "url": source.url,
        "part": list(source.part) if source.part is not None else None,
    }


def _inventory(step: InventoryStep) -> dict[str, Any]:
    return {
        "kind": step.kind.value,
        "name": step.name,
        "is_new": step.is_new,
        "hash": step.hash(),
        "approvals": list(step.approvals),
        "changes": [
            {"name": change.name, "before": as_json(change.before), "after": as_json(change.after)}
            for change in step.changes
        ],
    }


def _observation(covered: Coverage, coverage: ObservationCoverage) -> dict[str, Any]:
    return {
        **coverage_json(covered),
        "unmanaged": None if covered.blind else coverage.unmanaged.get(covered.endpoint, 0),
        "recorded": covered.endpoint not in coverage.unrecorded,
    }


def step_json(step: Step, catalog: Catalog) -> dict[str, Any]:
    """One of `steps`; the catalog knows the units."""
    return {
        "address": str(step.address),
        "action": step.action.value,
        "endpoint": step.endpoint,
        "provider_type": step.provider_type,
        "reason": step.reason.value if step.reason else None,
        "impact": step.impact.value,
        "summary": step.summary,
        "hash": step.hash(),
        "requires": [str(address) for address in step.requires],
        "approvals": list(step.approvals),
        "adopt": step.adopt,
        "partial": step.partial,
        "failed": step.failed,
        "gone": step.gone,
        "changes": _changes(step.changes, catalog),
        "tags": [
            {"key": tag.key, "before": tag.before, "after": tag.after, "reason": tag.reason.value}
            for tag in step.tags
        ],
        "parts": [
            {
                "address": str(part.address),
                "action": part.action.value,
                "holds_data": part.holds_data,
                "changes": _changes(part.changes, catalog),
            }
            for part in step.parts
        ],
        "calls": [_call(call) for call in step.calls],
    }


def _changes(changes: Iterable[AttributeChange], catalog: Catalog) -> list[dict[str, Any]]:
    return [
        {
            "name": change.name,
            "before": None if change.secret else as_json(change.before),
            "after": None if change.secret else as_json(change.after),
            "unit": definition.unit if (definition := catalog.definitions.get(change.name)) else None,
            "reason": change.reason.value,
            "mutability": change.mutability.value,
            "secret": change.secret,
        }
        for change in changes
    ]


def _call(call: Call) -> dict[str, Any]:
    return {
        "operation": call.operation,
        "method": call.method,
        "path": call.path,
        "path_params": {name: as_json(value) for name, value in call.path_params},
        "params": {name: as_json(value) for name, value in call.params},
        "summary": call.summary,
        "impact": call.impact.value,
        "best_effort": call.best_effort,
    }
