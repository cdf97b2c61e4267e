"""Servers: `record` for how one is shown and taken away; `create`, `power`, `changes` for what it is told."""

from __future__ import annotations

from reconciler.sim.hetzner import action_lists
from reconciler.sim.hetzner.collection import Collection
from reconciler.sim.hetzner.project import Kind
from reconciler.sim.hetzner.types.server import changes, create, power, record, truth

COLLECTION = Collection(
    Kind("servers", "server", locks=True),
    {**action_lists.routes("servers"), **record.ROUTES, **create.ROUTES, **power.ROUTES, **changes.ROUTES},
    record.render,
    record.take_off,
    truth.SETS,
    truth.DOES,
)
