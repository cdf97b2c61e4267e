"""`credentials test` and `rotate`: what a provider says of a credential, before it is needed or replaced."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.cli.exit_codes import ExitCode
from reconciler.cli.handlers.opening import acting
from reconciler.cli.handlers.times import future
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import Format, hint, note, print_data, say, show, warn
from reconciler.cli.terminal.prompts import secret
from reconciler.engine.accounts import Login, earliest, log_in_with, try_value
from reconciler.engine.engine import Engine
from reconciler.errors import ConfigurationError, CredentialError
from reconciler.providers.trace import Trace
from reconciler.report.credentials import logins_json, logins_page
from reconciler.report.plain import age
from reconciler.store import views
from reconciler.store.inventory.secrets import store_secret, stored_id


def test(settings: Settings, names: list[str], output: Format, *, every: bool) -> int:
    """Log in with each credential at each of its endpoints, and say as whom; gives the exit code."""
    if bool(names) == every:
        raise ConfigurationError(
            "say which credentials to test", hint="reconciler credentials test NAME, or --all"
        )
    with _engine(settings) as engine:
        with engine.store.read() as tx:
            known = [each.name for each in views.credentials(tx)]
        if unknown := [name for name in names if name not in known]:
            raise CredentialError(
                f"there is no credential named {unknown[0]}", hint="reconciler credentials list shows all"
            )
        found = [login for name in (known if every else names) for login in log_in_with(engine, name)]
    if not print_data(logins_json(found), output):
        show(logins_page(found))
        _hints(found)
    return ExitCode.FAILED if any(each.problem is not None for each in found) else ExitCode.DONE


def rotate(settings: Settings, name: str, expires: str | None, *, tried: bool) -> int:
    """Store a new value in the place of the one that is there, if it is accepted; gives the exit code.

    `tried`: log in with it first. Raises CredentialError where nothing is stored, or the value is the same.
    """
    expires_at = future(expires) if expires is not None else None
    with _engine(settings) as engine:
        engine.vault.require_own()
        with engine.store.read() as tx:
            stored_id(tx, name)
            before = next(each for each in views.credentials(tx, vault=True) if each.name == name)
        if before.stored_at is None:
            raise CredentialError(
                f"credential {name}: there is no value to replace", hint=f"reconciler credentials set {name}"
            )
        value = engine.hidden(secret(name))
        print_of = engine.key.fingerprint(value)
        if print_of == before.fingerprint:
            raise CredentialError(
                f"credential {name}: this is the value that it has",
                hint="Make a new one at the provider, and give that.",
            )
        found = try_value(engine, name, value) if tried and value else ()
        if any(each.problem is not None for each in found):
            show(logins_page(found))
            warn("nothing was stored, and the value before is still in use")
            hint("if the provider cannot be asked now: --untried stores it all the same")
            return ExitCode.FAILED
        engine.vault.reload()  # the master key may have been changed meanwhile
        with engine.store.transaction(acting(settings, f"credential {name} rotated")) as tx:
            store_secret(tx, engine.vault, name, value, expires_at or earliest(found))
    say(f"Rotated credential {name}: {before.fingerprint or 'unknown'} → {print_of}.")
    note(f"The value before was stored {age(before.stored_at)} ago.")
    hint("revoke it at the provider now")
    return ExitCode.DONE


def _hints(found: list[Login]) -> None:
    for text in dict.fromkeys(each.hint for each in found if each.problem is not None and each.hint):
        hint(text)


@contextmanager
def _engine(settings: Settings) -> Iterator[Engine]:
    with (
        Trace.open(settings.trace, warn) as trace,
        Engine.open(settings.home, settings.database, settings.actor, trace=trace) as engine,
    ):
        engine.database.require("program", "log in with a credential")
        yield engine
