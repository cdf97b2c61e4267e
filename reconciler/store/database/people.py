"""People's own roles in the database: who is a planner, a reader or an auditor, and what of it each sees.

It works through an administrator's connection, as migrations do: the program's role can give nobody anything.
A password is turned into a SCRAM verifier here, so that neither the server nor its log ever has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any, Literal

from psycopg import errors as pg
from psycopg.rows import namedtuple_row

from reconciler.errors import ConfigurationError
from reconciler.store.database.faults import NotPermitted, translated
from reconciler.store.database.migrate import Connection, connect
from reconciler.store.database.queries import query
from reconciler.store.database.session import Transaction

Role = Literal["planner", "reader", "auditor"]
RESERVED = ("pg_", "reconciler_")  # what names begin with that are nobody's
LONGEST = 63  # bytes of a name; PostgreSQL cuts off what is more, with a notice


@dataclass(frozen=True, slots=True)
class Grant:
    """One grant, by its names. Without provider and datacenter it shows everything.

    `is_member`: whether the database has the member in the role. `is_granted`: whether it was given here; who
    is a member by other means sees nothing.
    """

    member: str
    role: str
    is_member: bool
    is_granted: bool
    provider: str | None
    datacenter: str | None
    granted_at: datetime | None
    granted_by: str | None


def listed(tx: Transaction) -> tuple[Grant, ...]:
    """Everybody's grants, as far as the session sees them, and members without any."""
    return tx.all(Grant, "access.grants")


def is_known(admin_dsn: str, member: str) -> bool:
    """Whether the server has a role of that name. Raises DatabaseUnavailable."""
    with _connected(admin_dsn, "roles") as connection:
        return bool(_row(connection, "access.standing", member=member).member_exists)


def grant(
    admin_dsn: str,
    role: Role,
    member: str,
    *,
    providers: Sequence[str] = (),
    datacenters: Sequence[str] = (),
    password: str | None = None,
) -> bool:
    """Make a member see, in a role, what is named and nothing else: all, where nothing is.

    With both, it is what is of one of the providers and stands in one of the datacenters.

    Where the server has no such role it is made, with the password; True if it was. What a role of its name
    was granted before, in roles that it is no member of, is revoked. All of it is done, or nothing.

    Raises ConfigurationError for names that are not there and who inherits no rights, NotPermitted with the
    statements for an administrator where the user may not do it.
    """
    _refuse_names(role, member, datacenters)
    with _connected(admin_dsn, "grant") as connection:
        standing = _row(connection, "access.standing", member=member)
        made = not standing.member_exists
        _refuse_member(standing, member, password)
        statements = [_word(connection, "access.grant_statement", role=role, member=member)]
        if made:
            verifier = _verifier(connection, member, password or "")
            statements.insert(
                0, _word(connection, "access.create_statement", member=member, password=verifier)
            )
        with _explained(standing, statements), connection.transaction():
            for statement in statements:
                connection.execute(statement.encode())
            _require_its_rights(connection, role, member)
            connection.execute(query("migrations.become_owner"))
            _revoke_all(connection, member, standing.member_lacks)
            places = _places(connection, providers, datacenters)
            _write(connection, "access.revoke_others", role, member, places)
            _write(connection, "access.grant", role, member, places)
    return made


def revoke(admin_dsn: str, role: Role, member: str) -> bool:
    """Take a role from a member, and with it what it showed; the member's own role stays.

    Of a member that the server does not have any more, the grants; gives whether it has it.
    Raises ConfigurationError where there is neither, or the membership is another's gift.
    """
    with _connected(admin_dsn, "revoke") as connection:
        standing = _row(connection, "access.standing", member=member)
        if not standing.member_exists:
            with _explained(standing, []), connection.transaction():
                connection.execute(query("migrations.become_owner"))
                if not _revoke_all(connection, member, [role]):
                    raise ConfigurationError(
                        f"the server has no role {member}", hint="reconciler db grants lists all"
                    )
            return False
        statement = _word(connection, "access.revoke_statement", role=role, member=member)
        with _explained(standing, [statement]), connection.transaction():
            connection.execute(statement.encode())
            connection.execute(query("migrations.become_owner"))
            _write(connection, "access.revoke_others", role, member, [])
            if _row(connection, "access.is_member", role=role, member=member)[0]:
                raise ConfigurationError(
                    f"{member} is still a {role}: by a group, or by another administrator's grant",
                    hint=f"as that administrator: {statement}",
                )
    return True


