"""Whether a credential is accepted where it is used: a login at each of its endpoints, by one harmless read.

It goes nowhere that the credential was not given for, and records no object.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from reconciler.engine.engine import Engine
from reconciler.errors import CredentialError, ReconcilerError
from reconciler.executor.context import Connections
from reconciler.providers.account import Account
from reconciler.store.database.session import Actor
from reconciler.store.inventory.secrets import note_expiry, note_fingerprint


@dataclass(frozen=True, slots=True)
class Login:
    """What came of one login. `endpoint` is None where there is no value to log in with, or nowhere to.

    `problem` and `hint` say why it was refused. Neither a problem nor an account: it was not tried, because
    no endpoint uses the credential, or its driver cannot tell.
    """

    credential: str
    endpoint: str | None
    account: Account | None = None
    problem: str | None = None
    hint: str | None = None

    @property
    def expires_at(self) -> datetime | None:
        """When the provider will refuse the credential, where it says so."""
        return self.account.expires_at if self.account is not None else None


def earliest(logins: Iterable[Login]) -> datetime | None:
    """When the first of the providers will refuse the credential; None where none says so."""
    return min((each.expires_at for each in logins if each.expires_at is not None), default=None)


def log_in_with(engine: Engine, name: str) -> tuple[Login, ...]:
    """Log in at every endpoint of a credential, with the value that is found now.

    The value's fingerprint, and when it expires if a provider says so, are written down.
    """
    try:
        value = engine.resolve(name)
    except CredentialError as error:
        return (Login(name, None, problem=error.message, hint=error.hint),)
    logins = try_value(engine, name, value)
    with engine.store.transaction(Actor(engine.actor, f"credential {name} tested", "manual")) as tx:
        note_fingerprint(tx, engine.key, name, value)
        if (at := earliest(logins)) is not None:
            note_expiry(tx, name, at)
    return logins


def try_value(engine: Engine, name: str, value: str) -> tuple[Login, ...]:
    """Log in at every endpoint of a credential with a value, which may not be stored yet."""
    with engine.store.read() as tx:
        connections = Connections(engine.endpoints(tx, lambda _: engine.hidden(value)))
    using = [each for each, to in connections.endpoints.items() if to.endpoint.credential == name]
    try:
        return tuple(_log_in(connections, name, each) for each in sorted(using)) or (Login(name, None),)
    finally:
        connections.close()


def _log_in(connections: Connections, credential: str, endpoint: str) -> Login:
    try:
        return Login(credential, endpoint, connections.driver(endpoint).account())
    except ReconcilerError as error:
        return Login(credential, endpoint, problem=error.message, hint=error.hint)
