"""What is measured, each in a fresh process: `python -m tests.bench.operations NAME HOME MANIFESTS`.

It does what the command of that name would, through the same engine, and writes what came of it as one line
of JSON, so that the one who measures can tell that the work was really done.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from reconciler.engine.apply import Session
from reconciler.engine.approval import Permit
from reconciler.engine.engine import Engine
from reconciler.manifest.source.sources import read_source
from reconciler.manifest.source.state import SourceSpec
from tests.bench.seeding import seed_recorded
from tests.bench.stock import write_stock

Facts = dict[str, int]
STOCK = Path("stock.jsonl")
"""In the folder that the process runs in."""


def plan(session: Session) -> Facts:
    """The whole preview, on what is recorded: nothing is asked of the provider."""
    found = session.preview().plan
    requests = sum(found.requests.values())
    return {"steps": len(found.steps), "blocked": len(found.blocked), "requests": requests}


def apply(session: Session) -> Facts:
    """Everything that the manifests say, against the provider, each step committed."""
    session.recover()
    session.observe()
    done = session.apply(Permit())
    return {"steps": len(done.outcomes), "failed": len(done.failed), "left": len(done.left.steps)}


def observe(session: Session) -> Facts:
    """One look at everything that the provider has."""
    session.observe()
    coverage = session.coverage.values()
    return {
        "seen": sum(covered.seen for covered in coverage),
        "changed": sum(len(covered.changed) for covered in coverage),
    }


def load(session: Session) -> Facts:
    """Manifests that the database has never seen, parsed and recorded as a revision."""
    return {"added": sum(len(loaded.change.added) for loaded in session.load())}


def seed(session: Session) -> Facts:
    """The recorded side as if all had been applied, by one large observation; then settled by a plan."""
    session.load()
    seen = seed_recorded(session.engine)
    done = session.apply(Permit())
    return {"seen": seen, "steps": len(done.outcomes), "left": len(done.left.steps)}


def stock(session: Session) -> Facts:
    """Seeded as by `seed`, and in a file what a provider has to have for it."""
    facts = seed(session)
    return facts | {"written": write_stock(session.engine, STOCK.resolve())}


OPERATIONS: dict[str, Callable[[Session], Facts]] = {
    "apply": apply,
    "load": load,
    "observe": observe,
    "plan": plan,
    "seed": seed,
    "stock": stock,
}


def main(name: str, home: Path, manifests: Path) -> None:
    with Engine.open(home, None, "bench") as engine, engine.working("cli") as context:
        source = SourceSpec(paths=(str(manifests),), name="bench")
        states = () if name == "observe" else (read_source(source, home / "cache"),)
        facts = OPERATIONS[name](Session(engine, context, states))
    sys.stdout.write(json.dumps(facts) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
