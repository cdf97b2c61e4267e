"""A driver that is none of ours, before a provider that is none of ours, by the suite that ships."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reconciler.testing import DriverContract, DriverHarness, Fault, Manifests, Parts, Sample, Sent, access
from tests.contract.shelf import ShelfDriver
from tests.contract.shelf.provider import Answer, Refused, Shelf

PASSWORD = "open, please"
SHELF = Manifests(ShelfDriver.catalog)
REFUSED = {Fault.UNAUTHORIZED: 401, Fault.FORBIDDEN: 403, Fault.RATE_LIMITED: 429, Fault.UNAVAILABLE: 503}


class Shaky(Shelf):
    """The provider behind a line that fails on request, and that notes which changes arrived."""

    def __init__(self, folder: Path, password: str, harness: ShelfHarness) -> None:
        super().__init__(folder, password)
        self.harness = harness

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        if method != "GET":
            self.harness.arrived.append(Sent(method, path))
        fault = self.harness.fault if (method == "GET") == self.harness.reads else None
        if fault in REFUSED:
            raise Refused(REFUSED[fault], "as told")
        if fault is Fault.REQUEST_LOST:
            raise ConnectionResetError("before anything was done")
        if fault is Fault.UNREADABLE:
            raise ValueError("a page of somebody else's")
        answer = super().call(method, path, body)
        if fault is Fault.ANSWER_LOST:
            raise ConnectionResetError("after it was done")
        return answer


class ShelfHarness:
    provider_type = "shelf"

    def __init__(self, folder: Path) -> None:
        Shelf.built(folder, PASSWORD)
        self.folder = folder
        self.arrived: list[Sent] = []
        self.fault: Fault | None = None
        self.reads = False
        self.driver = self.connect()

    def connect(self, credential: str | None = None) -> ShelfDriver:
        password = credential or PASSWORD
        driver = ShelfDriver(access("shelf", f"shelf://{self.folder}", password))
        driver.shelf = Shaky(self.folder, password, self)
        return driver

    def sent(self) -> list[Sent]:
        return list(self.arrived)

    def fail(self, fault: Fault, *, reads: bool) -> None:
        self.fault, self.reads = fault, reads

    def mend(self) -> None:
        self.fault = None


class TestShelf(DriverContract):
    def samples(self) -> Sequence[Sample]:
        slots: Parts = {"shelf_slot": [{"shelf_place": 1, "shelf_content": "sand"}]}
        box = SHELF.want("shelf_box/beach", slots, {"for": "summer"}, shelf_colour="red")
        blue = SHELF.changed(box, {"for": "winter"}, shelf_colour="blue", name="seaside")
        two: Parts = {
            "shelf_slot": [
                {"shelf_place": 1, "shelf_content": "shells"},
                {"shelf_place": 3, "shelf_content": "sand"},
            ]
        }
        filled = SHELF.with_parts(blue, two)
        emptied = SHELF.with_parts(SHELF.changed(filled, {}), {"shelf_slot": []})
        other = SHELF.want("shelf_box/hill", shelf_colour="blue")
        grant = SHELF.want("shelf_grant/ada", shelf_who="ada", shelf_box="shelf_box/beach")
        moved = SHELF.changed(grant, shelf_box="shelf_box/hill", shelf_hours="0-24")
        return [
            Sample(box, variants=(blue, filled, emptied)),
            Sample(grant, first=(box, other), variants=(moved,)),
        ]

    @contextmanager
    def connected(self) -> Iterator[DriverHarness]:
        with tempfile.TemporaryDirectory() as folder:
            yield ShelfHarness(Path(folder))
