"""Where manifests come from: a folder, a git repository, single files, or standard input.

A folder and a repository are complete: what is no longer in them is to be removed. A file or a folder of one
is a part of it: what is no longer in that part is, and of the rest nothing follows. Standard input is not
complete: nothing is ever removed because it is not in there.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from reconciler.errors import ConfigurationError, Location, ManifestError, Problem
from reconciler.manifest.source.files import SUFFIXES, SourceFile, collect
from reconciler.manifest.source.git.login import Login
from reconciler.manifest.source.git.place import GitPlace, remote_name, repository_at
from reconciler.manifest.source.git.remote import Checkout, is_remote, open_git, without_credentials
from reconciler.manifest.source.git.work_tree import DIRTY, FolderCommit, describe_commit
from reconciler.manifest.source.source_file import FILE_NAME, SourceDeclaration, select_files
from reconciler.manifest.source.state import SourceSpec, SourceState
from reconciler.manifest.source.where import Alias, NamedBy, Place, aliases, place, with_folder


def read_source(
    spec: SourceSpec,
    cache_dir: Path,
    stdin: BinaryIO | None = None,
    known: Collection[str] = (),
    *,
    login: Login | None = None,
    stop: threading.Event | None = None,
    unless: str | None = None,
) -> SourceState:
    """Read what is one source. Raises ManifestError if any of it cannot be read: nothing follows from it.

    `unless`: the commit of a repository that was read before; NothingNew is raised where it is there still.
    """
    found = read_sources(spec, cache_dir, stdin, known, login=login, stop=stop, unless=unless)
    if len(found) > 1:
        names = ", ".join(state.name for state in found)
        raise ConfigurationError(f"these are several sources: {names}", hint="name one of them")
    return found[0]


def read_sources(
    spec: SourceSpec,
    cache_dir: Path,
    stdin: BinaryIO | None = None,
    known: Collection[str] = (),
    *,
    login: Login | None = None,
    stop: threading.Event | None = None,
    unless: str | None = None,
) -> tuple[SourceState, ...]:
    """Read every source that is named, each whole or the part of it that is named.

    `known` are the names of the sources that are recorded whole: what lies in one of them is a part of it.
    `login` is what the spec's credential holds, `stop` ends a fetch that is under way; `unless` is as
    `open_git` has it. Raises ManifestError with every problem if any of it cannot be read: nothing may follow
    from it.
    """
    if (spec.git is None) == (not spec.paths):
        raise ConfigurationError(
            "a source is either paths or a git repository", hint="name the one that holds the manifests"
        )
    if spec.git is not None:
        checkout = open_git(
            spec.git, spec.branch, spec.subfolder, cache_dir, login=login, stop=stop, unless=unless
        )
        state = _from_git(spec, spec.git, checkout, known)
        return (replace(state, trusted=spec.trusts_inventory),)
    groups: dict[tuple[str, Path], list[tuple[Path, Place]]] = {}
    piped = "-" in spec.paths
    problems: list[Problem] = []
    for path in dict.fromkeys(Path(each) for each in spec.paths if each != "-"):
        try:
            found = place(path, known)
        except OSError:
            _, wrong = collect([path], sys.stdin.buffer)  # says what is the matter with it
            problems += wrong or [Problem("manifest.unreadable", "cannot be read", Location(str(path)))]
        except RuntimeError:  # a loop of links, before 3.13
            problems.append(
                Problem("manifest.symlink_loop", "the link leads back to itself", Location(str(path)))
            )
        except ManifestError as error:
            problems += error.problems
        else:
            groups.setdefault((found.name, found.root), []).append((path, found))
    states: list[SourceState] = []
    for members in groups.values():
        try:
            states.append(_from_paths(members, known))
        except ManifestError as error:
            problems += error.problems
    if piped:
        files, wrong = collect(["-"], stdin if stdin is not None else sys.stdin.buffer)
        problems += wrong
        states.append(SourceState("stdin", "stdin", files, complete=False))
    if problems:
        raise ManifestError(problems)
    return tuple(replace(each, trusted=spec.trusts_inventory) for each in _named(spec, states))


def _named(spec: SourceSpec, states: list[SourceState]) -> tuple[SourceState, ...]:
    if spec.name is None:
        names = [state.name for state in states]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ConfigurationError(
                f"several folders are the source {', '.join(twice)}",
                hint="name one of them, or give each its own name in its reconciler.yaml",
            )
        return tuple(states)
    if len(states) == 1:
        return (replace(states[0], name=spec.name, named_by="option", aliases=()),)
    files = tuple(file for state in states for file in state.files)
    places = tuple(each for state in states for each in state.places)
    return (SourceState(spec.name, "files", files, complete=False, places=places),)


def _from_paths(members: Sequence[tuple[Path, Place]], known: Collection[str]) -> SourceState:
    """One source of which these paths name the whole, or parts."""
    _, first = members[0]
    whole = next(((path, at) for path, at in members if at.chosen.part is None), None)
    pieces = [whole] if whole is not None else list(members)
    read = [(shown, inside) for path, at in pieces for shown, inside in _readings(path, at)]
    raw = [(shown, inside, _collected(shown, first.declared, inside)) for shown, inside in read]
    named = {
        path: file
        for shown, inside, files in raw
        for file in files
        for path in (_path(file.display_name, shown, inside),)
    }
    kept, problems = select_files(named.items(), first.declared)
    if problems:
        raise ManifestError(problems)
    if all(not file.content or file.content.isspace() for _, file in kept):
        hint = "nothing is deleted because of this; name the folder that holds the manifests"
        where = Location(str(members[0][0]))
        raise ManifestError([Problem("manifest.empty", "no manifest was found", where, hint=hint)])
    at = _commit(raw)
    part = None if whole is not None else tuple(sorted({p for _, a in pieces for p in a.chosen.part or ()}))
    paths = {file.display_name: path for path, file in kept}
    place_read = [str(first.root) if first.declared and whole else str(path.resolve()) for path, _ in pieces]
    only_files = part is not None and all(path.is_file() for path, _ in pieces)
    return SourceState(
        name=first.name,
        kind="files" if only_files and not first.declared else "folder",
        files=tuple(file for _, file in kept),
        complete=True,
        commit=at.commit if at else None,
        author=at.author if at else None,
        message=at.message if at else None,
        url=place_read[0],
        named_by=first.named_by,
        paths=paths,
        part=part,
        rest=lambda: _rest(first, paths.values(), recorded_whole=not only_files or first.name in known),
        repository=first.repository,
        aliases=first.aliases,
        places=tuple(place_read),
    )


def _readings(path: Path, at: Place) -> list[tuple[Path, str]]:
    """What to read, as a person would write it, each with its path from the source's root."""
    real = path.resolve()
    if real.name == FILE_NAME and real.is_file():
        path, real = path.parent, real.parent
    found: list[tuple[Path, str]] = []
    for inside in at.chosen.read:
        target = at.root / inside if inside else at.root
        below = os.path.relpath(target, real) if target != real else "."
        found.append((path if below == "." else path / below, inside))
    return found


