"""Which addresses a secret may be sent to: judged by the URL alone, and nothing is looked up or opened.

`http://` shows a secret to everybody on the way, so it is for this machine only. Link-local addresses are
where clouds keep a machine's own credentials; no provider's API is there. Pure.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

ALLOWED = "use https://HOST[:PORT][/PATH]; http:// is for this machine only (localhost, 127.0.0.1, [::1])"

_METADATA = frozenset(
    {
        *("metadata", "metadata.google.internal", "metadata.goog", "instance-data"),
        *("instance-data.ec2.internal", "fd00:ec2::254", "100.100.100.200", "192.0.0.192"),
    }
)
_HOST = re.compile(
    r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?"
)
_NUMBER = re.compile(r"(0[xX][0-9a-fA-F]*|[0-9]+)(\.(0[xX][0-9a-fA-F]*|[0-9]+))*\.?")

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address


class UrlProblem(ValueError):
    """What is wrong with a URL, in words that repeat no part of it that may be secret."""


def check_endpoint(url: str, own_scheme: str) -> None:
    """Raises UrlProblem where a credential may not be sent there.

    `own_scheme`: beside http and https a provider type may have a scheme that is called like itself.
    """
    parts = _split(url)
    if parts.scheme == own_scheme and own_scheme:
        return
    if parts.scheme not in ("http", "https"):
        raise UrlProblem(f"the scheme `{parts.scheme}` is not spoken here")
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise UrlProblem("it has a query or a fragment")
    host = _host(parts)
    if parts.scheme == "http" and not _is_loopback(host):
        raise UrlProblem(f"http:// would show the credential to everybody on the way to {host}")


def check_written(url: str) -> None:
    """Raises UrlProblem for what no URL of an endpoint has, whatever its provider."""
    if not _split(url).netloc:
        raise UrlProblem("it has no host")


def check_remote(url: str) -> None:
    """Of a git remote: no secret in the clear, and nowhere that no repository is. Raises UrlProblem."""
    if "://" not in url:
        return
    parts = _split(url, allow_user=True)
    host = _host(parts)
    if parts.scheme in ("http", "git") and parts.password is not None and not _is_loopback(host):
        raise UrlProblem(f"{parts.scheme}:// would show the password to everybody on the way to {host}")


def host_of(url: str) -> str:
    """The host that a credential is given for, in lower case, without its port; empty where there is none."""
    return (urlsplit(url).hostname or "").rstrip(".").lower()


def _split(url: str, *, allow_user: bool = False) -> SplitResult:
    if any(not sign.isprintable() or sign.isspace() for sign in url) or "\\" in url:
        raise UrlProblem("it has a blank, a backslash or a control character in it")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UrlProblem("it cannot be read as a URL") from None
    if port == 0:
        raise UrlProblem("there is no port 0")
    if not allow_user and "@" in parts.netloc:
        raise UrlProblem("it has a user or a password in it; a secret belongs into a Credential")
    return parts


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if not host:
        raise UrlProblem("it has no host")
    if (address := _address(host)) is None:
        if _NUMBER.fullmatch(host) or not _HOST.fullmatch(host):
            raise UrlProblem(f"`{host[:80]}` is neither a name nor an address in its usual form")
    elif not address.is_loopback and _is_special(address):
        raise UrlProblem(f"{host} is no address of a server: link-local and special ones are refused")
    if host.rstrip(".").lower() in _METADATA:
        raise UrlProblem(f"{host} is where a cloud keeps a machine's own credentials")
    return host


def _is_special(address: Ip) -> bool:
    return address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved


def _address(host: str) -> Ip | None:
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped or found.sixtofour if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return address.is_loopback if address is not None else host.rstrip(".").lower() == "localhost"
