"""The manifests after a rollback: as a patch, or as a commit on a branch of their own."""

from __future__ import annotations

import os
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
from reconciler.manifest.source.git.new_branch import check_branch, commit_on_branch
from reconciler.manifest.source.git.place import place_of
from reconciler.manifest.source.git.work_tree import DIRTY
from reconciler.manifest.source.sources import read_source
from reconciler.manifest.source.state import SourceSpec, SourceState
from reconciler.manifest.write.files import patch
from reconciler.model.address import Address
from reconciler.report.plain import counted, short_commit
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


@dataclass(frozen=True, slots=True)
class _Commit:
    """What one repository gets, on top of the commit that was read: of all its sources together."""

    repository: Path
    base: str
    files: dict[str, bytes | None]


def check_following(run: Run, ask: Following, chosen: frozenset[Address] | None, planned: Rollback) -> None:
    """Find out whether the manifests will be able to follow, before the fleet is changed.

    Raises ConfigurationError where the patch cannot be written or the branch cannot be made, and
    ManifestError where the manifests cannot be read.
    """
    if ask.patch is not None and ask.patch != "-":
        _check_patch(Path(ask.patch))
    if ask.branch is not None:
        for each in _commits(_followed(run, ask, chosen, planned)):
            check_branch(each.repository, each.base, ask.branch)


def manifests_follow(
    run: Run, ask: Following, chosen: frozenset[Address] | None, planned: Rollback | None
) -> None:
    """Write what the manifests have to say. `planned`: a rollback that is only shown, and so not in force."""
    found = _followed(run, ask, chosen, planned)
    for _, each in found:
        _tell(each)
    changes = [change for _, each in found for change in each.changes]
    if not changes:
        note("The manifests say already what is wanted, as far as they can.")
        return
    if ask.branch is not None:
        _commit(run, _commits(found), ask.branch, planned)
    if ask.patch == "-":
        sys.stdout.write(patch(changes))
    elif ask.patch is not None:
        Path(ask.patch).write_text(patch(changes), encoding="utf-8", errors="surrogateescape")
        note(f"The patch of {counted(len(changes), 'file')} is in {ask.patch}.")
        hint(f"in the repository: git apply {ask.patch}")


def _followed(
    run: Run, ask: Following, chosen: frozenset[Address] | None, planned: Rollback | None
) -> list[tuple[SourceState, Followed]]:
    engine = run.session.engine
    who = Actor(engine.actor, "the manifests after a rollback", "maintenance")
    with engine.store.rehearsal(who) as tx:
        if planned is not None:
            record_rollback(tx, engine, planned)
        pinned = frozenset(pin.source for pin in live_pins(tx))
    states = _states(run, ask, pinned)
    with engine.store.rehearsal(who) as tx:
        if planned is not None:
            record_rollback(tx, engine, planned)
        return [(state, follow(tx, engine, state, chosen)) for state in states]


def _check_patch(file: Path) -> None:
    folder = file.parent
    place = file if file.exists() else folder
    if not folder.is_dir() or file.is_dir() or not os.access(place, os.W_OK):
        raise ConfigurationError(
            f"{file} cannot be written; nothing was changed", hint="name a file in a folder that is there"
        )


def _states(run: Run, ask: Following, pinned: frozenset[str]) -> Sequence[SourceState]:
    with run.session.engine.store.read() as tx:
        known, there = known_whole(tx), sources(tx)
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


def _commits(found: Sequence[tuple[SourceState, Followed]]) -> list[_Commit]:
    """One for each repository. Raises ConfigurationError where one cannot be made, before any is."""
    commits: dict[Path, _Commit] = {}
    names: dict[Path, str] = {}
    for state, each in found:
        if not each.changes:
            continue
        repository, base = _place(state)
        files = {change.path: change.after for change in each.changes}
        there = commits.setdefault(repository, _Commit(repository, base, {}))
        first = names.setdefault(repository, state.name)
        if there.base != base:
            raise ConfigurationError(
                f"{first} and {state.name} are in {repository}, but were read at {there.base[:10]} and"
                f" {base[:10]}; no commit was made",
                hint="roll back the one and then the other, or use --patch",
            )
        there.files.update(files)
    return list(commits.values())


def _place(state: SourceState) -> tuple[Path, str]:
    """The repository on this machine that a source is in, and the commit at which it was read."""
    place = Path(state.url or "")
    if not state.url or not place.exists():
        raise ConfigurationError(
            f"{state.name} is not a repository on this machine", hint="use --patch, or -f with a clone of it"
        )
    at = place_of(place.resolve())
    if state.commit is None or state.commit.endswith(DIRTY):
        raise ConfigurationError(
            f"the manifests of {state.name} are not as committed, so no commit can follow them",
            hint="commit or stash what is there first, or use --patch",
        )
    return (at.top if at is not None else place.resolve()), state.commit


def _commit(run: Run, commits: Sequence[_Commit], branch: str, planned: Rollback | None) -> None:
    message = f"{planned.reason if planned else 'Follow a rollback'}\n"
    for each in commits:
        check_branch(each.repository, each.base, branch)
    for each in commits:
        made = commit_on_branch(
            each.repository, each.base, branch, each.files, message, run.session.engine.actor
        )
        note(f"Commit {short_commit(made)} on the branch {branch} of {each.repository}; nothing was pushed.")
