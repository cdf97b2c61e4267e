"""A running Hetzner simulator for tests, and the check of what it says against the published description.

Everything goes over real HTTP. Each exchange is kept, so that a test can end by holding every answer, and
every request body that was accepted, against facts of the API's own description (`tests/facts`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import requests
from hcloud import Client
from hcloud.images.domain import Image
from hcloud.locations.domain import Location
from hcloud.server_types.domain import ServerType
from jsonschema import Draft202012Validator, ValidationError
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from reconciler.sim.hetzner import HetznerApi
from reconciler.sim.server import Request, Response, SimulatorServer
from tests import facts

TOKEN, OTHER_TOKEN = "first-project", "second-project"

KEY_1 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f one@example"
KEY_2 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA two@example"


class Clock:
    """Time that only a test moves."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Exchange:
    method: str
    path: str
    body: Any
    status: int
    payload: Any


class RecordedApi(HetznerApi):
    """The simulator's API, with a note of each answer as it left."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.exchanges: list[Exchange] = []

    def handle(self, request: Request) -> Response:
        response = super().handle(request)
        payload = json.loads(json.dumps(response.payload))
        self.exchanges.append(Exchange(request.method, request.path, request.body, response.status, payload))
        return response


@dataclass
class Rig:
    """One simulator: `client` is the official library, `ask` plain HTTP, `clock` the simulator's time.

    The library's models declare nearly every attribute as possibly absent; a test reads those it knows to
    be there, so the client is untyped here.
    """

    api: RecordedApi
    server: SimulatorServer
    clock: Clock
    client: Any
    session: requests.Session = field(default_factory=requests.Session)

    def ask(
        self, method: str, path: str, body: Any = None, *, token: str = TOKEN, **query: Any
    ) -> requests.Response:
        return self.session.request(
            method,
            f"http://127.0.0.1:{self.server.port}/v1{path}",
            json=body,
            params=query,
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
        )

    def control(self, method: str, path: str, body: Any = None) -> Any:
        response = self.session.request(
            method, f"http://127.0.0.1:{self.server.port}/_sim{path}", json=body, timeout=10
        )
        assert response.ok, response.text
        return response.json()

    def made(self, path: str, body: Any) -> Any:
        """Create something; the answer."""
        response = self.ask("POST", path, body)
        assert response.status_code == 201, response.text
        return response.json()

    def network(self, name: str = "net", **more: Any) -> Any:
        subnet = {"type": "cloud", "ip_range": "10.0.1.0/24", "network_zone": "eu-central"}
        body = {"name": name, "ip_range": "10.0.0.0/16", "subnets": [subnet], **more}
        return self.made("/networks", body)["network"]

    def machine(self, name: str = "web-1", **more: Any) -> Any:
        """A server of type cx22 in fsn1, running once this returns (where actions take no time)."""
        body = {"name": name, "server_type": "cx22", "image": "debian-12", "location": "fsn1", **more}
        return self.made("/servers", body)["server"]

    def get(self, path: str) -> Any:
        """The one object in the answer."""
        response = self.ask("GET", path)
        assert response.status_code == 200, response.text
        (value,) = response.json().values()
        return value


@contextmanager
def running(**options: Any) -> Iterator[Rig]:
    clock = Clock()
    settings = {"token": TOKEN, "other_token": OTHER_TOKEN, "action_seconds": 0, "rate_limit": None}
    api = RecordedApi(**(settings | {"clock": clock} | options))
    server = SimulatorServer(api)
    server.start()
    client = Client(TOKEN, api_endpoint=f"http://127.0.0.1:{server.port}/v1", poll_interval=0, timeout=10)
    rig = Rig(api, server, clock, client)
    try:
        yield rig
    finally:
        rig.session.close()
        client._client._session.close()  # the library has no public way to close its connections
        server.stop()


def described() -> Iterator[Rig]:
    """A fixture: a rig whose every exchange was as the API's description has it, or the test fails."""
    with running() as rig:
        yield rig
        assert [text for exchange in rig.api.exchanges for text in violations(exchange)] == []


