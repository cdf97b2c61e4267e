"""Starting simulated providers and speaking to their control address.

Only the command line does this: no part of the program knows that a provider may be simulated.
"""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from reconciler.cli.terminal.output import print_json
from reconciler.errors import ConfigurationError
from reconciler.sim.ledger import Ledger
from reconciler.sim.server import Api, SimulatorServer

DEFAULT_TOKEN = "simulator"  # noqa: S105 - it opens nothing but a simulator
_CONTROL_TIMEOUT = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class Place:
    """Where and how a simulator runs. `latency` and `task_seconds` in seconds."""

    host: str
    port: int
    seed: int
    latency: float
    task_seconds: float
    ledger: Path | None
    ready_file: Path | None


def token_of(value: str | None, variable: str | None, file: Path | None) -> str | None:
    """The token from wherever it was said to be. Raises ConfigurationError where it is not there."""
    if variable is not None:
        if not os.environ.get(variable):
            raise ConfigurationError(f"the environment variable {variable} is not set, or empty")
        return os.environ[variable]
    if file is not None:
        try:
            return file.read_text().strip()
        except OSError as error:
            raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from None
    return value


def serve_hetzner(
    place: Place, token: str | None, rate_limit: int | None, api_date: datetime | None = None
) -> None:
    """Serve a simulated project until interrupted. Raises ConfigurationError if it cannot listen.

    `rate_limit` is in requests an hour, None for no limit. `api_date`: answer as the API did on that day.
    """
    from reconciler.sim.hetzner import HetznerApi

    api = HetznerApi(
        seed=place.seed,
        token=token or DEFAULT_TOKEN,
        action_seconds=place.task_seconds,
        rate_limit=rate_limit,
        api_date=api_date.date() if api_date else None,
    )
    _serve(place, api, "Hetzner Cloud", "http", "/v1", None)


def serve_proxmox(place: Place, token: str | None, ca_dir: Path) -> None:
    """Serve a simulated cluster over TLS, as `serve_hetzner` does a project.

    `token` is the whole one, `USER@REALM!NAME=SECRET`, or only the secret of the demonstration's. The
    certificates are in `ca_dir`, made where there are none that are still good.
    """
    from reconciler.sim.proxmox import DEMO_TOKEN, ProxmoxApi, Token
    from reconciler.sim.tls import server_context

    name, _, secret = (token or f"{DEMO_TOKEN}={DEFAULT_TOKEN}").rpartition("=")
    api = ProxmoxApi(
        tokens={name or DEMO_TOKEN: Token(secret)}, seed=place.seed, task_seconds=place.task_seconds
    )
    _serve(place, api, "Proxmox VE", "https", "", server_context(ca_dir))


def _serve(place: Place, api: Api, what: str, scheme: str, path: str, tls: ssl.SSLContext | None) -> None:
    try:
        server = SimulatorServer(
            api, host=place.host, port=place.port, latency=place.latency, ledger=Ledger(place.ledger), tls=tls
        )
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {place.host}:{place.port}: {error.strerror}", hint="choose another --port"
        ) from None
    address = f"{scheme}://{place.host}:{server.port}{path}"
    print(f"simulated {what} at {address}", flush=True)  # noqa: T201 - whoever started it reads the line
    if place.ready_file is not None:
        beside = place.ready_file.with_name(f"{place.ready_file.name}.{os.getpid()}")
        beside.write_text(address + "\n")
        beside.replace(place.ready_file)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return  # the ordinary end of a server in a terminal


def spoken(words: Sequence[str]) -> dict[str, Any]:
    """JSON in one word, or `name=value` words whose values are JSON or else text; `set.a=b` nests."""
    if len(words) == 1 and words[0].lstrip().startswith("{"):
        try:
            found = json.loads(words[0])
        except json.JSONDecodeError as error:
            raise ConfigurationError(f"this is not JSON: {error}") from None
        return dict(found)
    spelt: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise ConfigurationError(f"`{word}` is not name=value", hint="as in: op=power name=web-1 to=off")
        outer, dot, inner = name.partition(".")
        if dot and outer == "set":
            spelt.setdefault("set", {})[inner] = _value(value)
        else:
            spelt[name] = _value(value)
    return spelt


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def control(url: str, method: str, path: str, body: object, ca_file: Path | None) -> None:
    """Ask a simulator's control address and print its answer. Raises ConfigurationError where it refuses."""
    if not url.startswith(("http://", "https://")):
        raise ConfigurationError(f"`{url}` is not a simulator's address", hint="as in http://127.0.0.1:18080")
    root = "/".join(url.split("/")[:3])  # without the API's own path
    data = None if body is None else json.dumps(body).encode()
    request = Request(root + path, data=data, method=method)  # noqa: S310 - http or https, checked above
    context = ssl.create_default_context(cafile=str(ca_file)) if ca_file else None
    try:
        with urlopen(request, timeout=_CONTROL_TIMEOUT, context=context) as answer:  # noqa: S310 - likewise
            print_json(json.loads(answer.read()))
    except HTTPError as error:
        raise ConfigurationError(f"the simulator refused: {error.read().decode(errors='replace')}") from None
    except (URLError, OSError) as error:
        raise ConfigurationError(f"no simulator answers at {root}: {error}") from None