def _refuse_names(role: Role, member: str, datacenters: Sequence[str]) -> None:
    if not member or member.startswith(RESERVED):
        raise ConfigurationError(
            f"`{member}` cannot be a person's role",
            hint=f"names that begin with {', '.join(RESERVED)} are taken",
        )
    if len(member.encode()) > LONGEST:
        raise ConfigurationError(
            f"`{member}` cannot be a role's name: it has more than the {LONGEST} bytes of one",
            hint="take a shorter one",
        )
    if role == "planner" and datacenters:
        raise ConfigurationError(
            "a planner cannot be limited to a datacenter: what it previews is a whole provider's",
            hint="limit it by --provider, or make it a reader",
        )


def _refuse_member(standing: Any, member: str, password: str | None) -> None:
    if standing.member_bypasses:
        raise ConfigurationError(
            f"no policy stops {member}, who is a superuser or has BYPASSRLS: granting would limit nothing",
            hint="give a role of its own to that person",
        )
    if standing.member_acts_as:
        raise ConfigurationError(
            f"{member} may act as {standing.member_acts_as} already, whom no policy"
            " stops: granting would limit nothing",
            hint=f"first: REVOKE {standing.member_acts_as} FROM {member}",
        )
    if not standing.member_exists and password is None:
        raise ConfigurationError(
            f"the server has no role {member}, and was not to make one",
            hint="leave out --no-create, or have it made",
        )
    if not standing.member_exists and not password:
        raise ConfigurationError(f"{member} was to get an empty password", hint="give one on standard input")


def _require_its_rights(connection: Connection, role: Role, member: str) -> None:
    if not _row(connection, "access.has_its_rights", role=role, member=member)[0]:
        raise ConfigurationError(
            f"{member} inherits no rights (NOINHERIT): as a {role} it could read nothing",
            hint=f"first: {_word(connection, 'access.inherit_statement', member=member)}",
        )


def _revoke_all(connection: Connection, member: str, roles: Sequence[str]) -> int:
    """Gives how many grants that were."""
    asked = {"member": member, "roles": list(roles)}
    return connection.execute(query("access.revoke_all"), asked).rowcount


def _places(
    connection: Connection, providers: Sequence[str], datacenters: Sequence[str]
) -> list[tuple[int | None, int | None]]:
    return list(
        product(
            _ids(connection, "access.providers", "provider", providers),
            _ids(connection, "access.datacenters", "datacenter", datacenters),
        )
    )


def _ids(connection: Connection, listing: str, what: str, asked: Sequence[str]) -> list[int | None]:
    """The ids of what is asked for; one None, which limits nothing, for nothing asked."""
    if not asked:
        return [None]
    known: dict[str, int] = dict(connection.execute(query(listing)).fetchall())
    for each in asked:
        if each not in known:
            raise ConfigurationError(
                f"there is no {what} `{each}`", hint=f"there are: {', '.join(known) or 'none'}"
            )
    return [known[each] for each in dict.fromkeys(asked)]


def _write(
    connection: Connection,
    name: str,
    role: Role,
    member: str,
    places: Sequence[tuple[int | None, int | None]],
) -> None:
    connection.execute(
        query(name),
        {
            "role": role,
            "member": member,
            "providers": [provider for provider, _ in places],
            "datacenters": [datacenter for _, datacenter in places],
        },
    )


def _verifier(connection: Connection, member: str, password: str) -> str:
    return connection.pgconn.encrypt_password(password.encode(), member.encode(), b"scram-sha-256").decode()


@contextmanager
def _explained(standing: Any, statements: Sequence[str]) -> Iterator[None]:
    """Raises, for a want of rights, our error with what an administrator would have to run."""
    try:
        yield
    except pg.InsufficientPrivilege as error:
        asked = [*statements]
        if not standing.may_write:
            asked.append(f"GRANT reconciler_owner TO {standing.db_user}")
        raise NotPermitted(
            f"the database user {standing.db_user} may not do this: {error.diag.message_primary}",
            hint="Give the URL of who migrates (CREATEROLE, and a member of reconciler_owner); or have an"
            f" administrator run these, and then run this again with --no-create: {'; '.join(asked)}",
        ) from error


@contextmanager
def _connected(dsn: str, doing: str) -> Iterator[Connection]:
    with connect(dsn) as connection, translated(doing):
        connection.execute(query("session.settings"))
        yield connection


def _row(connection: Connection, name: str, /, **params: object) -> Any:
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        return cursor.execute(query(name), params).fetchone()


def _word(connection: Connection, name: str, /, **params: object) -> str:
    return str(_row(connection, name, **params)[0])
