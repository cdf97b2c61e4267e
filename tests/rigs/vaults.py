"""Vaults for tests: of a test's database, with keys that the test knows."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

from reconciler.store.database.session import Store
from reconciler.store.inventory.key_sources import KEY_VARIABLE, source_of
from reconciler.store.inventory.keys import MasterKey
from reconciler.store.inventory.vault import Vault, open_vault

FIRST = MasterKey(bytes(range(32)))
SECOND = MasterKey(bytes(32))
THIRD = MasterKey(b"\1" * 32)


def text_of(*keys: MasterKey) -> str:
    """As they stand in a file or a variable."""
    return " ".join(base64.b64encode(key.secret).decode() for key in keys)


def vault_of(store: Store, keys: Sequence[MasterKey] = (FIRST,), *, particular: bool = True) -> Vault:
    """The store's vault, opened with these keys."""
    source = source_of(Path("/nonexistent"), {KEY_VARIABLE: text_of(*keys)})
    return open_vault(store, source, "test", particular=particular)
