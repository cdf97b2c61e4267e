"""`credentials rewrap`: another master key for all that the vault keeps. No secret is decrypted for it."""

from __future__ import annotations

import sys

from reconciler.cli.exit_codes import ExitCode
from reconciler.cli.handlers.opening import acting, opened_vault
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import hint, say, warn
from reconciler.cli.terminal.prompts import agreed
from reconciler.engine.actor import default_actor
from reconciler.errors import ConfigurationError
from reconciler.report.plain import counted
from reconciler.store.database.opening import open_database
from reconciler.store.inventory import key_sources
from reconciler.store.inventory import vault as vaults
from reconciler.store.inventory.key_sources import (
    COMMAND_VARIABLE,
    KEY_VARIABLE,
    KeySource,
    new_key,
    put_first,
    retire_others,
    source_of,
)
from reconciler.store.inventory.vault import Vault


def rewrap(settings: Settings, *, with_new_key: bool) -> int:
    """Wrap every data key with the present master key, or with a new one; gives the exit code.

    A new key is on the disk, the old one behind it, before anything is wrapped with it, so no crash can lose
    either. Raises ConfigurationError where the keys are not in a file that this program keeps.
    """
    with opened_vault(settings) as vault, key_sources.alone(vault.source.path):
        vault.reload()  # another run may have changed the file until it was our turn
        if with_new_key:
            _make_new_key(vault)
        result = vaults.rewrap(vault, acting(settings, "rewrap"))
        key = vault.ring.current
        say(f"Wrapped {counted(result.done, 'data key')} with the master key {key.id}.")
        for name, key_id in result.left:
            warn(f"{name} is left: its data key is under {key_id}, or was damaged")
        if result.left:
            hint("give the missing keys behind the present one and run it again, or set these again")
            return ExitCode.FAILED
        _retire(vault)
    return ExitCode.DONE


def replace_lost(settings: Settings) -> int:
    """Use the key that is here, or a new one, in the place of one that is lost with all that it wrapped.

    Gives the exit code: who is asked may leave it. Raises ConfigurationError where the key is not lost.
    """
    with open_database(settings.database, settings.home, max_size=2) as database:
        source, who = source_of(settings.home), settings.actor or default_actor()
        if not _is_given_up(source, vaults.key_in_use(database.store)):
            return ExitCode.FAILED
        vault = vaults.open_without_key(database.store, source, who)
        names = vaults.take_key(vault, acting(settings, "lost key replaced"))
        say(f"The master key in use is {vault.ring.current.id} from now on.")
    for name in names:
        hint(f"reconciler credentials set {name}")
    return ExitCode.DONE


def _is_given_up(source: KeySource, key_id: str | None) -> bool:
    """Whether a new key may be made in a file that is not there: a variable may merely be unset."""
    if key_id is None or source.path is None or source.path.exists():
        return True
    warn(f"the master key {key_id} is looked for in {source.path}, which is not there")
    warn("what is stored with it can never be read again once another takes its place")
    hint(f"if it is elsewhere, in {KEY_VARIABLE} or {COMMAND_VARIABLE}: neither is set here")
    return not sys.stdin.isatty() or agreed(f"Make a new key in {source.path}")


def _make_new_key(vault: Vault) -> None:
    path = vault.source.path
    if path is None:
        raise ConfigurationError(
            f"the master key is in {vault.source.where}, where this program puts no other",
            hint="Put a new key before the present one there, with a blank between, and run: "
            "reconciler credentials rewrap",
        )
    if len(vault.ring.keys) > 1:
        # That of a run that was cut off before all was under it, or before the others were taken out.
        warn(
            f"no new key was made: {vault.ring.where} holds several, and this run makes"
            f" {vault.ring.current.id} the only one"
        )
        hint("for another key run it again: reconciler credentials rewrap --new-key")
        return
    vault.ring = put_first(path, vault.ring, new_key())


def _retire(vault: Vault) -> None:
    if len(vault.ring.keys) == 1:
        return
    if vault.source.path is None:
        others = ", ".join(key.id for key in vault.ring.keys[1:])
        hint(f"nothing here needs {others} any more: take it out of {vault.source.where},")
        hint("and keep it elsewhere as long as backups of the database from before are kept")
        return
    for path in retire_others(vault.source.path, vault.ring):
        hint(f"{path} opens backups of the database from before; delete it when they are gone")
