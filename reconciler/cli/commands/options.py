"""The options that several commands share, so that they are spelt and explained alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from reconciler.engine.planning import PlanOptions

Files = Annotated[
    list[str] | None,
    typer.Option(
        "--file",
        "-f",
        metavar="PATH",
        help="A folder of manifests, or a part of it: a file or folder in it; - is standard input.",
    ),
]
Git = Annotated[
    str | None, typer.Option("--git", metavar="URL", help="A git repository of manifests, instead of -f.")
]
Branch = Annotated[str | None, typer.Option(help="The branch to read; the repository's own if not given.")]
Subfolder = Annotated[str | None, typer.Option(help="The folder of the repository that holds the manifests.")]
Source = Annotated[
    str | None,
    typer.Option(
        "--source", metavar="NAME", help="What to call the source; else by its reconciler.yaml or git."
    ),
]
TrustInventory = Annotated[
    bool,
    typer.Option(
        "--trust-inventory",
        help="Let the repository of --git declare providers, endpoints and credentials: whoever can push to"
        " it can then send your credentials anywhere. A folder of -f may do so anyway.",
    ),
]
Targets = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        metavar="SEL",
        help="Only this, and what it needs that is not there yet: an address, type=T, endpoint=E, tag=KEY or"
        " tag=KEY=VALUE.",
    ),
]
Excludes = Annotated[
    list[str] | None, typer.Option("--exclude", metavar="SEL", help="Not this; as for --target.")
]
NoObserve = Annotated[bool, typer.Option("--no-observe", help="Go by what is recorded; look at no provider.")]
Everything = Annotated[
    bool,
    typer.Option(
        "--all", help="Not only what the named manifests are about: everything, as last applied elsewhere."
    ),
]
Calls = Annotated[bool, typer.Option("--calls", help="Show every request with its parameters.")]
MaxDestroy = Annotated[
    int | None,
    typer.Option(min=0, metavar="N", help="How many deletions and replacements need no approval (10)."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; what needs an approval waits for it.")]
Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="As in vm/web-1.")]
MOMENT = (
    "a time in UTC (2h, 3 days ago, yesterday 14:00, tue 14:00, 14:00, 2026-01-31), a commit, revision/N"
    " or mark/N"
)
"""What names a moment of the past, for help."""
At = Annotated[str | None, typer.Option("--at", metavar="T", help=f"As of the last mark then: {MOMENT}.")]
Most = Annotated[int, typer.Option("--lines", "-n", min=1, help="How many, the newest.")]
Detailed = Annotated[bool, typer.Option("--detailed-exitcode", help="Exit with 2 where something differs.")]
TextOrJson = Annotated[Literal["text", "json"], typer.Option("--output", "-o", help="text or json")]
Data = Annotated[Literal["table", "json", "yaml"], typer.Option("--output", "-o", help="table, json or yaml")]
Listed = Annotated[
    Literal["table", "wide", "json", "yaml", "name"],
    typer.Option("--output", "-o", help="table, wide, json, yaml or name"),
]


def plan_options(
    target: list[str] | None,
    exclude: list[str] | None,
    max_destroy: int | None,
    *,
    destroy: bool = False,
    retry: bool = False,
    everything: bool = False,
) -> PlanOptions:
    """The engine's options for what was typed."""
    from dataclasses import replace

    from reconciler.cli.handlers.selecting import selection
    from reconciler.engine.planning import PlanOptions
    from reconciler.planner import Limits

    limits = Limits()
    if max_destroy is not None:
        # A number that was given replaces the share too, which would else still hold a plan of that size.
        limits = replace(limits, destroy=max_destroy, share=1.0)
    # A person who asks waits for nothing that failed; what is parked for good needs a word of its own.
    chosen = selection(target or (), exclude or ())
    return PlanOptions(chosen, limits, destroy, retry_now=True, retry_parked=retry, everything=everything)
