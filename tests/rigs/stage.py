"""A whole installation on a stage: a database, the engine, and simulated providers spoken to over real HTTP.

Nothing of ours is replaced. A test writes manifests, applies them, and looks at the simulators' ground truth
and ledger, at the database, and at what the engine says.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from reconciler.engine.apply import Session
from reconciler.engine.approval import Permit
from reconciler.engine.engine import Engine
from reconciler.engine.planning import PlanOptions
from reconciler.engine.results import Applied, Preview
from reconciler.executor.context import Context
from reconciler.manifest.source.files import SourceFile
from reconciler.manifest.source.state import SourceState
from reconciler.model.plan import Plan
from reconciler.sim.hetzner import HetznerApi
from reconciler.sim.proxmox import DEMO_TOKEN, ProxmoxApi, Token
from reconciler.sim.server import Request, SimulatorServer
from reconciler.sim.tls import server_context
from tests.rigs.canaries import canary
from tests.rigs.databases import TestDatabase

TOKEN, SECRET = canary("token-of-the-tests"), canary("another-one")
VARIABLES = {
    "RECONCILER_TEST_HETZNER": TOKEN,
    "RECONCILER_TEST_PROXMOX": f"{DEMO_TOKEN}={SECRET}",
    "RECONCILER_TEST_PASSWORD": canary("password-of-a-guest"),
}
Entry = dict[str, Any]


class Simulator:
    """One simulated provider, and what it saw."""

    def __init__(self, server: SimulatorServer, prefix: str) -> None:
        self.server = server
        self.prefix = prefix

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Through the same door as anybody: the server's control address, in process."""
        raw = json.dumps(body).encode() if body is not None else b""
        answer = self.server.control(Request(method, f"/_sim{path}", {}, {}, raw))
        assert answer.status == 200, answer.payload
        return answer.payload

    def fault(self, kind: str, **options: Any) -> None:
        self.control("POST", "/faults", {"kind": kind, **options})

    def clear(self) -> None:
        self.control("DELETE", "/faults")

    def change(self, **what: Any) -> Any:
        return self.control("POST", "/change", what)

    def state(self) -> Any:
        return self.control("GET", "/state")

    def ledger(self) -> list[Entry]:
        return self.server.ledger.since()

    def sent(self, *methods: str) -> list[str]:
        """The requests that would change something, as `METHOD path`, in their order."""
        wanted = methods or ("POST", "PUT", "DELETE")
        return [
            f"{entry['method']} {str(entry['path']).removeprefix(self.prefix)}"
            for entry in self.ledger()
            if entry["method"] in wanted
        ]

    def applied(self) -> list[str]:
        """Those of them that took effect."""
        return [
            f"{entry['method']} {str(entry['path']).removeprefix(self.prefix)}"
            for entry in self.ledger()
            if entry["applied"]
        ]


@dataclass
class Stage:
    """`home` is a folder of its own; `url` the database's; each `apply` is one run of a face."""

    engine: Engine
    context: Context
    home: Path
    database: TestDatabase
    inventory: str
    hetzner: Simulator | None = None
    proxmox: Simulator | None = None
    manifests: dict[str, str] = field(default_factory=dict)
    source: str = "fleet"
    options: PlanOptions = field(default_factory=lambda: PlanOptions(retry_now=True))

    @property
    def hcloud(self) -> Simulator:
        assert self.hetzner is not None
        return self.hetzner

    @property
    def pve(self) -> Simulator:
        assert self.proxmox is not None
        return self.proxmox

    def want(self, *documents: str, **files: str) -> None:
        """From now on these documents, beside the inventory, are the whole source."""
        self.manifests = {"fleet.yaml": "---\n".join(documents), **files} if documents else dict(files)

    def state(self, *, complete: bool = True) -> SourceState:
        texts = {"inventory.yaml": self.inventory, **{k: v for k, v in self.manifests.items() if v}}
        files = tuple(SourceFile(name, text.encode()) for name, text in sorted(texts.items()))
        return SourceState(self.source, "folder", files, complete=complete, url="/manifests", in_folder=False)

    def session(self, *, sources: bool = True, stop: threading.Event | None = None) -> Session:
        states = [self.state()] if sources else []
        return Session(self.engine, self.context, states, self.options, stop or threading.Event())

    def preview(self) -> Preview:
        session = self.session()
        session.observe()
        return session.preview()

    def plan(self) -> Plan:
        return self.preview().plan

    def apply(
        self,
        permit: Permit | None = None,
        *,
        observe: bool = True,
        sources: bool = True,
        waves: int = 4,
        stop: threading.Event | None = None,
    ) -> Applied:
        """Recover, covered, plan and apply, as the faces do. Without a permit: whatever needs no approval."""
        session = self.session(sources=sources, stop=stop)
        session.recover()
        if observe:
            session.observe()
        applied = session.apply(permit or Permit(), waves=waves)
        self.context = session.context
        return applied

    def settle(self) -> Applied:
        """Apply, and have nothing left over."""
        applied = self.apply()
        assert not applied.failed, applied.failed
        assert (applied.left.steps, applied.left.blocked) == ((), ()), applied.left
        return applied

    def rows(self, query: str, *params: object) -> list[tuple[Any, ...]]:
        """What a person with a SQL prompt would see."""
        with psycopg.connect(self.database.admin) as connection:
            return connection.execute(query.encode(), params or None).fetchall()

    def run(self, query: str, *params: object) -> None:
        with psycopg.connect(self.database.admin) as connection:
            connection.execute(query.encode(), params or None)

    def let_an_hour_pass(self) -> None:
        """For the requests of what is open: as if they had been sent an hour ago."""
        self.run(
            "UPDATE resource_operation_calls c SET sent_at = c.sent_at - interval '1 hour'"
            " FROM resource_operations o WHERE o.id = c.operation_id AND o.finished_at IS NULL"
        )

    def operations(self) -> list[tuple[str, str, str]]:
        """(address, action, status) of every operation, in their order."""
        return self.rows(
            "SELECT r.address, t.name, o.status FROM resource_operations o"
            " JOIN resources r ON r.id = o.resource_id"
            " JOIN operation_types t ON t.id = o.operation_type_id ORDER BY o.intended_at, r.address"
        )

    def managed(self) -> dict[str, tuple[str, str]]:
        """(state, presence) of every live root of ours, by address."""
        return {
            address: (state, presence)
            for address, state, presence in self.rows(
                "SELECT r.address, s.name, r.presence FROM resources r"
                " JOIN resource_states s ON s.id = r.state_id"
                " WHERE r.is_root AND r.deleted_at IS NULL AND r.management = 'managed' ORDER BY 1"
            )
        }

    def external_id(self, address: str) -> str:
        ((found,),) = self.rows(
            "SELECT external_id FROM resources WHERE address = %s AND deleted_at IS NULL"
            " AND management = 'managed'",
            address,
        )
        return str(found)


