"""The manifests after a rollback: as a patch, or as a commit on a branch of their own."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.cli.handlers.session import Run
from reconciler.cli.terminal.output import hint, note, warn
from reconciler.engine.rollback.asked import Rollback
from reconciler.engine.rollback.follow import Followed, follow
from reconciler.engine.rollback.record import record_rollback
from reconciler.errors import ConfigurationError
from reconciler.manifest.source.git.new_branch import commit_on_branch
from reconciler.manifest.source.git.place import place_of
from reconciler.manifest.source.git.work_tree import DIRTY
from reconciler.manifest.source.sources import read_source
from reconciler.manifest.source.state import SourceSpec, SourceState
from reconciler.manifest.write.files import patch
from reconciler.model.address import Address
from reconciler.report.words import counted, short_commit
from reconciler.store.database.session import Actor
from reconciler.store.desired.pins import live_pins
from reconciler.store.desired.sources import SourceView, known_whole, sources


@dataclass(frozen=True, slots=True)
class Following:
    """What is to become of the manifests: a patch in a file (`-`: standard output), a new branch, or both.

    `files` say where they are, if not where they were last read.
    """

    patch: str | None = None
    branch: str | None = None
    files: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.patch is not None or self.branch is not None


def manifests_follow(
    run: Run, ask: Following, chosen: frozenset[Address] | None, planned: Rollback | None
) -> None:
    """Write what the manifests have to say. `planned`: a rollback that is only shown, and so not in force."""
    engine = run.session.engine
    states = _states(run, ask)
    found: list[tuple[SourceState, Followed]] = []
    who = Actor(engine.actor, "the manifests after a rollback", "maintenance")
    with engine.store.rehearsal(who) as tx:
        if planned is not None:
            record_rollback(tx, engine, planned)
        found = [(state, follow(tx, engine, state, chosen)) for state in states]
    for _, each in found:
        _tell(each)
    changes = [change for _, each in found for change in each.changes]
    if not changes:
        note("The manifests say already what is wanted, as far as they can.")
        return
    if ask.branch is not None:
        for state, each in found:
            if each.changes:
                _commit(run, state, each, ask.branch, planned)
    if ask.patch == "-":
        sys.stdout.write(patch(changes))
    elif ask.patch is not None:
        Path(ask.patch).write_text(patch(changes), encoding="utf-8", errors="surrogateescape")
        note(f"The patch of {counted(len(changes), 'file')} is in {ask.patch}.")
        hint(f"in the repository: git apply {ask.patch}")


def _states(run: Run, ask: Following) -> Sequence[SourceState]:
    with run.session.engine.store.read() as tx:
        known, there = known_whole(tx), sources(tx)
        pinned = {pin.source for pin in live_pins(tx)}
    cache = run.request.settings.cache
    if ask.files:
        return [read_source(SourceSpec(ask.files), cache, known=known)]
    wanted = [each for each in there if not pinned or each.name in pinned]
    return [read_source(_spec(each), cache, known=known) for each in wanted if each.kind != "stdin"]


def _spec(source: SourceView) -> SourceSpec:
    if source.url is None:
        raise ConfigurationError(
            f"where the source {source.name} is, is not known", hint="name its manifests with -f PATH"
        )
    if source.kind == "git":
        # What it declares of the inventory may be read here: nothing is recorded of it, and nothing is sent.
        return SourceSpec(
            git=source.url, branch=source.branch, subfolder=source.subfolder, name=source.name, trusted=True
        )
    return SourceSpec((source.url,))


def _tell(found: Followed) -> None:
    for address in found.anew:
        warn(f"the manifest of {address} is written anew as a whole; its comments are not kept")
    for address, why in found.left:
        warn(f"{address}: {why}", "change it by hand; the pin ends once it says what is wanted")


def _commit(run: Run, state: SourceState, found: Followed, branch: str, planned: Rollback | None) -> None:
    place = Path(state.url or "")
    at = place_of(place.resolve()) if place.exists() else None
    repository = at.top if at is not None else place
    if not place.exists():
        raise ConfigurationError(
            f"{state.name} is not a repository on this machine", hint="use --patch, or -f with a clone of it"
        )
    if state.commit is None or state.commit.endswith(DIRTY):
        raise ConfigurationError(
            f"the manifests of {state.name} are not as committed, so no commit can follow them",
            hint="commit or stash what is there first, or use --patch",
        )
    message = f"{planned.reason if planned else 'Follow a rollback'}\n"
    files = {change.path: change.after for change in found.changes}
    made = commit_on_branch(repository, state.commit, branch, files, message, run.session.engine.actor)
    note(f"Commit {short_commit(made)} on the branch {branch} of {repository}; nothing was pushed.")
