"""Who a credential is on Proxmox VE, and until when. Reads only."""

from __future__ import annotations

from datetime import UTC, datetime

from reconciler.errors import ErrorCode, ProviderError
from reconciler.providers.account import Account
from reconciler.providers.proxmox.client import ProxmoxClient


def account(client: ProxmoxClient) -> Account:
    """As whom the client is logged in. Raises ProviderError where the credential is refused.

    One that may do nothing at all is let in and sees nothing; that is said with its name.
    """
    name = client.user
    granted = client.get("/access/permissions")
    who = name if granted else f"{name}, which has no permission on anything"
    return Account(who, _expiry(client, name))


def _expiry(client: ProxmoxClient, name: str) -> datetime | None:
    """When the token, or the user of a password, expires; None where that is never, or not for it to see.

    It takes User.Modify to see a token's, which few tokens have, though it is their own.
    """
    user, _, token = name.partition("!")
    try:
        found = client.get(f"/access/users/{user}" + (f"/token/{token}" if token else ""))
    except ProviderError as error:
        if error.code is not ErrorCode.FORBIDDEN:
            raise
        return None
    at = int(found.get("expire") or 0)
    return datetime.fromtimestamp(at, UTC) if at else None
