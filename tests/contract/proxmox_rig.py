"""A running Proxmox VE simulator for tests, and the check of what it says against the published API tree.

Everything goes over real HTTPS and the official client. Each exchange is kept, so that a test can end by
holding every accepted parameter and every answer against facts of the tree (`tests/facts`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from proxmoxer import ProxmoxAPI
from proxmoxer.core import ResourceException

from reconciler.sim.proxmox import ALL_PRIVILEGES, ProxmoxApi, Token
from reconciler.sim.proxmox.params import UNKNOWN, Param
from reconciler.sim.proxmox.routing import OPERATIONS
from reconciler.sim.server import Request, Response, SimulatorServer
from reconciler.sim.tls import server_context
from tests import facts

SECRET, AUDITOR_SECRET = "a-secret", "another-secret"
PASSWORD = "of-the-simulator"
CT_TEMPLATE = "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst"
ISO = "local:iso/debian-12.8.0-amd64-netinst.iso"
IMAGE = "local:import/debian-12-genericcloud-amd64.qcow2"
UPID_IN_TREE_IS_NULL = {("POST", "/nodes/{node}/lxc/{vmid}/template")}  # the server does start a task
VALUES_IN_TREE_ARE_TEXT = {  # the server gives integers and booleans as numbers
    "/nodes/{node}/lxc/{vmid}/pending",
    "/nodes/{node}/qemu/{vmid}/cloudinit",
    "/nodes/{node}/qemu/{vmid}/pending",
}


class Clock:
    """Time that only a test moves."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class RecordingApi(ProxmoxApi):
    """The simulator, remembering each answered request."""

    exchanges: list[tuple[Request, Response]]

    def handle(self, request: Request) -> Response:
        response = super().handle(request)
        self.exchanges.append((request, response))
        return response


@dataclass
class Rig:
    """A simulator, and clients of it: by token, with all privileges."""

    api: RecordingApi
    server: SimulatorServer
    ca: Path
    clock: Clock
    pve: Any = None
    sessions: list[Any] = field(default_factory=list)

    def client(self, **credentials: Any) -> Any:
        client = ProxmoxAPI(f"127.0.0.1:{self.server.port}", verify_ssl=str(self.ca), **credentials)
        self.sessions.append(client._store["session"])
        return client

    def by_token(self, name: str = "demo", secret: str = SECRET, user: str = "reconciler@pve") -> Any:
        return self.client(user=user, token_name=name, token_value=secret)

    def by_password(self, user: str = "root@pam") -> Any:
        return self.client(user=user, password=PASSWORD)

    @property
    def node(self) -> Any:
        return self.pve.nodes("pve1")

    def vm(self, vmid: int) -> Any:
        return self.node.qemu(vmid)

    def ct(self, vmid: int) -> Any:
        return self.node.lxc(vmid)

    def exit_of(self, upid: str) -> str:
        """How a task that has ended ended."""
        status = self.pve.nodes(upid.split(":")[1]).tasks(upid).status.get()
        assert status["status"] == "stopped"
        return str(status["exitstatus"])

    def done(self, upid: str) -> None:
        assert self.exit_of(upid) == "OK"

    def make_vm(self, vmid: int, **options: Any) -> None:
        self.done(self.node.qemu.post(vmid=vmid, **options))

    def make_ct(self, vmid: int, **options: Any) -> None:
        given = {"ostemplate": CT_TEMPLATE, "rootfs": "local-lvm:8", "hostname": f"ct-{vmid}", **options}
        self.done(self.node.lxc.post(vmid=vmid, **given))

    def running_vm(self, vmid: int, **options: Any) -> None:
        self.make_vm(vmid, **options)
        self.done(self.vm(vmid).status.start.post())

    def fault(self, kind: str, **more: Any) -> None:
        self._control("POST", "/faults", {"kind": kind, **more})

    def clear_faults(self) -> None:
        self._control("DELETE", "/faults", None)

    def change(self, **what: Any) -> Any:
        return self._control("POST", "/change", what)

    def state(self, vmid: int) -> Any:
        """The truth about one guest; None where there is none."""
        guests = self._control("GET", "/state", None)["guests"]
        return next((guest for guest in guests if guest["vmid"] == vmid), None)

    def _control(self, method: str, path: str, body: Any) -> Any:
        url = f"https://127.0.0.1:{self.server.port}/_sim{path}"
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(method, url, json=body, verify=str(self.ca), timeout=10)
        if answer.status_code != 200:
            raise ValueError(answer.json()["error"])
        return answer.json()


