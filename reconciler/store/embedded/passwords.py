"""Who may connect to a server of our own: whoever knows a password, and nobody just by being there.

The passwords are random and lie in a file within the data folder, in libpq's own format, so that they go
wherever the data goes and only the data's owner (and root) can read them. A data folder of an older version
trusts whoever can reach its socket; its passwords are set, and its `pg_hba.conf` is written anew, when it is
opened. Only under the start lock, with the server running.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from reconciler.errors import DatabaseUnavailable
from reconciler.store.database.queries import query, sql_files
from reconciler.store.embedded.account import Account, is_root
from reconciler.store.embedded.lease import POLL_SECONDS
from reconciler.store.embedded.place import Place

SUPERUSER = "postgres"
RUNTIME = "reconciler_runtime"
HBA = "pg_hba.conf"
FORMER_HBA = "pg_hba.conf.before-passwords"
RELOAD_SECONDS = 15.0
CONNECT_SECONDS = 5
_ASKING = b"""# Everybody is asked for a password. This server is reached by its socket only.
# TYPE  DATABASE     USER  METHOD
local   all          all   scram-sha-256
local   replication  all   scram-sha-256
"""


def new_password() -> str:
    """48 hexadecimal digits, which no file's form has to escape."""
    return secrets.token_hex(24)


def dsn(place: Place, socket_dir: str, port: int, dbname: str, user: str = SUPERUSER) -> str:
    """A connection string that names the file with the password and does not hold it.

    The empty password keeps libpq from taking one out of PGPASSWORD, which is another server's.
    """
    return make_conninfo(
        host=socket_dir, port=port, user=user, dbname=dbname, password="", passfile=str(place.passfile)
    )


def read_passwords(place: Place) -> Mapping[str, str]:
    """The password of each role that has one in the file."""
    try:
        lines = place.passfile.read_text().splitlines()
    except FileNotFoundError:
        return {}
    rows = (line.split(":") for line in lines)
    return {row[3]: row[4] for row in rows if len(row) == 5}


def write_passwords(passfile: Path, passwords: Mapping[str, str], account: Account) -> None:
    """Writes the whole file or nothing, readable to its owner alone."""
    lines = "".join(f"*:*:*:{role}:{password}\n" for role, password in passwords.items())
    _replace(passfile, lines.encode(), account)


def secure(place: Place, account: Account, socket_dir: str, port: int) -> None:
    """Sees to it that both roles have a password and that everybody is asked for one.

    Repeating it after a crash at any point completes it. Raises DatabaseUnavailable where the server asks for
    a password that is not in the file.
    """
    known = read_passwords(place)
    open_to_all = trusts(place.data)
    if known.keys() >= {SUPERUSER, RUNTIME} and not open_to_all:
        return
    passwords = {role: known.get(role) or new_password() for role in (SUPERUSER, RUNTIME)}
    try:
        with psycopg.connect(
            dsn(place, socket_dir, port, "postgres"), autocommit=True, connect_timeout=CONNECT_SECONDS
        ) as connection:
            _set(connection, passwords)
            write_passwords(place.passfile, passwords, account)
            if open_to_all:
                _ask_everybody(place, account, connection)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(
            f"the database in {place.data} lets nobody in as {SUPERUSER}: {str(error).strip()}",
            hint=f"Put its password back into {place.passfile}, a line *:*:*:{SUPERUSER}:PASSWORD. If nobody "
            f"knows it: stop the server, make `local all all trust` the only line of {place.data / HBA}, and "
            "run this again; that line is replaced, and new passwords are set.",
        ) from error
    if open_to_all:
        _await_refusal(place, socket_dir, port)


def trusts(data: Path) -> bool:
    """Whether a line of `pg_hba.conf` lets somebody in without a secret."""
    for line in (data / HBA).read_text(errors="replace").splitlines():
        fields = line.partition("#")[0].split()
        if "trust" in fields[3:6]:
            return True
    return False


def _set(connection: psycopg.Connection[tuple[object, ...]], passwords: Mapping[str, str]) -> None:
    settings = {"superuser": passwords[SUPERUSER], "runtime": passwords[RUNTIME]}
    connection.execute(query("embedded.passwords"), settings)
    connection.execute(_statement("passwords.sql"))


def _statement(name: str) -> bytes:
    return dict(sql_files("embedded"))[name]


def _ask_everybody(
    place: Place, account: Account, connection: psycopg.Connection[tuple[object, ...]]
) -> None:
    present = place.data / HBA
    _replace(place.data / FORMER_HBA, present.read_bytes(), account)
    _replace(present, _ASKING, account)
    connection.execute(_statement("reload.sql"))


def _await_refusal(place: Place, socket_dir: str, port: int) -> None:
    """The server reads its file a moment after it was told to; what is promised holds from then on."""
    nothing = make_conninfo(
        dsn(place, socket_dir, port, "postgres"), passfile=str(place.data / "no-such-file")
    )
    deadline = time.monotonic() + RELOAD_SECONDS
    while time.monotonic() < deadline:
        try:
            psycopg.connect(nothing, connect_timeout=CONNECT_SECONDS).close()
        except psycopg.OperationalError:
            return
        time.sleep(POLL_SECONDS)
    raise DatabaseUnavailable(
        f"the database in {place.data} still lets everybody in without a password",
        hint=f"Stop it and start it again. Its rules are in {place.data / HBA}.",
    )


def _replace(path: Path, content: bytes, account: Account) -> None:
    temporary = path.with_name(f".{path.name}.new")
    private_file(temporary, content, account)
    temporary.rename(path)


def private_file(path: Path, content: bytes, account: Account) -> None:
    """A new file, in the place of whatever a killed process left, that the account alone can read."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if is_root():
            os.fchown(descriptor, account.uid, account.gid)
        file.write(content)
        file.flush()
        os.fsync(descriptor)