def _collected(shown: Path, declared: SourceDeclaration | None, inside: str) -> tuple[SourceFile, ...]:
    """The files below a path. Raises ManifestError for what could hide one, unless it is ignored."""
    files, problems = collect([shown], sys.stdin.buffer)
    if declared is not None:
        problems = tuple(
            each
            for each in problems
            if each.location is None
            or each.location.file == str(shown)
            or not declared.ignores(_path(each.location.file, shown, inside))
        )
    if problems:
        raise ManifestError(problems)
    return files


def _path(name: str, shown: Path, inside: str) -> str:
    """A file's path from the source's root. `shown`, whose own path is `inside`, is what was collected."""
    try:
        below = Path(name).relative_to(shown).as_posix()
    except ValueError:
        below = name
    return inside if below == "." else f"{inside}/{below}".lstrip("/")


def _rest(at: Place, read: Iterable[str], *, recorded_whole: bool) -> tuple[tuple[str, SourceFile], ...]:
    """All other manifests of the source, which were not asked for. Raises ManifestError.

    Of a folder that nobody ever named as a source, these are the files beside those that were: what is below
    it may be anything.
    """
    have = set(read)
    found: dict[str, SourceFile] = {}
    if not recorded_whole and at.declared is None:
        for folder in sorted({(at.root / path).parent for path in have}):
            for shown in sorted(each for each in folder.iterdir() if each.name.endswith(SUFFIXES)):
                path = shown.relative_to(at.root).as_posix()
                if path not in have and shown.is_file():
                    (found[path],) = _collected(shown, None, path)
        return tuple(found.items())
    for inside in at.folders:
        shown = at.root / inside if inside else at.root
        for file in _collected(shown, at.declared, inside):
            found[_path(file.display_name, shown, inside)] = file
    kept, problems = select_files(found.items(), at.declared)
    if problems:
        raise ManifestError(problems)
    return tuple((path, file) for path, file in kept if path not in have)


