"""Who calls and what they may do: API tokens, password logins with tickets, privileges on paths."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from reconciler.sim.proxmox.failure import ApiError

TICKET_SECONDS = 7200
ALL_PRIVILEGES = frozenset(
    {
        "Datastore.Allocate", "Datastore.AllocateSpace", "Datastore.AllocateTemplate", "Datastore.Audit",
        "Group.Allocate", "Mapping.Audit", "Mapping.Modify", "Mapping.Use", "Permissions.Modify",
        "Pool.Allocate", "Pool.Audit", "Realm.Allocate", "Realm.AllocateUser", "SDN.Allocate", "SDN.Audit",
        "SDN.Use", "Sys.AccessNetwork", "Sys.Audit", "Sys.Console", "Sys.Incoming", "Sys.Modify",
        "Sys.PowerMgmt", "Sys.Syslog", "User.Modify", "VM.Allocate", "VM.Audit", "VM.Backup", "VM.Clone",
        "VM.Config.CDROM", "VM.Config.CPU", "VM.Config.Cloudinit", "VM.Config.Disk", "VM.Config.HWType",
        "VM.Config.Memory", "VM.Config.Network", "VM.Config.Options", "VM.Console", "VM.GuestAgent.Audit",
        "VM.Migrate", "VM.PowerMgmt", "VM.Replicate", "VM.Snapshot", "VM.Snapshot.Rollback",
    }
)  # fmt: skip
ROOTS = ("/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms")


@dataclass(frozen=True, slots=True)
class Token:
    """An API token's secret, its privileges on `/` and all below, and when it expires.

    `expire` is in Unix seconds; 0: never.
    """

    secret: str
    privileges: frozenset[str] = ALL_PRIVILEGES
    expire: int = 0


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller. `lost`: privileges taken away, everywhere (key None) or on one path."""

    name: str
    privileges: frozenset[str]
    lost: Mapping[str | None, frozenset[str]]

    @property
    def root(self) -> bool:
        """root@pam itself; a token of root is not root."""
        return self.name == "root@pam"

    def may(self, path: str, privilege: str) -> bool:
        """Whether the caller has a privilege on a path; one lost there is kept on those below."""
        if privilege not in self.privileges:
            return False
        return not self.lost or privilege not in (
            self.lost.get(None, frozenset()) | self.lost.get(path, frozenset())
        )

    def without(self, privileges: Iterable[str], path: str | None) -> Caller:
        """The same caller with privileges lost on a path, or everywhere where it is None."""
        lost = self.lost.get(path, frozenset()) | frozenset(privileges)
        return Caller(self.name, self.privileges, {**self.lost, path: lost})

    def permissions(self, path: str | None) -> dict[str, dict[str, int]]:
        """The answer of `GET /access/permissions`: path → privilege → propagate.

        Of all paths, those are left out on which nothing may be done.
        """
        paths = (path,) if path else (*ROOTS, *(lost for lost in self.lost if lost))
        found = {
            where: {privilege: 1 for privilege in sorted(self.privileges) if self.may(where, privilege)}
            for where in paths
        }
        return found if path else {where: privileges for where, privileges in found.items() if privileges}


class Access:
    """The users and tokens of the cluster. `password` is that of root@pam, `users` those of others.

    What another user may do is not told apart: everything, but for what is root@pam's alone.
    """

    def __init__(
        self,
        password: str,
        tokens: Mapping[str, Token],
        clock: Callable[[], float],
        users: Mapping[str, str] | None = None,
    ) -> None:
        self._passwords = {"root@pam": password, **(users or {})}
        self._tokens = dict(tokens)
        self._clock = clock
        self._key = secrets.token_bytes(32)

    def authenticate(self, method: str, headers: Mapping[str, str]) -> Caller:
        """The caller of a request; 401 with the reason the real one gives."""
        authorization = headers.get("authorization", "")
        if authorization.startswith("PVEAPIToken="):
            return self._by_token(authorization.removeprefix("PVEAPIToken="))
        user = self._by_cookie(headers.get("cookie", ""))
        if method != "GET" and not self._valid("CSRF", user, headers.get("csrfpreventiontoken", "")):
            raise ApiError(401, "Permission denied - invalid csrf token")
        return Caller(user, ALL_PRIVILEGES, {})

    def named(self, name: str) -> Caller:
        """A user or a token by its name, whoever calls; without any privilege where there is none."""
        if name in self._passwords:
            return Caller(name, ALL_PRIVILEGES, {})
        token = self._tokens.get(name)
        return Caller(name, token.privileges if token else frozenset(), {})

    def token(self, name: str) -> Token | None:
        """A token by its full name."""
        return self._tokens.get(name)

    def login(self, username: str, password: str) -> dict[str, object]:
        """A ticket for a password, or for an older ticket that is still good."""
        user = username if "@" in username else f"{username}@pam"
        known = self._passwords.get(user)
        by_password = known is not None and secrets.compare_digest(password.encode(), known.encode())
        if known is None or not (by_password or self._user_of(password) == user):
            raise ApiError(401, "authentication failure")
        return {
            "username": user,
            "ticket": f"PVE:{user}:{self._signed('PVE', user)}",
            "CSRFPreventionToken": self._signed("CSRF", user),
            "clustername": "simulated",
        }

    def _by_token(self, text: str) -> Caller:
        name, _, secret = text.partition("=")
        token = self._tokens.get(name)
        if token is not None and token.expire and token.expire < self._clock():
            raise ApiError(401, "token expired")
        if token is None or not secrets.compare_digest(secret.encode(), token.secret.encode()):
            raise ApiError(401, "invalid token value!")
        return Caller(name, token.privileges, {})

    def _by_cookie(self, header: str) -> str:
        try:
            cookie = SimpleCookie(header).get("PVEAuthCookie")
        except CookieError:
            cookie = None
        if cookie is None:
            raise ApiError(401, "No ticket")
        user = self._user_of(cookie.value)
        if user is None:
            raise ApiError(401, "permission denied - invalid PVE ticket")
        return user

    def _user_of(self, ticket: str) -> str | None:
        parts = ticket.split(":", 2)
        if len(parts) == 3 and parts[0] == "PVE" and self._valid("PVE", parts[1], parts[2]):
            return parts[1]
        return None

    def _signed(self, purpose: str, user: str, stamp: str | None = None) -> str:
        stamp = stamp or f"{int(self._clock()):08X}"
        digest = hmac.new(self._key, f"{purpose}:{user}:{stamp}".encode(), hashlib.sha256).hexdigest()
        return f"{stamp}::{digest}"

    def _valid(self, purpose: str, user: str, text: str) -> bool:
        stamp, _, _ = text.partition("::")
        try:
            age = self._clock() - int(stamp, 16)
        except ValueError:
            return False
        return age < TICKET_SECONDS and hmac.compare_digest(text, self._signed(purpose, user, stamp))
