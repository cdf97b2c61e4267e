"""`validate`: manifests against the catalog of the installed drivers, without a database."""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal

from reconciler.catalog import merge
from reconciler.cli.failures import FAILED
from reconciler.cli.output import counted, line, note, print_json, results
from reconciler.cli.settings import Settings
from reconciler.cli.sources import Manifests
from reconciler.engine.drivers import catalog_parts
from reconciler.errors import ConfigurationError, ManifestError
from reconciler.manifest.load import load_offline
from reconciler.manifest.model import ManifestSet
from reconciler.manifest.sources import SourceState


def validate(settings: Settings, files: list[str], output: Literal["text", "json"]) -> int:
    """Print every problem, or what was read; gives the exit code."""
    state: SourceState | None = None
    try:
        state = Manifests(files=tuple(files)).read(settings)
        if state is None:
            raise ConfigurationError("nothing to check was named", hint="name manifests with -f PATH")
        found = load_offline(state.files, merge(catalog_parts()))
    except ManifestError as error:
        _print_problems(error, output)
        return FAILED
    if output == "json":
        print_json({"problems": [], "resources": sorted(map(str, found.desired))})
    else:
        results().print(line(("Valid: ", "bold green"), f"{_summary(found)}."))
    return 0


def _summary(found: ManifestSet) -> str:
    resources, files = counted(len(found.desired), "resource"), counted(len(found.files), "file")
    return f"{resources} in {files}"


def _print_problems(error: ManifestError, output: Literal["text", "json"]) -> None:
    if output == "json":
        found = [asdict(problem) for problem in error.problems]
        print_json({"problems": found, "total": error.total, "resources": []})
        return
    for problem in error.problems:
        results().print(str(problem))
    note((counted(error.total, "problem"), "bold red"))