def _commit(raw: Sequence[tuple[Path, str, tuple[SourceFile, ...]]]) -> FolderCommit | None:
    """The commit at which all that was read stands; dirty if any of it is."""
    found: FolderCommit | None = None
    for shown, _, files in raw:
        if shown.is_dir():
            at = describe_commit(shown, files)
        else:
            beside, problems = collect([shown.parent], sys.stdin.buffer)
            at = describe_commit(shown.parent, beside) if not problems else None
        if at is None:
            return None
        if found is None or at.commit.endswith(DIRTY):
            found = at
    return found


def _from_git(spec: SourceSpec, url: str, checkout: Checkout, known: Collection[str]) -> SourceState:
    local = Path(url.removeprefix("file://"))
    shown = without_credentials(url) if is_remote(url) else str(local.resolve())
    at = GitPlace(local, remote_name(url), remote_name(url)) if is_remote(url) else repository_at(local)
    base, repository = (at.name, at.repository) if at is not None else (shown, None)
    part = checkout.chosen.part
    whole: tuple[str, ...] = ()
    named: tuple[Alias, ...] = ()
    named_by: NamedBy
    if checkout.declared is not None:
        name, named_by = checkout.declared.name, "file"
        whole = checkout.declared.folders
        names = {e: with_folder(base, f"{checkout.root}/{e}".strip("/")) for e in (*whole, "")}
        named = aliases(names, checkout.root, whole)
    else:
        own = _known_above(base, checkout.subfolder, known)
        name, named_by = with_folder(base, own), "remote" if repository else "path"
        whole = (own,)
        part = None if own == checkout.subfolder else (checkout.subfolder,)
    prefix = f"{checkout.root}/" if checkout.root else ""
    paths = {file.display_name: file.display_name.removeprefix(prefix) for file in checkout.files}
    return SourceState(
        name=spec.name or name,
        kind="git",
        files=checkout.files,
        complete=True,
        commit=checkout.commit,
        author=checkout.author,
        authored_at=checkout.authored_at,
        message=checkout.message,
        url=shown,
        branch=spec.branch,
        subfolder=checkout.subfolder or None,
        in_folder=False,
        named_by="option" if spec.name else named_by,
        paths=paths,
        part=part,
        rest=lambda: _rest_of(checkout, whole, paths.values()),
        repository=repository,
        aliases=() if spec.name else named,
    )


def _known_above(base: str, subfolder: str, known: Collection[str]) -> str:
    """The nearest folder, from a subfolder up, that is recorded as a source; the subfolder if none is."""
    steps = subfolder.split("/") if subfolder else []
    for count in range(len(steps), -1, -1):
        above = "/".join(steps[:count])
        if with_folder(base, above) in known:
            return above
    return subfolder


def _rest_of(
    checkout: Checkout, folders: Sequence[str], read: Iterable[str]
) -> tuple[tuple[str, SourceFile], ...]:
    have = set(read)
    prefix = f"{checkout.root}/" if checkout.root else ""
    found = ((file.display_name.removeprefix(prefix), file) for file in checkout.beside(folders))
    return tuple((path, file) for path, file in found if path not in have)
