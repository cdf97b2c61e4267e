"""What a person decides between plans: approvals, holds, tries, and what to let go of."""

from __future__ import annotations

from reconciler.cli.choosing import type_named
from reconciler.cli.exit_codes import ExitCode
from reconciler.cli.opening import opened, parsed
from reconciler.cli.output import counted, line, note, results
from reconciler.cli.progress import outcome_text
from reconciler.cli.running import Request, running
from reconciler.cli.settings import Settings
from reconciler.cli.spans import future
from reconciler.engine.engine import default_actor
from reconciler.engine.forgetting import forget as forget_one
from reconciler.engine.saved import still_good
from reconciler.errors import ConfigurationError
from reconciler.executor.steps.outcome import Result
from reconciler.store import views
from reconciler.store.database.session import Actor
from reconciler.store.desired import sources
from reconciler.store.inventory.secrets import load_key
from reconciler.store.work import pauses, plans

_SOME = 20  # addresses that are listed one by one


def _who(settings: Settings, reason: str) -> Actor:
    return Actor(settings.actor or default_actor(), reason, "manual")


def approve(settings: Settings, word: str) -> None:
    actor = _who(settings, f"approval of plan {word}")
    key = load_key(settings.home)
    with opened(settings) as store, store.transaction(actor) as tx:
        saved = plans.find_plan(tx, word)
        still_good(saved, "approved")
        plans.approve(tx, saved, actor.name, key)
    steps = counted(len(saved.steps) + len(saved.inventory), "step")
    results().print(line(("Approved: ", "bold green"), f"plan {saved.id} ({steps}, hash {saved.hash[:12]})."))
    note(("  → ", "cyan"), "the next apply, or the daemon, carries it out as long as its steps stay the same")


def hold(
    settings: Settings,
    reason: str,
    *,
    address: str | None,
    endpoint: str | None,
    kind: str | None,
    tag: str | None,
    until: str | None,
) -> None:
    if not (address or endpoint or kind or tag):
        raise ConfigurationError(
            "nothing to hold was named", hint="name an ADDRESS, or use --endpoint, --type or --tag"
        )
    end = future(until) if until else None
    actor = _who(settings, reason)
    with opened(settings) as store, store.transaction(actor) as tx:
        number = pauses.hold(
            tx,
            actor.name,
            reason,
            address=parsed(address) if address else None,
            endpoint=endpoint,
            resource_type=type_named(kind, views.resource_types(tx)) or kind if kind else None,
            tag=_tag(tag) if tag else None,
            until=end,
        )
    results().print(f"Hold {number} is in force{f' until {end:%Y-%m-%d %H:%M} UTC' if end else ''}.")
    note(("  → ", "cyan"), f"to end it: reconciler release {number}")


def _tag(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise ConfigurationError(f"`{text}` is not KEY=VALUE", hint="as in --tag env=prod")
    return key, value


def release(settings: Settings, words: list[str]) -> int:
    """End holds; gives 1 if one of the words names none."""
    code = 0
    actor = _who(settings, "release")
    with opened(settings) as store, store.transaction(actor) as tx:
        for word in words:
            count = pauses.release(tx, word)
            if count:
                results().print(f"Released {counted(count, 'hold')} of {word}.")
            else:
                note(f"There is no hold of {word} alone; `reconciler get holds` lists what there is.")
                code = ExitCode.FAILED
    return code


def retry(settings: Settings, text: str) -> None:
    address = parsed(text)
    with opened(settings) as store, store.transaction(_who(settings, f"retry {address}")) as tx:
        waited = pauses.retry(tx, address)
    if waited:
        results().print(f"{address} is tried again by the next apply, or by the daemon.")
    else:
        note(f"{address} was not waiting.")


def forget(settings: Settings, text: str) -> int:
    address = parsed(text)
    with running(Request(settings)) as run:
        outcome = forget_one(run.session, address)
    results().print(line((str(address), "bold"), f": {outcome_text(outcome)}"))
    if outcome.hint:
        note(("  → ", "cyan"), outcome.hint)
    return 0 if outcome.result is Result.DONE else ExitCode.FAILED


def rename_source(settings: Settings, old: str, new: str, *, join: bool) -> None:
    actor = _who(settings, f"source {old} renamed to {new}")
    with opened(settings) as store, store.transaction(actor) as tx:
        sources.rename(tx, old, new, join=join)
    results().print(line(("Renamed: ", "bold green"), f"the source {old} is {new} from now on."))


def forget_source(settings: Settings, name: str, *, release: bool) -> int:
    """Give up a source, and with `release` its resources; gives 1 where one of them could not be."""
    actor = _who(settings, f"source {name} forgotten")
    with opened(settings) as store, store.transaction(actor) as tx:
        left = sources.forget(tx, name)
    results().print(
        line(("Forgotten: ", "bold green"), f"the source {name}; nothing is deleted because of it.")
    )
    if not left:
        return 0
    if not release:
        note(f"{counted(len(left), 'resource')} of it stay managed, and no manifest wants them:")
        for address in left[:_SOME]:
            note(f"  {address}")
        if len(left) > _SOME:
            note(f"  and {len(left) - _SOME} more; `reconciler get all -o wide` shows them without a source")
        note(
            ("  → ", "cyan"),
            "declare them in another source; or: reconciler forget ADDRESS",
        )
        return 0
    failed = 0
    with running(Request(settings)) as run:
        for address in left:
            outcome = forget_one(run.session, address)
            results().print(line((str(address), "bold"), f": {outcome_text(outcome)}"))
            failed += outcome.result is not Result.DONE
    return ExitCode.FAILED if failed else 0
