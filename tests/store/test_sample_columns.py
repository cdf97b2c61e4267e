"""Every attribute of both providers, wanted, planned and recorded: no text column holds a structure.

The calls that drivers make of them are looked at in the stories; see `tests/scenario/test_columns.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from reconciler.model.resource import Desired, Observed
from reconciler.model.values import SecretRef
from reconciler.store.inventory.keys import Key
from reconciler.store.work.plans import approve, find_plan, save_plan
from tests.contract import hetzner_samples, proxmox_samples
from tests.rigs.columns import serialized
from tests.rigs.core import ENDPOINT_OF, given, observed_of
from tests.rigs.core_world import ACTOR, CoreWorld
from tests.rigs.planner import make_plan


def here(desired: Desired) -> Desired:
    """The same at this world's endpoint, its secrets with fingerprints."""
    attributes = {
        name: SecretRef(value.credential, "0123456789ab") if isinstance(value, SecretRef) else value
        for name, value in desired.attributes.items()
    }
    parts = tuple(here(part) for part in desired.parts)
    endpoint = ENDPOINT_OF[desired.provider_type]
    return replace(desired, endpoint=endpoint, attributes=attributes, parts=parts)


def states(provider: str) -> Iterable[tuple[Desired, ...]]:
    """Each sample's states one after another, together with what must be there first."""
    lives = hetzner_samples if provider == "hetzner" else proxmox_samples
    for sample in lives.samples():
        for state in (sample.desired, *sample.variants):
            yield tuple(map(here, (*sample.first, state)))


def shown(desired: Desired) -> Observed:
    return replace(observed_of(desired), mark=None)


@pytest.mark.parametrize("provider", ["hetzner", "proxmox"])
def test_no_attribute_of_a_sample_becomes_a_structure_in_a_text(world: CoreWorld, provider: str) -> None:
    wanted = list(states(provider))
    for number, items in enumerate(wanted):
        world.revise(*items)
        world.look(*map(shown, items), endpoint=ENDPOINT_OF[provider])
        with world.store.transaction(ACTOR) as tx:
            made = make_plan(given(items))
            plain = replace(made, steps=tuple(replace(step, calls=()) for step in made.steps))
            saved, _ = save_plan(tx, plain, "ada", "saved")
            if number == 0:
                approve(tx, find_plan(tx, str(saved)), "grace", Key(bytes(32)))
    for table in ("desired_attributes", "resource_attribute_history", "plan_step_change_values"):
        assert world.one(f"SELECT count(*) FROM {table}") > 100, table  # noqa: S608
    assert serialized(world.rows) == []
