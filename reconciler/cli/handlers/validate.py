"""`validate`: manifests against the catalog of the installed drivers, without a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Literal

from reconciler.cli.exit_codes import ExitCode
from reconciler.cli.handlers.manifests import Manifests
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import note, print_json, say
from reconciler.engine.packaged import packaged
from reconciler.errors import ConfigurationError, ManifestError
from reconciler.manifest.load import load_offline
from reconciler.manifest.model import ManifestSet
from reconciler.manifest.source.state import SourceState
from reconciler.report.plain import counted


def validate(settings: Settings, files: list[str], output: Literal["text", "json"]) -> int:
    """Print every problem, or what was read; gives the exit code."""
    try:
        states = Manifests(files=tuple(files)).read(settings)
        if not states:
            raise ConfigurationError("nothing to check was named", hint="name manifests with -f PATH")
        found = _load(states)
    except ManifestError as error:
        _print_problems(error, output)
        return ExitCode.FAILED
    if output == "json":
        print_json({"problems": [], "count": 0, "resources": sorted(map(str, found.desired))})
    else:
        say(("Valid: ", "bold green"), f"{_summary(found)}.")
    return ExitCode.DONE


def _load(states: Sequence[SourceState]) -> ManifestSet:
    """The set that the named files make. What a part of a source refers to may be in the rest of it."""
    catalog = packaged()
    files = [file for state in states for file in state.files]
    try:
        return load_offline(files, catalog)
    except ManifestError as alone:
        if all(state.part is None for state in states):
            raise
        named = {file.display_name for file in files}
        try:
            rest = [file for state in states if state.part is not None for _, file in state.rest()]
            whole = load_offline([*files, *rest], catalog)
        except ManifestError as error:
            mine = [p for p in error.problems if p.location is None or p.location.file in named]
            raise (ManifestError(mine) if mine else alone) from None
        of_these = {a: item for a, item in whole.desired.items() if item.origin and item.origin.file in named}
        return replace(whole, desired=of_these, files=tuple(file.display_name for file in files))


def _summary(found: ManifestSet) -> str:
    resources, files = counted(len(found.desired), "resource"), counted(len(found.files), "file")
    return f"{resources} in {files}"


def _print_problems(error: ManifestError, output: Literal["text", "json"]) -> None:
    if output == "json":
        problems = [asdict(problem) for problem in error.problems]
        print_json({"problems": problems, "count": error.count, "resources": []})
        return
    for problem in error.problems:
        say(str(problem))
    if error.unlisted:
        say(error.unlisted)
    note((counted(error.count, "problem"), "bold red"))
