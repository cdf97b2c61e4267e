"""Commands that look: at what is recorded, at the providers, at the catalog."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.settings import settings_of

Output = Annotated[
    Literal["table", "wide", "json", "yaml", "name"],
    typer.Option("--output", "-o", help="table, wide, json, yaml or name"),
]
Detailed = Annotated[bool, typer.Option("--detailed-exitcode", help="Exit with 2 where something differs.")]
Most = Annotated[int, typer.Option("--lines", "-n", min=1, help="How many, the newest.")]


def get(
    context: typer.Context,
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT",
            help="all, TYPE, ADDRESS, plans, sources, endpoints, providers, operations, holds, revisions,"
            " unmanaged.",
        ),
    ] = "all",
    output: Output = "table",
    labels: Annotated[
        list[str] | None, typer.Option("--label", "-l", metavar="KEY[=VALUE]", help="Only with this tag.")
    ] = None,
    endpoint: Annotated[str | None, typer.Option(help="Only at this endpoint.")] = None,
    most: Most = 50,
) -> None:
    """List what is recorded."""
    from reconciler.cli.listing import get as run

    run(settings_of(context), what, output, labels or [], endpoint, most)


def describe(
    context: typer.Context, address: Annotated[str, typer.Argument(metavar="ADDRESS", help="As in vm/web-1.")]
) -> None:
    """Everything about one resource.

    Desired against recorded, parts, ties, operations, history.
    """
    from reconciler.cli.describing import describe as run

    run(settings_of(context), address)


def history(
    context: typer.Context,
    address: Annotated[
        str | None,
        typer.Argument(
            metavar="ADDRESS",
            help="Only of this resource and its parts; or of endpoint/NAME, hold/NUMBER and so on.",
        ),
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="T", help="As in 2h, 3d or 2026-01-31.")] = None,
    most: Most = 50,
    output: Annotated[
        Literal["table", "json", "yaml"], typer.Option("--output", "-o", help="table, json or yaml")
    ] = "table",
) -> None:
    """What happened, by whom and why."""
    from reconciler.cli.listing import history as run

    run(settings_of(context), address, since, most, output)


def graph(
    context: typer.Context,
    address: Annotated[
        str | None,
        typer.Argument(metavar="ADDRESS", help="Only what this needs and what needs it, directly or not."),
    ] = None,
    output: Annotated[
        Literal["text", "dot", "mermaid"], typer.Option("--output", "-o", help="text, dot or mermaid")
    ] = "text",
) -> None:
    """How resources hang together."""
    from reconciler.cli.graph import graph as run

    run(settings_of(context), address, output)


def observe(
    context: typer.Context,
    endpoints: Annotated[
        list[str] | None, typer.Argument(metavar="ENDPOINT...", help="All, if none.")
    ] = None,
    accept_empty: Annotated[
        bool,
        typer.Option("--accept-empty", help="Believe that nothing of ours is there, where nothing is seen."),
    ] = False,
    output: Annotated[
        Literal["table", "json", "yaml"], typer.Option("--output", "-o", help="table, json or yaml")
    ] = "table",
) -> None:
    """Look at endpoints and record what is there. Exits with 1 if any could not be seen whole."""
    from reconciler.cli.observing import observe as run

    raise typer.Exit(run(settings_of(context), endpoints or [], output, accept_empty=accept_empty))


def drift(
    context: typer.Context,
    files: o.Files = None,
    git: o.Git = None,
    branch: o.Branch = None,
    subfolder: o.Subfolder = None,
    source: o.Source = None,
    no_observe: o.NoObserve = False,
    detailed_exitcode: Detailed = False,
    output: Annotated[
        Literal["table", "json", "yaml"], typer.Option("--output", "-o", help="table, json or yaml")
    ] = "table",
) -> None:
    """Look, then list what moved away from what was applied.

    Of the sources that are named, or the parts of them; without any, of all.
    """
    from reconciler.cli.observing import drift as run
    from reconciler.cli.sources import Manifests

    manifests = Manifests(tuple(files or ()), git, branch, subfolder, source)
    code = run(settings_of(context), output, manifests, observe=not no_observe, detailed=detailed_exitcode)
    raise typer.Exit(code)


def schema(
    kind: Annotated[
        str | None, typer.Argument(metavar="KIND", help="As in VirtualMachine; all, if none.")
    ] = None,
    provider: Annotated[
        list[str] | None, typer.Option(metavar="T", help="Only what these provider types have.")
    ] = None,
) -> None:
    """A JSON Schema of manifests, for editors."""
    from reconciler.cli.explaining import schema as run

    run(kind, provider or [])


def explain(
    word: Annotated[
        str | None, typer.Argument(metavar="KIND[.ATTRIBUTE]", help="As in VirtualMachine.memory.")
    ] = None,
) -> None:
    """What a kind or an attribute is.

    Where it exists, how it can change, what it may be.
    """
    from reconciler.cli.explaining import explain as run

    run(word)


def add_to(app: typer.Typer) -> None:
    for command in (get, describe, history, graph, observe, drift, schema, explain):
        app.command(rich_help_panel="Look")(command)
