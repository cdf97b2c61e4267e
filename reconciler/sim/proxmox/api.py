"""The simulated Proxmox VE API: from a request to an answer.

The order is the real server's: who calls, which operation, whether it is allowed, which node must answer,
whether the parameters are right, and only then the operation itself.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from reconciler.sim.faults import Fault
from reconciler.sim.proxmox import cluster, task_calls, types  # noqa: F401 - importing them declares their operations
from reconciler.sim.proxmox.access import Access, Caller, Token
from reconciler.sim.proxmox.control import apply_change
from reconciler.sim.proxmox.failure import ApiError, failed, forbidden
from reconciler.sim.proxmox.routing import Call, Operation, find
from reconciler.sim.proxmox.seeding import seed as fill
from reconciler.sim.proxmox.world import World
from reconciler.sim.server import Request, Response

BASE_PATH = "/api2/json"
HEADERS = {"Cache-Control": "max-age=0", "Pragma": "no-cache"}
JSON = "application/json;charset=UTF-8"
STALE_SECONDS = 10.0
PHRASES = {
    401: "No ticket",
    403: "Permission check failed",
    429: "Too Many Requests",
    500: "simulated failure",
    501: "Method not implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    595: "No route to host",
    596: "Connection timed out",
    599: "Too many redirections",
}


class ProxmoxApi:
    """A cluster that speaks Proxmox VE 9's API. Implements `reconciler.sim.server.Api`.

    `tokens`: name (`user@realm!id`) → secret and privileges. `password`: that of root@pam; `users`: other
    users and theirs. `task_seconds`: how long every task takes; 0 means that it is done when next looked at.
    `seed` fixes all that is random.
    """

    def __init__(
        self,
        *,
        tokens: Mapping[str, Token] | None = None,
        password: str = "simulated",  # noqa: S107 - of a simulator
        users: Mapping[str, str] | None = None,
        nodes: tuple[str, ...] = ("pve1", "pve2"),
        seed: int = 1,
        task_seconds: float = 0.3,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.world = World(nodes, seed, clock, task_seconds)
        self._access = Access(password, tokens or {}, clock, users)
        self._lock = threading.RLock()
        fill(self.world)

    def parse(self, request: Request) -> Any:
        """A form, or a JSON object; a parameter given more than once becomes a list."""
        if not request.raw_body:
            return {}
        if request.headers.get("content-type", "").startswith("application/json"):
            try:
                body = json.loads(request.raw_body)
            except ValueError:
                return {}
            return body if isinstance(body, dict) else {}
        return _single(parse_qs(request.raw_body.decode(errors="replace"), keep_blank_values=True))

    def handle(self, request: Request) -> Response:
        """Answer one call, once the tasks that are due have ended. A refusal ends the connection.

        Every call but a GET and a login counts as applied where it is not refused.
        """
        with self._lock:
            self.world.tasks.settle()
            try:
                data = self._call(request)
            except ApiError as error:
                return _failure(error)
        applied = request.method != "GET" and not request.path.endswith("/access/ticket")
        return Response(200, {"data": data}, headers=dict(HEADERS), content_type=JSON, applied=applied)

    def error(self, request: Request, fault: Fault) -> Response:  # noqa: ARG002 - the same for all
        """The status with a reason phrase, `simulated failure` where none is known for it."""
        return _failure(ApiError(fault.status, PHRASES.get(fault.status, "simulated failure")))

    def state(self) -> Any:
        """The world's state after the tasks that are due have ended."""
        with self._lock:
            self.world.tasks.settle()
            return self.world.state()

    def change(self, what: dict[str, Any]) -> Any:
        """A change as `control` lists them; what it refuses is a ValueError with its words."""
        with self._lock:
            self.world.tasks.settle()
            try:
                return apply_change(self.world, what)
            except ApiError as error:
                details = ", ".join(f"{name}: {text}" for name, text in error.errors.items())
                raise ValueError(f"{error.text} {details}".strip()) from None

    def now(self) -> float:
        """The cluster's clock. Implements `reconciler.sim.optional.HasClock`."""
        return self.world.clock()

    def mistakes(self) -> list[Exception]:
        """What broke in the work of tasks. Implements `reconciler.sim.optional.TellsMistakes`."""
        return list(self.world.tasks.mistakes)

    def _call(self, request: Request) -> Any:
        if not request.path.startswith(f"{BASE_PATH}/"):
            raise ApiError(501, f"Method '{request.method} {request.path}' not implemented")
        path = request.path.removeprefix(BASE_PATH).rstrip("/")
        if path == "/access/ticket" and request.method == "POST":
            caller = Caller("", frozenset(), {})
        else:
            caller = self._access.authenticate(request.method, request.headers)
        declared, in_path = find(request.method, path)
        caller = _with_faults(caller, request)
        given = _single(request.query) | (request.body or {}) | in_path
        _check_permission(declared, caller, given)
        self._check_node(request, in_path.get("node"))
        call = Call(
            self.world,
            self._guests(request),
            caller,
            declared.schema.verify(given, root=caller.root),
            request,
            self._access,
        )
        data = declared.handler(call)
        return [] if isinstance(data, list) and request.fault("empty_list") else data

    def _guests(self, request: Request) -> Any:
        fault = request.fault("stale")
        if fault is None or request.method != "GET":
            return self.world.guests
        return self.world.guests_at(self.world.clock() - (fault.seconds or STALE_SECONDS))

    def _check_node(self, request: Request, node: str | None) -> None:
        if node is None:
            return
        if node not in self.world.nodes:
            raise failed(
                f"hostname lookup '{node}' failed - failed to get address info for: {node}: "
                "Name or service not known"
            )
        if any(
            fault.kind == "offline_node" and fault.options.get("node") == node for fault in request.faults
        ):
            raise ApiError(595, PHRASES[595])


def _single(values: Mapping[str, list[str]]) -> dict[str, Any]:
    return {name: given[0] if len(given) == 1 else given for name, given in values.items()}


def _with_faults(caller: Caller, request: Request) -> Caller:
    for fault in request.faults:
        if fault.kind == "lost_permission":
            named = fault.options.get("privileges", ["VM.Audit"])
            vmid = fault.options.get("vmid")
            privileges = [str(name) for name in named] if isinstance(named, list) else [str(named)]
            caller = caller.without(privileges, f"/vms/{vmid}" if vmid is not None else None)
    return caller


def _check_permission(declared: Operation, caller: Caller, given: Mapping[str, Any]) -> None:
    if declared.needs is None:
        return
    template, privileges = declared.needs
    path = template
    for name, value in given.items():
        path = path.replace(f"{{{name}}}", str(value))
    if not any(caller.may(path, privilege) for privilege in privileges):
        raise forbidden(path, "|".join(privileges))


def _failure(error: ApiError) -> Response:
    """The text is in the reason phrase, as clients expect, and in the body; the connection is closed."""
    payload: dict[str, Any] = {"data": None, "message": f"{error.text}\n"}
    if error.errors:
        payload["errors"] = error.errors
    return Response(
        error.status,
        payload,
        reason=error.text.replace("\n", " ").strip().encode("ascii", "replace").decode(),
        headers=dict(HEADERS),
        content_type=JSON,
        close=True,
    )
