"""From options to a source of manifests, and what to call it. Reads; records nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.cli.settings import Settings
from reconciler.errors import ConfigurationError
from reconciler.manifest.source.sources import read_sources
from reconciler.manifest.source.state import SourceSpec, SourceState

if TYPE_CHECKING:
    from reconciler.store.desired.sources import PlanSource


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
        """Whether a source was named at all."""
        return bool(self.files) or self.git is not None

    def read(self, settings: Settings, known: Collection[str] = ()) -> tuple[SourceState, ...]:
        """The sources, each read whole or the part that was named; empty where none was.

        `known` are the sources that are recorded whole: what lies in one of them is a part of it.
        """
        spec = self.spec()
        return read_sources(spec, settings.cache, known=known) if spec else ()

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
    def again(cls, made_from: Sequence[PlanSource]) -> Manifests:
        """The options that name what a plan was made from. Raises ConfigurationError if it has no place."""
        odd = next((each for each in made_from if each.kind == "stdin" or each.url is None), None)
        git = [each for each in made_from if each.kind == "git"]
        if odd is not None or (git and len(made_from) > 1):
            what = odd.kind if odd is not None else "several sources"
            raise ConfigurationError(
                f"the plan was made from {what}, which cannot be read again by itself",
                hint="name the same manifests with -f",
            )
        names = {each.name for each in made_from}
        name = names.pop() if len(names) == 1 else None
        if git:
            (one,) = git
            return cls(git=one.url, branch=one.branch, subfolder=one.subfolder, name=name)
        return cls(files=tuple(each.url for each in made_from if each.url), name=name)