def results(applied: Applied) -> dict[str, int]:
    found: dict[str, int] = {}
    for outcome in applied.outcomes:
        found[outcome.result.value] = found.get(outcome.result.value, 0) + 1
    return found


def result_of(applied: Applied, address: str) -> str:
    """How the last step for an address ended."""
    return next(o.result.value for o in reversed(applied.outcomes) if str(o.address) == address)


@contextmanager
def staged(
    database: TestDatabase,
    home: Path,
    *,
    providers: Iterable[str] = ("hetzner",),
    hetzner: Mapping[str, Any] | None = None,
    proxmox: Mapping[str, Any] | None = None,
) -> Iterator[Stage]:
    """The stage with the named simulators; their actions and tasks take no time, unless told otherwise."""
    os.environ.update(VARIABLES)
    wanted = set(providers)
    with ExitStack() as stack:
        inventory = [LOGICAL]
        first = second = None
        if "hetzner" in wanted:
            options: dict[str, Any] = {"token": TOKEN, "action_seconds": 0, "rate_limit": None}
            options |= hetzner or {}
            first = _serve(stack, SimulatorServer(HetznerApi(**options)), "/v1")
            inventory.append(hetzner_inventory(first.server.port))
        if "proxmox" in wanted:
            given: dict[str, Any] = {
                "tokens": {DEMO_TOKEN: Token(SECRET)},
                "password": "unused",
                "task_seconds": 0,
            }
            api = ProxmoxApi(**given | dict(proxmox or {}))
            second = _serve(stack, SimulatorServer(api, tls=server_context(home / "ca")), "/api2/json")
            inventory.append(proxmox_inventory(second.server.port, home / "ca" / "ca.pem"))
        engine = stack.enter_context(Engine.open(home, database.admin, "ada@test", check_plans=True))
        context = stack.enter_context(engine.working("cli"))
        yield Stage(engine, context, home, database, "---\n".join(inventory), first, second)


def _serve(stack: ExitStack, server: SimulatorServer, prefix: str) -> Simulator:
    server.start()
    stack.callback(server.stop)
    return Simulator(server, prefix)


def document(kind: str, name: str, spec: str = "", rest: str = "") -> str:
    """One manifest; `spec` and `rest` in YAML's flow style."""
    lines = [f"apiVersion: reconciler/v1\nkind: {kind}\nmetadata: {{name: {name}}}"]
    if spec:
        lines.append(f"spec: {{{spec}}}")
    return "\n".join([*lines, *([rest] if rest else [])]) + "\n"


LOGICAL = "---\n".join(
    [
        document("Location", "fsn1", "country_code: DE"),
        document("Provider", "books", "type: logical"),
        document("ProviderEndpoint", "logical", "provider: books"),
    ]
)


def hetzner_inventory(port: int) -> str:
    return "---\n".join(
        [
            document("Credential", "hetzner-token", "environment: RECONCILER_TEST_HETZNER"),
            document("Provider", "hetzner-main", "type: hetzner"),
            document(
                "ProviderEndpoint",
                "hetzner-1",
                f'provider: hetzner-main, url: "http://127.0.0.1:{port}/v1", credential: hetzner-token',
            ),
        ]
    )


def proxmox_inventory(port: int, ca: Path) -> str:
    return "---\n".join(
        [
            document("Credential", "proxmox-token", "environment: RECONCILER_TEST_PROXMOX"),
            document("Credential", "guest-password", "environment: RECONCILER_TEST_PASSWORD"),
            document("Provider", "proxmox-main", "type: proxmox"),
            document(
                "ProviderEndpoint",
                "proxmox-1",
                f'provider: proxmox-main, url: "https://127.0.0.1:{port}", credential: proxmox-token,'
                f' ca_file: "{ca}", settings: {{node: pve1, storage: local-lvm}}',
            ),
        ]
    )
