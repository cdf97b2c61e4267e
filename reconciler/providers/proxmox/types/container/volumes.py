"""A container's volumes. A change of its configuration only detaches one, so it is destroyed by its id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.errors import ErrorCode, ProviderError
from reconciler.providers.driver import Request, Submission
from reconciler.providers.proxmox.client import ProxmoxClient, tasks_of


def destroy_volume(client: ProxmoxClient, request: Request, params: Mapping[str, Any]) -> Submission:
    """Destroy a detached volume, found by its id.

    The server numbers detached volumes as it likes, so the number is looked up, and the digest of that
    very look guards the write. Nothing is sent where the container has no such volume any more.
    """
    path, volume = request.path, str(params["volume"])
    config = client.get(path)
    named = {str(text).partition(",")[0]: option for option, text in config.items()}
    option = named.get(volume)
    if option is None:
        return Submission()
    if not option.startswith("unused"):
        message = f"{client.access.endpoint} PUT {path}: {volume} is still attached as {option}"
        raise ProviderError(message, code=ErrorCode.CONFLICT, hint="it is detached when the container stops")
    answer = client.call("PUT", path, {"delete": option, "digest": config["digest"]})
    return Submission(None, tasks_of(answer))