@contextmanager
def running(folder: Path, *, task_seconds: float = 0.0) -> Iterator[Rig]:
    """A simulator whose tasks are done when next looked at, unless told otherwise."""
    clock = Clock()
    tokens = {
        "reconciler@pve!demo": Token(SECRET),
        "reconciler@pve!auditor": Token(
            AUDITOR_SECRET, frozenset({name for name in ALL_PRIVILEGES if name.endswith("Audit")})
        ),
        "jane@pve!laptop": Token(SECRET),
    }
    api = RecordingApi(
        tokens=tokens,
        password=PASSWORD,
        users={"jane@pve": PASSWORD},
        task_seconds=task_seconds,
        clock=clock,
    )
    api.exchanges = []
    server = SimulatorServer(api, tls=server_context(folder))
    server.start()
    rig = Rig(api, server, folder / "ca.pem", clock)
    rig.pve = rig.by_token()
    try:
        yield rig
    finally:
        for session in rig.sessions:
            session.close()
        server.stop()


def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A fixture: a rig whose every exchange was as the published tree has it, or the test fails."""
    with running(tmp_path_factory.getbasetemp() / "tls") as rig:
        yield rig
        assert [text for exchange in rig.api.exchanges for text in violations(exchange)] == []


def refusal(call: Any, *args: Any, **options: Any) -> ResourceException:
    """The error that a call ends in; the text is in `content`, the parameters' own in `errors`."""
    try:
        call(*args, **options)
    except ResourceException as error:
        return error
    raise AssertionError("the call was not refused")


def violations(exchange: tuple[Request, Response]) -> list[str]:
    """What an exchange has that the published tree does not allow."""
    request, response = exchange
    path = request.path.removeprefix("/api2/json")
    declared = next(
        (one for one in OPERATIONS if one.method == request.method and one.pattern.fullmatch(path)), None
    )
    if declared is None:
        return [] if response.status == 501 else [f"{request.method} {path}: answered, yet not declared"]
    where = f"{request.method} {declared.path}"
    method = facts.proxmox()[declared.path][request.method]
    if response.status == 200:
        unknown = _unknown(method, {**request.query, **(request.body or {})})
        found = [f"{where}: accepted unknown parameter {name}" for name in unknown]
        if (request.method, declared.path) not in UPID_IN_TREE_IS_NULL:
            data = response.payload["data"]
            if request.method == "GET" and declared.path in VALUES_IN_TREE_ARE_TEXT:
                data = [{name: _as_text(name, value) for name, value in row.items()} for row in data]
            found += misfits(method["returns"], data, where)
        return found
    if response.status != 400:
        return []
    known = set(request.query) | set(request.body or {}) - set(_unknown(method, request.body or {}))
    return [
        f"{where}: refused known parameter {name} as unknown"
        for name, text in response.payload.get("errors", {}).items()
        if text == UNKNOWN and name in known
    ]


def _as_text(name: str, value: Any) -> Any:
    return str(value) if name in ("value", "pending") else value


def _unknown(method: Any, given: dict[str, Any]) -> list[str]:
    properties = method["parameters"].get("properties", {})
    return [name for name in given if _property(properties, name) is None]


def _property(properties: Any, name: str) -> Any:
    numbered = re.sub(r"\d+$", "[n]", name)
    return properties.get(name) or properties.get(numbered)


def misfits(schema: Any, value: Any, where: str) -> list[str]:
    """Where a value does not fit a schema of the tree, whose properties are required unless `optional`."""
    kind = schema.get("type", "any")
    if value is None:
        return [] if kind == "null" or schema.get("optional") else [f"{where}: null, not {kind}"]
    if not _is_a(kind, value):
        return [f"{where}: {value!r} is no {kind}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{where}: {value!r} is not one of {schema['enum']}"]
    if kind == "array":
        items = schema.get("items", {})
        return [
            text for number, one in enumerate(value) for text in misfits(items, one, f"{where}[{number}]")
        ]
    return _misfits_of_object(schema, value, where) if kind == "object" else []


def _misfits_of_object(schema: Any, value: Any, where: str) -> list[str]:
    properties = schema.get("properties", {})
    found = [
        f"{where}.{name}: missing"
        for name, one in properties.items()
        if not one.get("optional") and name not in value and "[n]" not in name
    ]
    for name, one in value.items():
        declared = _property(properties, name)
        if declared is not None:
            found += misfits(declared, one, f"{where}.{name}")
    return found


def _is_a(kind: str, value: Any) -> bool:
    match kind:
        case "boolean":
            return value in (0, 1)
        case "integer":
            return isinstance(value, int)
        case "number":
            return isinstance(value, int | float)
        case "string":
            return isinstance(value, str)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case "null":
            return False
    return True


def differences(name: str, ours: Param, theirs: Any) -> list[str]:
    """Where one of our parameters says other than the tree."""
    pairs = (
        ("type", ours.kind, theirs.get("type", "string")),
        ("required", ours.required, not theirs.get("optional")),
        ("enum", list(ours.enum) or None, theirs.get("enum")),
        ("minimum", ours.minimum, theirs.get("minimum")),
        ("maximum", ours.maximum, theirs.get("maximum")),
        ("maxLength", ours.max_length, theirs.get("maxLength")),
        ("requires", ours.requires, theirs.get("requires")),
    )
    return [f"{name}: {what} is {mine!r}, not {other!r}" for what, mine, other in pairs if mine != other]
