"""The `credentials` commands. A value comes from standard input or a prompt and is never printed."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from reconciler.cli.handlers.opening import acting, opened, opened_vault
from reconciler.cli.handlers.times import future
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import Format, note, print_data, say, show
from reconciler.cli.terminal.prompts import secret
from reconciler.errors import ConfigurationError
from reconciler.manifest.read.urls import host_of
from reconciler.report.credentials import credentials_page
from reconciler.store import views
from reconciler.store.database.opening import open_database
from reconciler.store.inventory import trust
from reconciler.store.inventory.secrets import note_fingerprint, resolve, store_secret, stored_id


def listed(settings: Settings, output: Format) -> None:
    """Print each declared credential with its fingerprint, and the endpoints that use it."""
    with (
        open_database(settings.database, settings.home, max_size=1) as database,
        database.store.read() as tx,
    ):
        found = views.credentials(tx, vault=database.standing == "program")
    if print_data([asdict(item) for item in found], output):
        return
    if not found:
        note("No credential is declared. Declare one in a manifest of kind Credential.")
        return
    show(credentials_page(found, datetime.now(UTC)))


def put(settings: Settings, name: str, expires: str | None) -> None:
    """Store a value, which is asked for or read from standard input, in the vault.

    `expires` is a moment or a span. Raises CredentialError where no credential of the name is declared as
    stored, or the value is empty.
    """
    expires_at = future(expires) if expires is not None else None
    with opened_vault(settings) as vault:
        with vault.store.read() as tx:
            stored_id(tx, name)  # before anybody types a secret for nothing
        value = secret(name)
        vault.reload()  # the master key may have been changed at the prompt
        with vault.store.transaction(acting(settings, f"credential {name} set")) as tx:
            store_secret(tx, vault, name, value, expires_at)
        say(f"Stored credential {name}, fingerprint {vault.key.fingerprint(value)}.")


def bind(settings: Settings, name: str, host: str) -> None:
    """Let a credential be sent to a host."""
    wanted = host.strip("[]").rstrip(".").lower()
    if host_of(f"https://[{wanted}]/" if ":" in wanted else f"https://{wanted}/") != wanted or not wanted:
        raise ConfigurationError(f"`{host}` is no host", hint="write its name or address alone: pve.lan")
    actor = acting(settings, "bind a credential")
    with opened(settings) as store, store.transaction(actor) as tx:
        if name not in {each.name for each in views.credentials(tx)}:
            raise ConfigurationError(
                f"there is no credential `{name}`", hint="declare it in a manifest of kind Credential"
            )
        trust.bind(tx, name, wanted, actor.name)
    note(f"{name} may be sent to {wanted}.")


def check(settings: Settings, name: str) -> None:
    """Raises CredentialError, without the value, where there is none to be found."""
    reason = f"credential {name} checked"
    with opened_vault(settings) as vault, vault.store.transaction(acting(settings, reason)) as tx:
        value = resolve(tx, vault, name)
        moved = note_fingerprint(tx, vault.key, name, value)
        seen = "which was not seen before" if moved else "the one that was seen before"
        say(("Found ", "green"), f"credential {name}: fingerprint {vault.key.fingerprint(value)}, {seen}.")
