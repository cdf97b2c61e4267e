"""Looking at pools: one list, and for each pool of ours its storages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.errors import ErrorCode, ProviderError
from reconciler.model.resource import Observed
from reconciler.model.values import Cardinality, Value, canonical
from reconciler.providers.driver import Unseen
from reconciler.providers.proxmox import marks
from reconciler.providers.proxmox.client import ProxmoxClient


class PoolLook:
    """One look at pools. Absence of a target is a list that shows it nowhere, or a denial that it exists."""

    def __init__(self, client: ProxmoxClient) -> None:
        self._client = client
        self.resources: list[Observed] = []
        self.absent: set[tuple[str, str]] = set()
        self.unseen: list[Unseen] = []
        self._error: ProviderError | None = None

    def at_all(self, known: frozenset[str]) -> None:
        for row in self._client.get("/pools"):
            name = str(row["poolid"])
            if name in known or marks.find_in_text(str(row.get("comment") or ""))[1]:
                self._one(name, known=name in known)
            else:
                self.resources.append(pool(row, ()))

    def at_targets(self, names: Iterable[str]) -> None:
        """Raises ProviderError if not one of them could be looked at."""
        for name in names:
            self._one(name, known=True, target=True)
        if self._error is not None and not self.resources and not self.absent:
            raise self._error

    def _one(self, name: str, *, known: bool, target: bool = False) -> None:
        try:
            rows = self._client.get("/pools", {"poolid": name})
        except ProviderError as error:
            if target and error.code is ErrorCode.NOT_FOUND:
                self.absent.add(("pool", name))
            else:
                self.unseen.append(Unseen("pool", name, error.message))
                self._error = error
            return
        row = next((row for row in rows if str(row.get("poolid")) == name), None)
        if row is None:
            self.unseen.append(Unseen("pool", name, "the answer about the pool does not hold it"))
        else:
            self.resources.append(pool(row, row.get("members") or (), known=known))


def pool(row: Mapping[str, Any], members: Iterable[Mapping[str, Any]], *, known: bool = False) -> Observed:
    """One pool. `known`: it is recorded as ours, so a mark that is missing was lost."""
    text, mark = marks.find_in_text(str(row.get("comment") or ""))
    values: dict[str, Value] = {"description": text} if text else {}
    if known and mark is None:
        values[marks.FAULT] = marks.MISSING
    storages = tuple(sorted({str(item["storage"]) for item in members if item.get("type") == "storage"}))
    if storages:
        values["storages"] = canonical(storages, Cardinality.SET)
    name = str(row["poolid"])
    return Observed("pool", name, name, "available", values, mark=mark)
