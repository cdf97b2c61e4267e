"""From options to a source of manifests, and what to call it. Reads; records nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.cli.settings import Settings
from reconciler.cli.values import short_commit
from reconciler.errors import ConfigurationError
from reconciler.manifest.sources import SourceSpec, SourceState, read_source
from reconciler.planner.select import Selection, parse_selector
from reconciler.store.views import SourceView


@dataclass(frozen=True, slots=True)
class Manifests:
    """What the source options said."""

    files: tuple[str, ...] = ()
    git: str | None = None
    branch: str | None = None
    subfolder: str | None = None
    name: str | None = None
    trust_inventory: bool = False

    @property
    def given(self) -> bool:
        return bool(self.files) or self.git is not None

    def read(self, settings: Settings) -> SourceState | None:
        """The source, read whole; None where none was named: the manifests as last applied."""
        spec = self.spec()
        return read_source(spec, settings.cache) if spec else None

    def spec(self) -> SourceSpec | None:
        """What to read, None where no source was named. Raises ConfigurationError for what does not fit."""
        if "" in self.files or self.git == "":
            raise ConfigurationError(
                f"{'-f' if '' in self.files else '--git'} was given an empty text",
                hint="perhaps a variable in the command is not set; the folder one is in is -f .",
            )
        if self.files and self.git is not None:
            raise ConfigurationError("-f and --git exclude each other", hint="name one source")
        if self.given:
            return SourceSpec(
                self.files,
                self.git,
                self.branch,
                self.subfolder,
                self.name,
                trusted=self.trust_inventory or None,
            )
        if self.branch or self.subfolder or self.name or self.trust_inventory:
            raise ConfigurationError(
                "--branch, --subfolder, --source and --trust-inventory say more of a source; none is named",
                hint="name it with -f PATH or --git URL",
            )
        return None

    @classmethod
    def again(cls, view: SourceView) -> Manifests:
        """The options that name a recorded source. Raises ConfigurationError where it has no place."""
        if view.kind not in ("folder", "git") or view.url is None:
            raise ConfigurationError(
                f"the plan was made from {view.kind}, which cannot be read again by itself",
                hint="name the same manifests with -f",
            )
        if view.kind == "folder":
            return cls(files=(view.url,), name=view.name)
        return cls(git=view.url, branch=view.branch, subfolder=view.subfolder, name=view.name)


def described(state: SourceState | None) -> str:
    """A source in a few words."""
    if state is None:
        return "the manifests as last applied"
    commit = f" at {short_commit(state.commit)}" if state.commit else ""
    count = len(state.files)
    return f"{state.name}{commit} ({count} {'file' if count == 1 else 'files'})"


def selection(targets: Sequence[str], excludes: Sequence[str]) -> Selection:
    """What --target and --exclude choose. Raises PlanError for what is no selector."""
    return Selection(tuple(map(parse_selector, targets)), tuple(map(parse_selector, excludes)))
