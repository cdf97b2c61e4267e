"""Placement groups: only name and labels change in place."""

from __future__ import annotations

from reconciler.model.resource import Desired, Recorded
from reconciler.providers.hetzner.lower.build import create, delete, given, naming, put
from reconciler.providers.hetzner.lower.rules import Calls, Change, Rules


def _create(desired: Desired) -> Calls:
    return (create(desired, given(desired, type="placement_type")),)


def _update(change: Change) -> Calls:
    return put(change.recorded.address, naming(change))


def _delete(recorded: Recorded) -> Calls:
    return (delete(recorded.address),)


RULES = Rules(_create, _update, _delete)
