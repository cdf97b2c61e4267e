"""Reading the provider's catalogue: all of it for an observation, one item just before it is counted on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from reconciler.errors import ErrorCode, ProviderError
from reconciler.model.observation import Offer
from reconciler.providers.driver import Request
from reconciler.providers.hetzner.client import HetznerClient
from reconciler.providers.hetzner.errors import malformed
from reconciler.providers.hetzner.reading import Json
from reconciler.providers.hetzner.types.vm import offers

_PER_PAGE = 50
_SHIPPED = ["system", "app"]


def everything(client: HetznerClient) -> tuple[Offer, ...] | None:
    """All server types and shipped images; None where they cannot be read: then a plan checks less."""
    now = datetime.now(UTC)
    try:
        types = _all(client, "server_types", {})
        images = _all(client, "images", {"type": _SHIPPED, "include_deprecated": "true"})
        return (
            *(offers.server_type(each, now) for each in types),
            *(offers.image(each, now) for each in images),
        )
    except (ProviderError, KeyError, TypeError, ValueError):
        return None


def _all(client: HetznerClient, collection: str, query: Mapping[str, object]) -> list[Json]:
    rows: list[Json] = []
    page: int | None = 1
    while page is not None:
        answer = client.get(f"/{collection}", {**query, "page": page, "per_page": _PER_PAGE})
        rows += answer[collection]
        following = answer["meta"]["pagination"]["next_page"]
        page = following if isinstance(following, int) and following > page else None
    return rows


def look_at_type(client: HetznerClient, request: Request) -> Offer:
    """The server type that the next calls need. Raises ProviderError where it is not to be had so."""
    wanted = request.path_params
    now, name = datetime.now(UTC), wanted["type"]
    rows = _found(client, "server_type", "server_types", name, {})
    if not rows:
        raise _refused(client, f"there is no server type `{name}` any more", ErrorCode.INVALID)
    offer = offers.server_type(rows[0], now)
    has, place = offer.attributes, wanted.get("location")
    sold, available = has["sold_in"], has["available_in"]
    assert isinstance(sold, tuple) and isinstance(available, tuple)  # noqa: S101, PT018 - as made
    if place is not None and place not in sold:
        raise _refused(client, f"{offer.name} is not sold in {place}", ErrorCode.INVALID)
    if place not in available if place is not None else not available:
        raise _refused(
            client, f"{offer.name} is sold out in {place or 'every location'}", ErrorCode.NO_CAPACITY
        )
    if wanted.get("architecture", has["architecture"]) != has["architecture"]:
        words = f"{offer.name} is an {has['architecture']} type and the machine is {wanted['architecture']}"
        raise _refused(client, words, ErrorCode.INVALID)
    disk = has["disk_gb"]
    if isinstance(disk, int) and disk < int(wanted.get("disk_gb", 0)):
        words = f"{offer.name} has a disk of {disk} GB and the machine's has {wanted['disk_gb']} GB"
        raise _refused(client, words, ErrorCode.INVALID)
    return offer


def look_at_image(client: HetznerClient, request: Request) -> None:
    """Likewise the image, for the server type."""
    server_type = look_at_type(client, request)
    name, now = request.path_params["image"], datetime.now(UTC)
    architecture = server_type.attributes["architecture"]
    rows = _found(client, "image", "images", name, {"include_deprecated": "true"})
    fit = [offers.image(row, now) for row in rows if row["architecture"] == architecture]
    if not rows:
        raise _refused(client, f"there is no image `{name}` any more", ErrorCode.INVALID)
    if not any(image.attributes["available"] for image in fit):
        words = f"image {name} is not to be had for {server_type.name}, an {architecture} type"
        raise _refused(client, words, ErrorCode.INVALID)


def _found(
    client: HetznerClient, noun: str, collection: str, name: str, query: Mapping[str, str]
) -> list[Json]:
    """By number or by name; nothing where there is none."""
    path = f"/{collection}/{name}" if name.isdecimal() else f"/{collection}"
    try:
        if name.isdecimal():
            return [client.get(path)[noun]]
        return list(client.get(path, {**query, "name": name})[collection])
    except (KeyError, TypeError):
        raise malformed(client.named("GET", path), "GET", "the answer cannot be read") from None
    except ProviderError as error:
        if error.code is ErrorCode.NOT_FOUND:
            return []
        raise


def _refused(client: HetznerClient, words: str, code: ErrorCode) -> ProviderError:
    return ProviderError(
        f"{client.named('GET', '/server_types')}: {words}; nothing was changed",
        code=code,
        hint="the next plan says what is to be had instead",
    )
