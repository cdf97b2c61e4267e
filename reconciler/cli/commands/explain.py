"""`schema` and `explain`: the catalog, for editors and for people."""

from __future__ import annotations

from typing import Annotated

import typer


def schema(
    kind: Annotated[
        str | None, typer.Argument(metavar="KIND", help="As in VirtualMachine; all, if none.")
    ] = None,
    provider: Annotated[
        list[str] | None, typer.Option(metavar="T", help="Only what these provider types have.")
    ] = None,
) -> None:
    """A JSON Schema of manifests, for editors."""
    from reconciler.cli.handlers.explain import schema as run

    run(kind, provider or [])


def explain(
    word: Annotated[
        str | None, typer.Argument(metavar="KIND[.ATTRIBUTE]", help="As in VirtualMachine.memory.")
    ] = None,
) -> None:
    """What a kind or an attribute is.

    Where it exists, how it can change, what it may be.
    """
    from reconciler.cli.handlers.explain import explain as run

    run(word)