FSN1 = Location(name="fsn1")
CX22, CX32 = ServerType(name="cx22"), ServerType(name="cx32")
DEBIAN, UBUNTU = Image(name="debian-12"), Image(name="ubuntu-24.04")


def done(*actions: Any) -> None:
    """Wait for the library's actions as a user would."""
    for action in actions:
        action.wait_until_finished(max_retries=3)


def machine(rig: Rig, name: str = "web-1", **options: Any) -> Any:
    """A server made with the library, running."""
    made = rig.client.servers.create(name, CX22, DEBIAN, location=FSN1, **options)
    done(made.action, *made.next_actions)
    return rig.client.servers.get_by_id(made.server.id)


def stopped(rig: Rig, name: str = "web-1", **options: Any) -> Any:
    return machine(rig, name, start_after_create=False, **options)


def refusal(response: requests.Response) -> tuple[int, str]:
    """Status and code of an answer that has to be an error in the API's shape."""
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "details"}
    return response.status_code, body["error"]["code"]


def fields(response: requests.Response) -> list[str]:
    """The fields that an `invalid_input` names."""
    assert refusal(response) == (422, "invalid_input")
    return [field["name"] for field in response.json()["error"]["details"]["fields"]]


def group(rig: Rig, name: str, **labels: str) -> Any:
    """The cheapest object with a name and labels."""
    return rig.made("/placement_groups", {"name": name, "type": "spread", "labels": labels})


@cache
def _operation(method: str, path: str) -> tuple[str, Any]:
    """The description's template for a path, literal segments before parameters, and its operation."""
    best: tuple[int, str, Any] | None = None
    for template, operations in facts.hetzner()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[0-9]+", template), path) and method.lower() in operations:
            rank = template.count("{")
            if best is None or rank < best[0]:
                best = (rank, template, operations[method.lower()])
    assert best is not None, f"the description has no {method} {path}"
    return best[1], best[2]


@cache
def _registry() -> Registry[Any]:
    resource = Resource.from_contents(facts.hetzner(), default_specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource("urn:facts", resource)
    return registry


@cache
def _validator(method: str, template: str, part: str) -> Draft202012Validator:
    escaped = template.replace("~", "~0").replace("/", "~1")
    pointer = f"urn:facts#/paths/{escaped}/{method.lower()}/{part}"
    return Draft202012Validator({"$ref": pointer}, registry=_registry())


def _counts(error: ValidationError) -> bool:
    """False for a null that the description allows by type and forgot among the enum's values."""
    nullable = "null" in error.schema.get("type", ()) if isinstance(error.schema, dict) else False
    return not (error.validator == "enum" and error.instance is None and nullable)


def violations(exchange: Exchange) -> list[str]:
    """How an exchange departs from the description; empty where it does not."""
    path = exchange.path.removeprefix("/v1")
    template, operation = _operation(exchange.method, re.sub(r"(?<=/)\d+", "0", path))
    status = str(exchange.status)
    if exchange.status >= 400:
        status = f"{exchange.status // 100}xx"
    where = f"{exchange.method} {path} -> {exchange.status}"
    if status not in operation["responses"]:
        return [f"{where}: the description has no such status"]
    found = []
    if operation["responses"][status] is not None:
        validator = _validator(exchange.method, template, f"responses/{status}")
        found += [f"{where}: {text}" for text in _errors(validator, exchange.payload)]
    elif exchange.payload is not None:
        found.append(f"{where}: the answer should be empty")
    if exchange.status < 400 and exchange.body is not None and "requestBody" in operation:
        validator = _validator(exchange.method, template, "requestBody")
        found += [f"{where} body: {text}" for text in _errors(validator, exchange.body)]
    return found


def _errors(validator: Draft202012Validator, value: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value) if _counts(error)]
