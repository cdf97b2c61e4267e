"""From a path to the source it belongs to: the root, what it is called, and which part of it is meant.

A `reconciler.yaml` at or above the path says so. Without one, a folder is a source by itself, called by its
repository's remote and its place there, or by its path; and a single file is a part of its folder.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reconciler.errors import Location, ManifestError, Problem
from reconciler.manifest.source.git.place import GitPlace, place_of
from reconciler.manifest.source.source_file import (
    FILE_NAME,
    Chosen,
    SourceDeclaration,
    choose,
    read_source_file,
)
from reconciler.manifest.yaml.reader import MAX_FILE_BYTES, too_large

NamedBy = Literal["option", "file", "remote", "path"]
"""What gave a source its name: `--source`, its reconciler.yaml, its git remote, or where it is."""


@dataclass(frozen=True, slots=True)
class Alias:
    """A name that a source may have had before its reconciler.yaml gave it one.

    `within`: it was this source only if all it declares is in these folders or files, by its own paths.
    """

    name: str
    within: tuple[str, ...] = ("",)


@dataclass(frozen=True, slots=True)
class Place:
    """A source and what is meant of it.

    `root` is the folder that paths within the source are counted from, and `folders` are what the whole of it
    is, from there. `aliases` are what it would be called without its reconciler.yaml.
    """

    name: str
    named_by: NamedBy
    root: Path
    folders: tuple[str, ...]
    chosen: Chosen
    declared: SourceDeclaration | None = None
    repository: str | None = None
    aliases: tuple[Alias, ...] = ()


def place(path: Path, known: Collection[str]) -> Place:
    """Where an existing path belongs. `known` are the names of sources that are recorded whole.

    Raises ManifestError for a reconciler.yaml that is wrong, OSError where the path cannot be resolved.
    """
    real = path.resolve(strict=True)
    if real.name == FILE_NAME and real.is_file():
        real = real.parent
    folder = real if real.is_dir() else real.parent
    git = place_of(folder)
    for root in _up_to(folder, git):
        declared = _declared(root, path)
        if declared is not None:
            chosen = choose(declared.folders, _inside(real, root))
            if chosen is not None:
                top = _inside(root, git.top) if git else ""
                names = {each: derived(root, each, git) for each in (*declared.folders, "")}
                repository = git.repository if git else None
                return Place(
                    declared.name,
                    "file",
                    root,
                    declared.folders,
                    chosen,
                    declared,
                    repository,
                    aliases(names, top, declared.folders),
                )
            break
    return _derived_place(real, folder, git, known)


def aliases(names: Mapping[str, str], top: str, folders: tuple[str, ...]) -> tuple[Alias, ...]:
    """What the folders of a source would be called one by one. `names` are by folder, `""` being its root.

    `top` is the root's own path within the repository. What is called as the root is may be more than the
    source now is.
    """
    found = [Alias(names[folder]) for folder in folders]
    if "" not in folders:
        found.append(Alias(names[""], tuple(f"{top}/{folder}".strip("/") for folder in folders)))
    return tuple(found)


def derived(root: Path, inside: str, git: GitPlace | None) -> str:
    """What a folder is called that no reconciler.yaml names."""
    folder = root / inside if inside else root
    if git is None:
        return str(folder)
    return with_folder(git.name, _inside(folder, git.top))


def with_folder(repository: str, folder: str) -> str:
    """What a folder of a repository is called: `NAME//FOLDER`; its top by the name alone."""
    return f"{repository}//{folder}" if folder else repository


def _derived_place(real: Path, folder: Path, git: GitPlace | None, known: Collection[str]) -> Place:
    own = folder
    for above in (folder, *folder.parents):
        if git is not None and above != git.top and git.top not in above.parents:
            break
        if derived(above, "", git) in known:
            own = above
            break
    root = git.top if git is not None else own
    whole = _inside(own, root)
    meant = _inside(real, root)
    chosen = Chosen((meant,), None if real == own else (meant,))
    named_by: NamedBy = "remote" if git is not None and git.repository else "path"
    repository = git.repository if git is not None else None
    return Place(derived(own, "", git), named_by, root, (whole,), chosen, repository=repository)


def _up_to(folder: Path, git: GitPlace | None) -> list[Path]:
    """Where a reconciler.yaml may be: up to the repository's top; without git, as far as the owner's are."""
    above = [folder, *folder.parents]
    if git is not None:
        return above[: above.index(git.top) + 1]
    owner = folder.stat().st_uid
    mine: list[Path] = []
    for each in above:
        if each.stat().st_uid != owner:
            break
        mine.append(each)
    return mine


def _declared(root: Path, path: Path) -> SourceDeclaration | None:
    file = root / FILE_NAME
    shown = str(path / FILE_NAME) if path.resolve() == root else str(file)
    try:
        if not file.is_file() and not file.is_symlink():
            return None
        with file.open("rb") as handle:  # a link that leads nowhere fails here: it may have been one
            content = handle.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        hint = "nothing is changed while it is not known which source this is"
        message = f"cannot be read: {error.strerror or error}"
        raise ManifestError([Problem("source.file", message, Location(shown), hint=hint)]) from None
    if len(content) > MAX_FILE_BYTES:
        raise ManifestError([too_large(shown, len(content))])
    return read_source_file(content, shown)


def _inside(path: Path, root: Path) -> str:
    found = path.relative_to(root).as_posix()
    return "" if found == "." else found
