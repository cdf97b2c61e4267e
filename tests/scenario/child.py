"""A process that applies a stage's manifests, to be killed at a chosen moment: `child.py URL HOME FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from reconciler.engine.apply import Session
from reconciler.engine.approval import Permit
from reconciler.engine.engine import Engine
from reconciler.manifest.source.sources import read_source
from reconciler.manifest.source.state import SourceSpec


def main(url: str, home: str, folder: str) -> None:
    with (
        Engine.open(Path(home), url, "child@test", check_plans=True) as engine,
        engine.working("cli") as context,
    ):
        session = Session(
            engine, context, [read_source(SourceSpec(paths=(folder,), name="fleet"), Path(home))]
        )
        session.recover()
        session.observe()
        session.apply(Permit())


if __name__ == "__main__":
    main(*sys.argv[1:])
