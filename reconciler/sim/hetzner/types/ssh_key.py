"""SSH keys: the fingerprint is the key's MD5, and it is as unique as the name."""

from __future__ import annotations

import base64
import binascii
import hashlib

from reconciler.sim.hetzner.call import Answer, Call, Routes, listed, public, update
from reconciler.sim.hetzner.collection import Collection
from reconciler.sim.hetzner.problems import invalid, not_unique
from reconciler.sim.hetzner.project import Kind
from reconciler.sim.hetzner.validation import labels, record, text

_CREATE = record({"name": text(low=1), "public_key": text(low=1)}, labels=labels)
_UPDATE = record(name=text(low=1), labels=labels)


def fingerprint(public_key: str) -> str:
    """The MD5 of the key's bytes, as colon-separated hex; refuses what is no OpenSSH public key."""
    parts = public_key.split()
    try:
        blob = base64.b64decode(parts[1], validate=True)
    except (IndexError, binascii.Error):
        raise invalid("public_key", "is not a valid SSH public key") from None
    kind = parts[0].encode()
    if blob[4 : 4 + len(kind)] != kind:
        raise invalid("public_key", "is not a valid SSH public key")
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    return ":".join(digest[i : i + 2] for i in range(0, 32, 2))


def index(call: Call) -> Answer:
    """SSH keys, all or by name, label or `fingerprint`; sorted by id or name."""
    return listed(call, "ssh_keys", public, equal=("fingerprint",), sorts=("id", "name"))


def show(call: Call) -> Answer:
    """One SSH key, its text as it was given, without space around it."""
    return Answer(200, {"ssh_key": public(call.row("ssh_keys"))})


def create(call: Call) -> Answer:
    """A name or a fingerprint that is there already is `uniqueness_error` (409)."""
    body = call.read(_CREATE)
    table = call.project["ssh_keys"]
    table.claim(body["name"])
    print_ = fingerprint(body["public_key"])
    if any(row["fingerprint"] == print_ for row in table.rows.values()):
        raise not_unique("public_key", "SSH key with the same fingerprint already exists")
    row = table.add(
        {
            "id": call.project.numbers.id(),
            "name": body["name"],
            "fingerprint": print_,
            "public_key": body["public_key"].strip(),
            "labels": body.get("labels", {}),
            "created": call.time,
        }
    )
    return Answer(201, {"ssh_key": public(row)})


def change(call: Call) -> Answer:
    """Name and labels; another public key is another resource."""
    return Answer(200, {"ssh_key": public(update(call, "ssh_keys", call.read(_UPDATE)))})


def delete(call: Call) -> Answer:
    """Always, and at once: servers made with it keep it."""
    call.project["ssh_keys"].remove(call.row("ssh_keys")["id"])
    return Answer(204)


ROUTES: Routes = {
    "GET /ssh_keys": index,
    "POST /ssh_keys": create,
    "GET /ssh_keys/{id}": show,
    "PUT /ssh_keys/{id}": change,
    "DELETE /ssh_keys/{id}": delete,
}

COLLECTION = Collection(Kind("ssh_keys", "ssh_key"), ROUTES)
