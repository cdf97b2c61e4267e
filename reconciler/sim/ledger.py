"""The ledger: every request a simulator got, and whether it took effect.

It is the ground truth that tests assert on (nothing twice, nothing lost), so it records what was applied
even where the answer was cut off on its way back.
"""

from __future__ import annotations

import copy
import json
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(slots=True)
class Entry:
    """One request. `applied`: the state may have changed; `fault` names an injected one."""

    number: int
    at: float
    method: str
    path: str
    query: dict[str, list[str]]
    body: object
    status: int = 0
    applied: bool = False
    fault: str | None = None


class Ledger:
    """An append-only list in memory, and a file of JSON lines where one is named."""

    def __init__(self, file: Path | None = None) -> None:
        self._entries: list[Entry] = []
        self._lock = threading.Lock()
        self._file = file.open("a", encoding="utf-8") if file else None

    def begin(self, method: str, path: str, query: dict[str, list[str]], body: object) -> Entry:
        """Note a request before anything is done with it; what came of it is filled in later."""
        with self._lock:
            # A copy: the API may keep what it was given, and change it later.
            entry = Entry(len(self._entries) + 1, time.time(), method, path, query, copy.deepcopy(body))
            self._entries.append(entry)
            return entry

    def finish(self, entry: Entry) -> None:
        """Write the entry to the file, if there is one. In memory it has been since `begin`."""
        if self._file is None:
            return
        with self._lock:
            self._file.write(json.dumps(asdict(entry), default=str) + "\n")
            self._file.flush()

    def since(self, number: int = 0) -> list[dict[str, object]]:
        """All entries after `number`, oldest first."""
        with self._lock:
            return [asdict(entry) for entry in self._entries[number:]]
