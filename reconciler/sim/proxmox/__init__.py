"""A simulated Proxmox VE cluster: the API that the real client library is run against in tests and demos.

It keeps its own parameter tables and rules and shares nothing with the driver, whose mistakes it is there to
find.
"""

from __future__ import annotations

from pathlib import Path

from reconciler.sim.ledger import Ledger
from reconciler.sim.proxmox.access import ALL_PRIVILEGES, Token
from reconciler.sim.proxmox.api import ProxmoxApi
from reconciler.sim.server import SimulatorServer
from reconciler.sim.tls import server_context

DEMO_TOKEN = "reconciler@pve!demo"  # noqa: S105 - the token's name

__all__ = ["ALL_PRIVILEGES", "DEMO_TOKEN", "ProxmoxApi", "Token", "serve"]


def serve(
    port: int,
    *,
    token: str,
    ca_dir: Path,
    seed: int = 1,
    latency: float = 0.0,
    task_seconds: float = 0.3,
    password: str = "simulated",  # noqa: S107 - of a simulator
    ledger_file: Path | None = None,
) -> None:
    """Serve a cluster on 127.0.0.1 until stopped. `token`: the secret of `reconciler@pve!demo`.

    Clients verify the server with `ca_dir/ca.pem`. `latency` and `task_seconds` in seconds.
    """
    api = ProxmoxApi(
        tokens={DEMO_TOKEN: Token(token)}, password=password, seed=seed, task_seconds=task_seconds
    )
    server = SimulatorServer(
        api, port=port, latency=latency, ledger=Ledger(ledger_file), tls=server_context(ca_dir)
    )
    server.serve_forever()
