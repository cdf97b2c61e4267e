"""What a source is called in logs, metrics and by a hook, and what it was about when it was last recorded."""

from __future__ import annotations

from pathlib import Path

from reconciler.manifest.source.git.remote import is_remote, without_credentials
from reconciler.manifest.source.state import SourceSpec
from reconciler.model.scope import ScopePart
from reconciler.store.database.session import Transaction
from reconciler.store.desired.sources import at_place


def label(spec: SourceSpec) -> str:
    """The source's name in logs and metrics; without a name of its own, where it is, without credentials."""
    if spec.name:
        return spec.name
    if spec.git is None:
        return ",".join(str(Path(path).resolve()) for path in spec.paths)
    where = without_credentials(spec.git) + (f"@{spec.branch}" if spec.branch else "")
    return where + (f"//{spec.subfolder}" if spec.subfolder else "")


def recorded_scope(tx: Transaction, spec: SourceSpec) -> ScopePart | None:
    """What a source is about that could not be read since the start: what was last read where it is."""
    if spec.name:
        return ScopePart(spec.name)
    if spec.git is None:
        url, branch, subfolder = (str(Path(spec.paths[0]).resolve()), None, None)
    else:
        shown = without_credentials(spec.git)
        local = str(Path(spec.git.removeprefix("file://")).resolve())
        url, branch, subfolder = (shown if is_remote(spec.git) else local, spec.branch, spec.subfolder)
    name = at_place(tx, url, branch, subfolder)
    return ScopePart(name) if name is not None else None
