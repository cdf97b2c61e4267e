"""Checks texts that have a format (an address range, a MAC address, a key) and gives their canonical form.

The canonical form is the model's; what is added here is the refusal of what no person means, and the words
for it. Pure.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from itertools import pairwise

from reconciler.manifest.yaml.scalars import shown
from reconciler.model.values import Format, canonical_scalar

_MAC = re.compile(r"[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}", re.ASCII)
_HOSTNAME = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
    r"(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*",
    re.ASCII,
)
_KEY_TYPE = re.compile(r"(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[a-z0-9@.-]+", re.ASCII)


class FormatProblem(ValueError):
    """A text that is not of its format; `hint` says what to write."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def checked_text(value: str, form: Format) -> str:
    """The canonical form of a text. Raises FormatProblem."""
    match form:
        case Format.CIDR:
            _check_cidr(value)
        case Format.MAC if not _MAC.fullmatch(value):
            raise FormatProblem(f"{shown(value)} is no MAC address", "write it as BC:24:11:00:00:01")
        case Format.HOSTNAME if not _HOSTNAME.fullmatch(value.removesuffix(".")):
            raise FormatProblem(f"{shown(value)} is no host name", "write labels of letters, digits and -")
        case Format.SSH_PUBLIC_KEY:
            _check_key(value)
        case Format.IP | Format.INTERFACE:
            _check_address(value, form)
        case _:
            pass
    return str(canonical_scalar(value, form))


def _check_cidr(value: str) -> None:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise FormatProblem(f"{shown(value)} is no address range", "write it as 10.0.0.0/16") from None
    if "/" not in value:
        raise FormatProblem(f"{shown(value)} is one address, not a range", f"for that one, write {network}")
    if str(network.network_address) != str(ipaddress.ip_address(value.split("/")[0])):
        raise FormatProblem(f"{shown(value)} has host bits set", f"did you mean {network}?")


def _check_address(value: str, form: Format) -> None:
    try:
        address = canonical_scalar(value, form)
    except ValueError:
        if form is Format.IP:
            raise FormatProblem(f"{shown(value)} is no IP address") from None
        raise FormatProblem(f"{shown(value)} is no address", "write it as 10.0.0.5/24, or dhcp") from None
    if form is Format.INTERFACE and "/" not in value and address != value:
        raise FormatProblem(f"{shown(value)} has no prefix length", f"write it as {value}/24")


def _check_key(value: str) -> None:
    lines = [line for line in value.splitlines() if line.strip()]
    words = value.split()
    hint = "paste the one line of the .pub file, as in ssh-ed25519 AAAA… name"
    if "PRIVATE KEY" in value:
        raise FormatProblem("this is a private key", f"{hint}; this pair is spoilt, make a new one")
    several = "write each key as an item, or an object, of its own"
    if len(lines) > 1 and all(_KEY_TYPE.fullmatch(line.split()[0]) for line in lines):
        raise FormatProblem(f"these are {len(lines)} keys, and only the first would be used", several)
    if len(lines) > 1:
        raise FormatProblem("a public key is one line, and there is a second one", hint)
    if any(_KEY_TYPE.fullmatch(word) and key.startswith("AAAA") for word, key in pairwise(words[2:])):
        raise FormatProblem("this line holds a second key, and only the first would be used", several)
    if len(words) < 2 or not _KEY_TYPE.fullmatch(words[0]):
        raise FormatProblem("this is no OpenSSH public key", hint)
    try:
        blob = base64.b64decode(words[1], validate=True)
    except binascii.Error:
        raise FormatProblem("the public key is damaged: its second word is not base64", hint) from None
    length = int.from_bytes(blob[:4], "big")
    if blob[4 : 4 + length] != words[0].encode():
        raise FormatProblem(f"the public key is damaged: it is not of the type {words[0]}", hint)
