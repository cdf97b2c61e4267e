"""A login by password is traced too, though the library sends it past its session; its secrets never are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.errors import ProviderError
from reconciler.providers.proxmox.client import ProxmoxClient
from reconciler.providers.trace import Trace
from reconciler.testing.harness import access
from tests.contract.proxmox_rig import PASSWORD, Rig, running

TICKET = ("POST", "/api2/json/access/ticket")


@pytest.fixture
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with running(tmp_path_factory.getbasetemp() / "tls") as rig:
        yield rig


def test_every_ticket_is_traced_and_none_is_shown(rig: Rig, tmp_path: Path) -> None:
    file = tmp_path / "trace.jsonl"
    with Trace.open(file, pytest.fail) as trace:
        assert trace is not None

        def client(password: str) -> ProxmoxClient:
            url = f"https://127.0.0.1:{rig.server.port}"
            credential = f"root@pam:{password}"
            trace.hide(credential)
            return ProxmoxClient(access("pve", url, credential, ca_file=rig.ca, trace=trace.at("pve")))

        good, wrong = client(PASSWORD), client("a-wrong-one")
        good.call("POST", "/pools", {"poolid": "web"})
        session = good._api._store["session"]
        tickets = [session.auth.pve_auth_ticket, session.auth.csrf_prevention_token]
        session.auth.birth_time -= session.auth.renew_age  # as after an hour
        good.get("/pools")
        tickets += [session.auth.pve_auth_ticket, session.auth.csrf_prevention_token]
        with pytest.raises(ProviderError):
            wrong.get("/pools")
        rig.fault("reset_before", method="POST", times=1)
        with pytest.raises(ProviderError):
            wrong.call("GET", "/pools")
        good.close()

    lines = [json.loads(line) for line in file.read_text().splitlines()]
    told = [(line["method"], line["path"], line["status"]) for line in lines]
    assert told == [
        (*TICKET, 200),
        ("POST", "/api2/json/pools", 200),
        (*TICKET, 200),
        ("GET", "/api2/json/pools", 200),
        (*TICKET, 401),
        (*TICKET, None),
    ]
    sent = [(str(e["method"]), str(e["path"]), e["status"] or None) for e in rig.server.ledger.since()]
    # A ticket is renewed while the request that needs it is being made ready.
    assert sorted(told, key=str) == sorted(sent, key=str)
    assert lines[0]["request"] == {"username": "root@pam", "password": "[secret]"}
    assert "ConnectionError" in lines[-1]["error"]
    text = file.read_text()
    assert not [secret for secret in (PASSWORD, "a-wrong-one", *tickets) if secret in text]
