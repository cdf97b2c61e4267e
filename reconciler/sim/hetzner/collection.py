"""What the simulator knows of a kind of resource: routing and `changes` know them by these values alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.sim.hetzner.call import Routes, public
from reconciler.sim.hetzner.project import Json, Kind, Project


def _nothing(project: Project, row: Json) -> None:
    """As a kind that hangs on nothing has it."""


@dataclass(frozen=True, slots=True)
class Collection:
    """One kind of resource.

    `render` is one as the API shows it, `take_off` takes one off all that it hangs on, as its sudden end
    would. `sets` are the names that `changes` may set although no field of a record is called so, `does`
    what it can do beside that; the latter gets the record and what was asked, and raises ValueError.
    """

    kind: Kind
    routes: Routes
    render: Callable[[Project, Json], Json] = lambda _, row: public(row)
    take_off: Callable[[Project, Json], None] = _nothing
    sets: Mapping[str, Callable[[Project, Json, Any], None]] = field(default_factory=dict)
    does: Mapping[str, Callable[[Json, Json], None]] = field(default_factory=dict)
