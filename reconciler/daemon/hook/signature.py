"""Whether a request was made by who knows the secret: by the headers that forges send. No I/O, no clock.

| header | sent by | proof |
|---|---|---|
| `webhook-signature` | GitLab (signing token) | HMAC-SHA256 of `id.timestamp.body`, base64 |
| `X-Hub-Signature-256` | GitHub, Gitea, Forgejo, a script | `sha256=` and HMAC-SHA256 of the body, hex |
| `X-Forgejo-Signature`, `X-Gitea-Signature` | Forgejo, Gitea | HMAC-SHA256 of the body, hex |
| `X-Gitlab-Token` | GitLab (secret token) | the secret itself |

The first of these that a request has decides: a weaker proof never makes good a stronger one that is wrong.
A time stamp is not compared with the clock, since a request that is sent again does no harm here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence

_STANDARD = "webhook-signature"
_STANDARD_PREFIX = "whsec_"
_HUB = "x-hub-signature-256"
_PLAIN = ("x-forgejo-signature", "x-gitea-signature")
_TOKEN = "x-gitlab-token"  # noqa: S105 - a header's name
HEADERS = (_STANDARD, _HUB, *_PLAIN, _TOKEN)
"""Lower case, the one that decides first."""


class Proof:
    """What a request shows for itself, checked while its body comes: `add` each piece, then ask `holds`.

    `headers` are by their names in lower case. `secrets`: any one of them may be what it was made with.
    """

    def __init__(self, headers: Mapping[str, str], secrets: Sequence[str]) -> None:
        self.header = next((name for name in HEADERS if headers.get(name)), None)
        value = headers.get(self.header or "", "").strip()
        self._shown = _shown(self.header, value)
        self._expected: list[bytes] = []
        self._digests: list[hmac.HMAC] = []
        if self.header == _TOKEN:
            self._expected = [secret.encode() for secret in secrets]
        elif self.header == _STANDARD:
            start = f"{headers.get('webhook-id', '')}.{headers.get('webhook-timestamp', '')}.".encode()
            self._digests = [hmac.new(_standard_key(each), start, hashlib.sha256) for each in secrets]
        elif self.header is not None:
            self._digests = [hmac.new(secret.encode(), digestmod=hashlib.sha256) for secret in secrets]

    def add(self, piece: bytes) -> None:
        """The next bytes of the raw body."""
        for digest in self._digests:
            digest.update(piece)

    def holds(self) -> bool:
        """Whether it was made with one of the secrets. A comparison takes the same time, right or wrong."""
        expected = [*self._expected, *(digest.digest() for digest in self._digests)]
        found = [hmac.compare_digest(shown, each) for shown in self._shown for each in expected]
        return any(found)


def _shown(header: str | None, value: str) -> list[bytes]:
    """The proofs in a header's value; none where it cannot be one."""
    if header == _TOKEN:
        return [value.encode("latin-1", "replace")]
    try:
        if header == _STANDARD:  # several while a token is changed, as in `v1,AAAA v1,BBBB`
            words = [word.partition(",") for word in value.split(" ")[:4]]
            return [base64.b64decode(text, validate=True) for version, _, text in words if version == "v1"]
        if header == _HUB:
            return [bytes.fromhex(value.removeprefix("sha256="))] if value.startswith("sha256=") else []
        return [bytes.fromhex(value)] if header is not None else []
    except (ValueError, binascii.Error):
        return []


def _standard_key(secret: str) -> bytes:
    """The key that a signing token stands for: `whsec_` and base64."""
    if secret.startswith(_STANDARD_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(_STANDARD_PREFIX), validate=True)
        except binascii.Error:
            pass  # then it is no token of that kind, and signs as it is
    return secret.encode()
