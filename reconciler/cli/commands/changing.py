"""Commands that change something, or show what would be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.exit_codes import explained
from reconciler.cli.settings import settings_of

if TYPE_CHECKING:
    from reconciler.engine.planning import PlanOptions

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="As in vm/web-1.")]


def validate(
    context: typer.Context,
    files: o.Files = None,
    output: Annotated[Literal["text", "json"], typer.Option("--output", "-o", help="text or json")] = "text",
) -> None:
    """Check manifests: every problem, with its place. Needs no database and no provider."""
    from reconciler.cli.validating import validate as run

    raise typer.Exit(run(settings_of(context), files or [], output))


def plan(
    context: typer.Context,
    files: o.Files = None,
    git: o.Git = None,
    branch: o.Branch = None,
    subfolder: o.Subfolder = None,
    source: o.Source = None,
    trust_inventory: o.TrustInventory = False,
    target: o.Targets = None,
    exclude: o.Excludes = None,
    everything: o.Everything = False,
    no_observe: o.NoObserve = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 where something differs.")
    ] = False,
    form: Annotated[
        Literal["text", "json", "markdown"],
        typer.Option("--format", "--output", "-o", help="text, json or markdown"),
    ] = "text",
    calls: o.Calls = False,
    save: Annotated[
        bool, typer.Option("--save", help="Keep the plan, to approve or apply it later.")
    ] = False,
    max_destroy: o.MaxDestroy = None,
) -> None:
    """Show what would be done, and why. Changes nothing at any provider.

    It is about the sources that are named, or the parts of them; without any, about all as last applied.

    Exits with 1 where not everything could be seen; else 0, or 2 as --detailed-exitcode says. What failed
    before is in it, with what it failed with.
    """
    from reconciler.cli import running
    from reconciler.cli.sources import Manifests

    manifests = Manifests(tuple(files or ()), git, branch, subfolder, source, trust_inventory)
    wanted = plan_options(target, exclude, max_destroy, everything=everything)
    request = running.Request(settings_of(context), manifests, wanted, not no_observe, calls)
    raise typer.Exit(running.plan(request, form, save=save, detailed=detailed_exitcode))


def apply(
    context: typer.Context,
    files: o.Files = None,
    git: o.Git = None,
    branch: o.Branch = None,
    subfolder: o.Subfolder = None,
    source: o.Source = None,
    trust_inventory: o.TrustInventory = False,
    saved: Annotated[
        str | None, typer.Option("--plan", metavar="ID", help="Apply a saved plan: exactly that, or nothing.")
    ] = None,
    yes: o.Yes = False,
    target: o.Targets = None,
    exclude: o.Excludes = None,
    everything: o.Everything = False,
    no_observe: o.NoObserve = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Try again, too, what is parked because it brought nothing.")
    ] = False,
    calls: o.Calls = False,
    output: Annotated[Literal["text", "json"], typer.Option("--output", "-o", help="text or json")] = "text",
    max_destroy: o.MaxDestroy = None,
) -> None:
    """Make it so.

    Shows the plan, asks, carries it out, and says what came of it.

    What failed before is tried again at once, whatever it would still wait for.
    """
    from reconciler.cli import running
    from reconciler.cli.sources import Manifests

    manifests = Manifests(tuple(files or ()), git, branch, subfolder, source, trust_inventory)
    wanted = plan_options(target, exclude, max_destroy, retry=retry, everything=everything)
    request = running.Request(settings_of(context), manifests, wanted, not no_observe, calls)
    if saved is not None:
        _refuse_choice(target, exclude)
        raise typer.Exit(running.apply_saved(request, saved, output))
    raise typer.Exit(running.apply(request, yes=yes, form=output))


def _refuse_choice(target: list[str] | None, exclude: list[str] | None) -> None:
    if target or exclude:
        raise typer.BadParameter(
            "a saved plan says itself what it is about; --target and --exclude do not fit"
        )


def destroy(
    context: typer.Context,
    files: o.Files = None,
    git: o.Git = None,
    branch: o.Branch = None,
    subfolder: o.Subfolder = None,
    source: o.Source = None,
    yes: o.Yes = False,
    target: o.Targets = None,
    exclude: o.Excludes = None,
    no_observe: o.NoObserve = False,
    calls: o.Calls = False,
    output: Annotated[Literal["text", "json"], typer.Option("--output", "-o", help="text or json")] = "text",
    max_destroy: o.MaxDestroy = None,
) -> None:
    """Delete what is managed.

    All of it, or what the named sources declare, or what --target selects. Guards hold here too. What a
    manifest still wants is made again by the next apply of it; to keep it away, use delete.
    """
    from reconciler.cli import running
    from reconciler.cli.sources import Manifests

    manifests = Manifests(tuple(files or ()), git, branch, subfolder, source)
    wanted = plan_options(target, exclude, max_destroy, destroy=True)
    request = running.Request(settings_of(context), manifests, wanted, not no_observe, calls)
    raise typer.Exit(running.apply(request, yes=yes, form=output))


def delete(
    context: typer.Context,
    addresses: Annotated[
        list[str] | None, typer.Argument(metavar="ADDRESS...", help="As in vm/web-1.")
    ] = None,
    files: o.Files = None,
    yes: o.Yes = False,
    no_observe: o.NoObserve = False,
    calls: o.Calls = False,
    output: Annotated[Literal["text", "json"], typer.Option("--output", "-o", help="text or json")] = "text",
    max_destroy: o.MaxDestroy = None,
) -> None:
    """Delete what is named, or what the manifests of -f declare, and keep it away.

    Guards hold here too. As long as a manifest wants it, it is held and not made again; `release` ends that.
    """
    from reconciler.cli import running
    from reconciler.cli.sources import Manifests

    if not addresses and not files:
        raise typer.BadParameter("nothing to delete was named: name an ADDRESS, or manifests with -f")
    wanted = plan_options(addresses, None, max_destroy, destroy=True)
    manifests = Manifests(tuple(files or ()))
    request = running.Request(settings_of(context), manifests, wanted, not no_observe, calls, keep_away=True)
    raise typer.Exit(running.apply(request, yes=yes, form=output))


def approve(
    context: typer.Context,
    word: Annotated[
        str, typer.Argument(metavar="ID|HASH", help="A saved plan's number, or its hash's beginning.")
    ],
) -> None:
    """Agree to a saved plan. The approval is bound to its hash, and good once."""
    from reconciler.cli.deciding import approve as run

    run(settings_of(context), word)


def hold(
    context: typer.Context,
    reason: Annotated[str, typer.Option(help="Why; everybody who meets the hold reads it.")],
    address: Annotated[str | None, typer.Argument(metavar="ADDRESS", help="As in vm/web-1.")] = None,
    endpoint: Annotated[str | None, typer.Option(help="Everything at an endpoint.")] = None,
    kind: Annotated[str | None, typer.Option("--type", help="Everything of a type, as in vm.")] = None,
    tag: Annotated[str | None, typer.Option(metavar="KEY=VALUE", help="Everything with a tag.")] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="T", help="Until when: 2h, 3d, or 2026-01-31T08:00. Without: until released."),
    ] = None,
) -> None:
    """Leave something alone for a while. Of the scopes given, all must fit."""
    from reconciler.cli.deciding import hold as run

    run(settings_of(context), reason, address=address, endpoint=endpoint, kind=kind, tag=tag, until=until)


def release(
    context: typer.Context,
    words: Annotated[
        list[str], typer.Argument(metavar="ADDRESS|ID...", help="What is held, or a hold's number.")
    ],
) -> None:
    """End holds."""
    from reconciler.cli.deciding import release as run

    raise typer.Exit(run(settings_of(context), words))


def retry(context: typer.Context, address: Address) -> None:
    """Try again at once what failed.

    Instead of after its wait.
    """
    from reconciler.cli.deciding import retry as run

    run(settings_of(context), address)


def forget(context: typer.Context, address: Address) -> None:
    """Cease to manage something. Its object at the provider stays as it is."""
    from reconciler.cli.deciding import forget as run

    raise typer.Exit(run(settings_of(context), address))


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

    from reconciler.cli.sources import selection
    from reconciler.engine.planning import PlanOptions
    from reconciler.planner import Limits

    limits = Limits()
    if max_destroy is not None:
        # A number that was given replaces the share too, which would else still hold a plan of that size.
        limits = replace(limits, destroy=max_destroy, share=1.0)
    # A person who asks waits for nothing that failed; what is parked for good needs a word of its own.
    chosen = selection(target or (), exclude or ())
    return PlanOptions(chosen, limits, destroy, retry_now=True, retry_parked=retry, everything=everything)


def add_to(app: typer.Typer) -> None:
    panel = "Change"
    for command in (validate, plan, apply, destroy, delete, approve, hold, release, retry, forget):
        ends = explained() if command in (plan, apply, destroy, delete) else None
        app.command(rich_help_panel=panel, epilog=ends)(command)
