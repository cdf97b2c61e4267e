"""The `credentials` commands. A value comes from standard input or a prompt and is never printed."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from reconciler.cli.handlers.opening import acting, opened
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import Format, hint, note, print_data, say, show
from reconciler.cli.terminal.prompts import secret
from reconciler.engine.engine import default_actor
from reconciler.errors import ConfigurationError
from reconciler.manifest.read.urls import host_of
from reconciler.report.lines import Table
from reconciler.report.words import age, counted
from reconciler.store import views
from reconciler.store.database.home import KEY_FILE
from reconciler.store.database.opening import open_database
from reconciler.store.database.session import Store
from reconciler.store.inventory import trust
from reconciler.store.inventory.secrets import (
    KEY_BYTES,
    KEY_VARIABLE,
    Key,
    load_key,
    new_key_file,
    note_fingerprint,
    resolve,
    rotate_key,
    store_secret,
    stored_id,
    take_key,
)

NEW_KEY_VARIABLE = "RECONCILER_NEW_KEY"


def listed(settings: Settings, output: Format) -> None:
    """Print each declared credential with its fingerprint, and the endpoints that use it."""
    with opened(settings) as store, store.read() as tx:
        found = views.credentials(tx)
    if print_data([asdict(item) for item in found], output):
        return
    if not found:
        note("No credential is declared. Declare one in a manifest of kind Credential.")
        return
    rows = [
        (
            (item.name, "bold"),
            item.source,
            item.found_in or "",
            item.fingerprint or "",
            ", ".join(item.used_by),
            age(item.updated_at),
        )
        for item in found
    ]
    show([Table(("NAME", "SOURCE", "FOUND IN", "FINGERPRINT", "USED BY", "AGE"), tuple(rows))])


def put(settings: Settings, name: str) -> None:
    """Store a value, which is asked for or read from standard input, in the vault.

    Raises CredentialError where no credential of the name is declared as stored, or the value is empty.
    """
    with _opened(settings) as (store, key):
        with store.read() as tx:
            stored_id(tx, name)  # before anybody types a secret for nothing
        value = secret(name)
        with store.transaction(acting(settings, f"credential {name} set")) as tx:
            store_secret(tx, key, name, value)
    say(f"Stored credential {name}, fingerprint {key.fingerprint(value)}.")


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
    with _opened(settings) as (store, key), store.transaction(acting(settings, reason)) as tx:
        value = resolve(tx, key, name)
        moved = note_fingerprint(tx, key, name, value)
    seen = "which was not seen before" if moved else "the one that was seen before"
    say(("Found ", "green"), f"credential {name}: fingerprint {key.fingerprint(value)}, {seen}.")


def rotate(settings: Settings) -> None:
    """Encrypt again, then make the new key the one in use.

    The new key is on the disk before anything is encrypted with it, so no crash can lose it.
    """
    with _opened(settings) as (store, old):
        new, path = _new_key(settings.home)
        with store.transaction(acting(settings, "key rotation")) as tx:
            count = rotate_key(tx, old, new)
    if path is None:
        hint(f"set {KEY_VARIABLE} to what {NEW_KEY_VARIABLE} holds, everywhere, before the next command")
    else:
        path.replace(settings.home / KEY_FILE)
    say(f"Encrypted {counted(count, 'secret')} with the new key {new.id}.")


def replace_lost(settings: Settings) -> None:
    """Use the key that is here, or a new one, in the place of one that is lost with all that it encrypted."""
    with opened(settings) as store, store.transaction(acting(settings, "lost key replaced")) as tx:
        key = load_key(settings.home)
        names = take_key(tx, key)
    say(f"The key in use is {key.id} from now on.")
    for name in names:
        hint(f"reconciler credentials set {name}")


@contextmanager
def _opened(settings: Settings) -> Iterator[tuple[Store, Key]]:
    """The store and the key, in this order: a key is made only where there is a database."""
    with open_database(settings.database, settings.home, max_size=2) as database:
        yield database.store, database.key(settings.home, settings.actor or default_actor())


def _new_key(home: Path) -> tuple[Key, Path | None]:
    """From the environment where the present one is there too, else a new file beside the present one."""
    if KEY_VARIABLE in os.environ:
        text = os.environ.get(NEW_KEY_VARIABLE)
        if not text:
            raise ConfigurationError(
                f"the key is in {KEY_VARIABLE}, and there is none in {NEW_KEY_VARIABLE} to take its place",
                hint=f"{NEW_KEY_VARIABLE}=$(openssl rand -base64 {KEY_BYTES})",
            )
        return load_key(home, {KEY_VARIABLE: text}), None
    path = new_key_file(home)
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(os.urandom(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
    return load_key(home, {KEY_VARIABLE: path.read_text()}), path
