"""`reconciler.yaml`: what a source says of itself, so that every clone of it is the same source.

It lies at the root of the manifests' repository, or of the part of it that is a source. It is no manifest:

    name: fleet              # the source's name, in every clone, on every branch
    folder: manifests        # where the manifests are; `folders: [a, b]` for several; else beside this file
    ignore: [drafts/]        # what is no manifest of it, by the rules of .gitignore, from this file's folder

Pure: what a file says is an argument. Whatever is wrong in it is a ManifestError with its place, since a
source that is not known for sure changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from dulwich.ignore import IgnoreFilter

from reconciler.errors import Location, ManifestError, Problem
from reconciler.manifest.findings import Findings, Scope, position
from reconciler.manifest.source.files import SourceFile
from reconciler.manifest.yaml.nodes import Entry, Mapping, Scalar, Sequence
from reconciler.manifest.yaml.reader import read_documents
from reconciler.model.scope import is_within

FILE_NAME = "reconciler.yaml"
MAX_NAME = 200  # characters

_KEYS = ("name", "folder", "folders", "ignore")


@dataclass(frozen=True, slots=True)
class SourceDeclaration:
    """What the file says. `folders` are relative to it, `""` for its own; `ignore` holds patterns."""

    name: str
    folders: tuple[str, ...] = ("",)
    ignore: tuple[str, ...] = ()

    def ignores(self, path: str) -> bool:
        """Whether a file, by its path from this file's folder, is none of the source's."""
        if not self.ignore:
            return False
        rules = IgnoreFilter([pattern.encode() for pattern in self.ignore])
        steps = path.split("/")
        above = ("/".join(steps[:count]) + "/" for count in range(1, len(steps)))
        return any(rules.is_ignored(each) for each in (*above, path))


@dataclass(frozen=True, slots=True)
class Chosen:
    """What to read of a source: folders or files from its root. `part` is None where that is all of it."""

    read: tuple[str, ...]
    part: tuple[str, ...] | None


EVERYTHING = Chosen(("",), None)


def choose(folders: tuple[str, ...], inside: str) -> Chosen | None:
    """What a path (from the root, `""` for the root itself) means of a source; None if it is none of it."""
    below = tuple(folder for folder in folders if is_within(folder, inside))
    if len(below) == len(folders):
        return Chosen(folders, None)
    if below:
        return Chosen(below, below)
    if any(is_within(inside, folder) for folder in folders):
        return Chosen((inside,), (inside,))
    return None


def select_files(
    files: Iterable[tuple[str, SourceFile]], declared: SourceDeclaration | None
) -> tuple[list[tuple[str, SourceFile]], list[Problem]]:
    """The manifests among files, given by their paths from the source's root; and what must not be there.

    A reconciler.yaml further down makes its folder a source of its own, so it cannot be a part of this one.
    """
    kept: list[tuple[str, SourceFile]] = []
    problems: list[Problem] = []
    for path, file in files:
        if declared is not None and (path == FILE_NAME or declared.ignores(path)):
            continue
        if path.rpartition("/")[2] == FILE_NAME:
            message = "this folder is a source of its own, inside of another"
            hint = "name its folder by itself, or put it into `ignore` of the reconciler.yaml above it"
            problems.append(Problem("source.nested", message, Location(file.display_name), hint=hint))
            continue
        kept.append((path, file))
    return kept, problems


def read_source_file(content: bytes, shown: str) -> SourceDeclaration:
    """What a reconciler.yaml says; `shown` is its name for messages. Raises ManifestError."""
    documents, problems = read_documents(content, shown)
    reader = _Reader(Scope(Findings(), shown))
    reader.scope.findings.add(*problems)
    if len(documents) > 1:
        second = documents[1].node
        reader.wrong(
            "more than one document",
            (second.line, second.column),
            "one document names the source; manifests are in files of their own",
        )
    elif not documents and not problems:
        reader.wrong("it is empty", (1, 1), "name the source, as in `name: fleet`")
    found = reader.read(documents[0].node) if documents else None
    if error := reader.scope.findings.error():
        raise error
    if found is None:
        raise ManifestError([Problem("source.file", "cannot be read", Location(shown))])
    return found


@dataclass(slots=True)
class _Reader:
    scope: Scope
    _folders: list[str] = field(default_factory=list)

    def wrong(self, message: str, at: tuple[int, int], hint: str | None = None) -> None:
        self.scope.findings.add(Problem("source.file", message, Location(self.scope.file, *at), hint=hint))

    def read(self, node: Mapping) -> SourceDeclaration:
        entries = {entry.key: entry for entry in node.entries}
        for entry in node.entries:
            if entry.key not in _KEYS:
                self.wrong(f"unknown key `{entry.key}`", entry.position, self._hint(entry.key))
        if "folder" in entries and "folders" in entries:
            self.wrong("folder and folders exclude each other", entries["folders"].position, "keep one")
        if "name" not in entries:
            self.wrong("it has no name", (node.line, node.column), "name the source, as in `name: fleet`")
        name = self._name(entries["name"]) if "name" in entries else ""
        folders = [
            folder
            for key in ("folder", "folders")
            if key in entries
            for text, at in self._texts(entries[key], single=key == "folder")
            if (folder := self._folder(text, at)) is not None
        ]
        ignore = [text for text, _ in self._texts(entries["ignore"])] if "ignore" in entries else []
        return SourceDeclaration(name, tuple(dict.fromkeys(folders)) or ("",), tuple(ignore))

    def _hint(self, key: str) -> str:
        if key in ("apiVersion", "kind", "metadata", "spec"):
            return f"{FILE_NAME} names the source and is no manifest; put manifests into other files"
        near = self.scope.suggestion(key, _KEYS)
        return f"{near + ' ' if near else ''}known keys: {', '.join(_KEYS)}"

    def _name(self, entry: Entry) -> str:
        node = entry.node
        if not isinstance(node, Scalar) or not isinstance(node.value, str) or not node.text.strip():
            self.wrong(
                "name is not a text", position(node), "as in `name: fleet`; quote what looks otherwise"
            )
            return ""
        name = node.text
        if name != name.strip() or len(name) > MAX_NAME or not name.isprintable():
            message = f"a name is one line of at most {MAX_NAME} characters, without blanks around it"
            self.wrong(message, position(node), "as in `name: fleet`")
        return name

    def _texts(self, entry: Entry, *, single: bool = False) -> Iterator[tuple[str, tuple[int, int]]]:
        """The texts of a list, or of a single one."""
        node = entry.node
        items = node.items if isinstance(node, Sequence) and not single else (node,)
        if not items:
            self.wrong(f"{entry.key} is an empty list", position(node), "leave it out, or say what is in it")
        for item in items:
            if isinstance(item, Scalar) and isinstance(item.value, str) and item.text.strip():
                yield item.text, position(item)
            else:
                what = "a text" if single else "a list of texts"
                self.wrong(f"{entry.key} is not {what}", position(item))

    def _folder(self, text: str, at: tuple[int, int]) -> str | None:
        path = PurePosixPath(text)
        if path.is_absolute() or ".." in path.parts or "\\" in text:
            self.wrong(
                f"the folder `{text}` leads out of the source", at, "name one beside or below this file"
            )
            return None
        if any(part.startswith(".") for part in path.parts):
            self.wrong(f"the folder `{text}` is hidden, and hidden folders are not read", at, "rename it")
            return None
        return "" if str(path) == "." else str(path)
