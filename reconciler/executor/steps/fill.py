"""Filling a call's placeholders, just before it is sent. Pure but for the two look-ups handed in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import quote
from uuid import UUID

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.plan import Call, ExternalId, MarkValue, Param, ReservedId
from reconciler.model.values import SecretRef
from reconciler.providers.driver import Request

_Plain = str | int | Decimal | bool | None


@dataclass(frozen=True, slots=True)
class Filling:
    """What the placeholders stand for in one operation. `secret` resolves a credential's name."""

    owner: UUID
    resource: UUID
    operation: UUID
    reserved: str | None
    external_ids: Mapping[Address, str | None]
    secret: Callable[[str], str]

    def fill(self, call: Call) -> Request:
        """The request to send. Raises PlanError where a referenced object does not exist."""
        path_params = {name: str(self._value(value)) for name, value in call.path_params}
        return Request(
            operation=call.operation,
            method=call.method,
            path=call.path.format(**{name: quote(value, safe="") for name, value in path_params.items()}),
            path_params=path_params,
            params={name: self._value(value) for name, value in call.params},
        )

    def _value(self, value: Param) -> _Plain:
        match value:
            case ExternalId():
                external_id = self.external_ids.get(value.address)
                if external_id is None:
                    raise nothing_there(value.address)
                return int(external_id) if external_id.isdecimal() else external_id
            case ReservedId():
                if self.reserved is None:
                    raise PlanError("no id was reserved for this object", hint="plan again")
                return int(self.reserved)
            case MarkValue():
                fields = {"owner": self.owner, "resource": self.resource, "operation": self.operation}
                return value.template.format(fields[value.field].hex)
            case SecretRef():
                return self.secret(value.credential)
            case _:
                return value


def nothing_there(address: Address) -> PlanError:
    """What to say of a referenced object that does not exist."""
    hint = "look what became of it, then plan again"
    return PlanError(f"{address} has no object at the provider", hint=hint)


def addresses(calls: Iterable[Call]) -> frozenset[Address]:
    """The addresses whose external ids the calls need."""
    return frozenset(
        value.address
        for call in calls
        for _, value in (*call.path_params, *call.params)
        if isinstance(value, ExternalId)
    )
