"""Filling calls: every placeholder by what it stands for, just before sending, and nothing by guess."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import PlanError
from reconciler.executor.steps.fill import Filling, addresses
from reconciler.model.address import Address
from reconciler.model.plan import Call, ExternalId, MarkValue, Param, ReservedId
from reconciler.model.values import SecretRef

WEB, NET = Address.parse("vm/web"), Address.parse("network/net")
OWNER, RESOURCE, OPERATION = (UUID(int=number) for number in (1, 2, 3))


def filling(reserved: str | None = "1000") -> Filling:
    known: dict[Address, str | None] = {WEB: "17", NET: "abc-9"}
    return Filling(OWNER, RESOURCE, OPERATION, reserved, known, {"db": "hunter2"}.__getitem__)


def call(**params: Param) -> Call:
    return Call("x", "POST", "/vms/{id}", "x", (("id", ExternalId(WEB)),), tuple(params.items()))


def test_every_placeholder_becomes_what_it_stands_for() -> None:
    made = filling().fill(
        call(
            number=ExternalId(WEB),
            text=ExternalId(NET),
            vmid=ReservedId(),
            owner=MarkValue("owner"),
            tag=MarkValue("resource", "uid-{}"),
            operation=MarkValue("operation"),
            password=SecretRef("db", "ab"),
            plain="as it is",
            yes=True,
            nothing=None,
        )
    )
    assert made.params == {
        "number": 17,
        "text": "abc-9",
        "vmid": 1000,
        "owner": OWNER.hex,
        "tag": f"uid-{RESOURCE.hex}",
        "operation": OPERATION.hex,
        "password": "hunter2",
        "plain": "as it is",
        "yes": True,
        "nothing": None,
    }
    assert (made.method, made.path, made.path_params) == ("POST", "/vms/17", {"id": "17"})


def test_a_secret_is_not_shown_by_the_request_that_carries_it() -> None:
    assert "hunter2" not in repr(filling().fill(call(password=SecretRef("db"))))


@given(st.text(min_size=1, max_size=8))
def test_no_value_can_leave_its_place_in_a_path(text: str) -> None:
    odd = Call("x", "GET", "/vms/{name}/config", "x", (("name", text),))
    path = filling().fill(odd).path
    assert path.startswith("/vms/")
    assert path.endswith("/config")
    assert path.count("/") == 3
    assert "?" not in path
    assert "#" not in path


def test_what_does_not_exist_yet_is_refused_not_guessed() -> None:
    nothing: tuple[dict[Address, str | None], ...] = ({WEB: None}, {})
    for known in nothing:
        with pytest.raises(PlanError, match="vm/web has no object"):
            Filling(OWNER, RESOURCE, OPERATION, None, known, str).fill(call())
    with pytest.raises(PlanError, match="no id was reserved"):
        filling(reserved=None).fill(call(vmid=ReservedId()))


def test_the_addresses_that_calls_need_are_all_found() -> None:
    assert addresses([call(network=ExternalId(NET)), call()]) == {WEB, NET}
