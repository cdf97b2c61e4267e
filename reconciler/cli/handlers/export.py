"""`export`: what is recorded, or was, as manifests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reconciler.cli.handlers.opening import opened, parsed
from reconciler.cli.handlers.times import as_of
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import note, print_text, warn
from reconciler.engine.exporting import Export
from reconciler.engine.exporting import export as made
from reconciler.errors import ConfigurationError, PlanError
from reconciler.manifest.write.text import documents_text
from reconciler.report.marks import mark_text
from reconciler.report.plain import counted


def export(settings: Settings, addresses: Sequence[str], at: str | None, folder: Path | None) -> None:
    """Print the manifests, or write them into a folder that holds nothing yet.

    Raises ConfigurationError for what means no mark and for a folder that cannot be used, PlanError where
    nothing is recorded at an address.
    """
    chosen = [parsed(text) for text in addresses]
    if folder is not None and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(
            f"{folder} is there and holds something", hint="name a folder that is new or empty"
        )
    with opened(settings) as store, store.read() as tx:
        when = as_of(tx, at) if at is not None else None
        found = made(tx, when.mark if when else None, chosen)
    if when is not None:
        note(mark_text(when.mark, when.asked))
    if chosen and not found.resources:
        raise PlanError(
            "nothing that is managed was recorded there", hint="`reconciler get all` lists what is"
        )
    if folder is None:
        print_text(documents_text([each for file in found.files.values() for each in file]))
    else:
        _write(found, folder)
        note(f"{counted(found.resources, 'resource')} in {folder}: `reconciler validate -f {folder}`")
    for text in found.omitted:
        warn(f"not in it: {text}")


def _write(found: Export, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if found.source is not None:
            (folder / "reconciler.yaml").write_text(
                documents_text([{"name": found.source}]), encoding="utf-8"
            )
        for name, documents in found.files.items():
            (folder / f"{name}.yaml").write_text(documents_text(documents), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be written: {error.strerror}", hint="name another folder"
        ) from None
