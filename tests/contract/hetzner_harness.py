"""The Hetzner driver before its simulator; a life for each of its types is in `hetzner_samples`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from reconciler.providers.driver import Request
from reconciler.providers.hetzner import HetznerDriver
from reconciler.testing import Fault, FreeMeter, Sent, access
from tests.contract.hetzner_rig import TOKEN, Rig, running, violations
from tests.contract.hetzner_samples.wanting import PROVIDER
from tests.contract.sim_faults import simulated


class HetznerHarness:
    provider_type = PROVIDER

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.meter = FreeMeter()
        self.drivers: list[HetznerDriver] = []
        self.driver = self.connect()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.rig.server.port}/v1"

    def connect(self, credential: str | None = None) -> HetznerDriver:
        self.drivers.append(HetznerDriver(access(PROVIDER, self.url, credential or TOKEN, meter=self.meter)))
        return self.drivers[-1]

    def sent(self) -> list[Sent]:
        return [
            Sent(str(entry["method"]), str(entry["path"]).removeprefix("/v1"))
            for entry in self.rig.server.ledger.since()
            if entry["method"] != "GET"
        ]

    def fault(self, kind: str, **options: Any) -> None:
        self.rig.control("POST", "/faults", {"kind": kind, **options})

    def fail(self, fault: Fault, *, reads: bool) -> None:
        self.fault(**simulated(fault, reads=reads))

    def mend(self) -> None:
        self.rig.control("DELETE", "/faults")

    def violations(self) -> list[str]:
        found = [text for exchange in self.rig.api.exchanges for text in violations(exchange)]
        # The description's own text allows ids here, its schema forgets them; the official clients send ids.
        return [text for text in found if not re.search(r"\$\.ssh_keys\[\d+\]: \d+ is not of type", text)]


@contextmanager
def hetzner(**options: Any) -> Iterator[HetznerHarness]:
    with running(**options) as rig:
        made = HetznerHarness(rig)
        try:
            yield made
        finally:
            for driver in made.drivers:
                driver.close()


def asked(harness: HetznerHarness, method: str = "GET") -> list[str]:
    return [str(entry["path"]) for entry in harness.rig.server.ledger.since() if entry["method"] == method]


def poweroff(server: str) -> Request:
    path = f"/servers/{server}/actions/poweroff"
    return Request("server.poweroff", "POST", path, {"id": server}, {})
