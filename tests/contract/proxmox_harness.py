"""The Proxmox VE driver before its simulator."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reconciler.providers.proxmox import ProxmoxDriver
from reconciler.testing import Fault, FreeMeter, Sent, access
from tests.contract.proxmox_rig import SECRET, Rig, running, violations
from tests.contract.proxmox_samples.wanting import PROVIDER
from tests.contract.sim_faults import simulated

CREDENTIAL = f"reconciler@pve!demo={SECRET}"


class ProxmoxHarness:
    provider_type = PROVIDER

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.meter = FreeMeter()
        self.drivers: list[ProxmoxDriver] = []
        self.driver = self.connect()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.rig.server.port}"

    def connect(self, credential: str | None = None) -> ProxmoxDriver:
        """A credential is an API token's secret, or a whole credential where it names its user."""
        given = credential or CREDENTIAL
        full = given if "@" in given else f"reconciler@pve!demo={given}"
        reach = access(PROVIDER, self.url, full, meter=self.meter, ca_file=self.rig.ca)
        self.drivers.append(ProxmoxDriver(reach))
        return self.drivers[-1]

    def sent(self) -> list[Sent]:
        return [
            Sent(str(entry["method"]), str(entry["path"]).removeprefix("/api2/json"))
            for entry in self.rig.server.ledger.since()
            if entry["method"] != "GET"
        ]

    def fault(self, kind: str, **options: Any) -> None:
        self.rig.fault(kind, **options)

    def fail(self, fault: Fault, *, reads: bool) -> None:
        self.fault(**simulated(fault, reads=reads))

    def mend(self) -> None:
        self.rig.clear_faults()

    def violations(self) -> list[str]:
        return [text for exchange in self.rig.api.exchanges for text in violations(exchange)]


@contextmanager
def proxmox(**options: Any) -> Iterator[ProxmoxHarness]:
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), **options) as rig:
        made = ProxmoxHarness(rig)
        try:
            yield made
        finally:
            for driver in made.drivers:
                driver.close()
