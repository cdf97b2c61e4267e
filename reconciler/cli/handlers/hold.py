"""`hold`, `release` and `retry`: what is left alone for a while, and the end of that."""

from __future__ import annotations

from reconciler.cli.exit_codes import ExitCode
from reconciler.cli.handlers.naming import type_named
from reconciler.cli.handlers.opening import acting, opened, parsed
from reconciler.cli.handlers.times import future
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import hint, note, say
from reconciler.errors import ConfigurationError
from reconciler.report.plain import counted
from reconciler.store import views
from reconciler.store.desired.pins import live_pins
from reconciler.store.work import pauses


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
    """Leave alone what all the given scopes fit, until a time or until it is released.

    Raises ConfigurationError where no scope is given, or a tag or a time cannot be read; DatabaseError for an
    endpoint or a type that is not known.
    """
    if not (address or endpoint or kind or tag):
        raise ConfigurationError(
            "nothing to hold was named", hint="name an ADDRESS, or use --endpoint, --type or --tag"
        )
    end = future(until) if until else None
    actor = acting(settings, reason)
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
    say(f"Hold {number} is in force{f' until {end:%Y-%m-%d %H:%M} UTC' if end else ''}.")
    hint(f"to end it: reconciler release {number}")


def _tag(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise ConfigurationError(f"`{text}` is not KEY=VALUE", hint="as in --tag env=prod")
    return key, value


def release(settings: Settings, words: list[str]) -> int:
    """End holds; fails if one of the words names none."""
    code = ExitCode.DONE
    actor = acting(settings, "release")
    with opened(settings) as store, store.transaction(actor) as tx:
        for word in words:
            count = pauses.release(tx, word)
            if count:
                say(f"Released {counted(count, 'hold')} of {word}.")
            elif any(str(pin.address) == word for pin in live_pins(tx)):
                note(f"{word} is not held; it is rolled back, and does not follow its manifest.")
                hint(f"to follow it again: reconciler rollback --undo {word}")
                code = ExitCode.FAILED
            else:
                note(f"There is no hold of {word} alone; `reconciler get holds` lists what there is.")
                code = ExitCode.FAILED
    return code


def retry(settings: Settings, text: str) -> None:
    """End the back-off of a resource, or that it is parked; the next apply tries it again."""
    address = parsed(text)
    with opened(settings) as store, store.transaction(acting(settings, f"retry {address}")) as tx:
        waited = pauses.retry(tx, address)
    if waited:
        say(f"{address} is tried again by the next apply, or by the daemon.")
    else:
        note(f"{address} was not waiting.")
