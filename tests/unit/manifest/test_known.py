"""Documents that were read before are not read again, yet what rests on them is still checked."""

from __future__ import annotations

from dataclasses import replace

from reconciler.manifest.model import Known, KnownDocument, ManifestSet
from reconciler.model.address import Address
from tests.rigs.manifest import KNOWN, load_text, manifest, problem, ssh_key

SERVER = manifest(
    "VirtualMachine", "web", "endpoint: hetzner-1\nserver_type: cx22\nimage: debian-12\nssh_keys: [admin]"
)
WEB, KEY = Address.parse("vm/web"), Address.parse("ssh_key/admin")


def remembered(found: ManifestSet) -> Known:
    references = {WEB: frozenset({KEY})}
    documents = {
        digest: KnownDocument(address, references.get(address, frozenset()))
        for address, digest in found.documents.items()
    }
    return replace(KNOWN, documents=documents, context=found.context)


def test_only_what_changed_is_read_again() -> None:
    first = load_text(ssh_key(), SERVER)
    changed = SERVER.replace("cx22", "cx32")
    second = load_text(ssh_key(), changed, known=remembered(first))
    assert second.unchanged == {KEY}
    assert set(second.desired) == {WEB}
    assert second.documents.keys() == {WEB, KEY}
    assert second.documents[KEY] == first.documents[KEY]
    assert second.context == first.context


def test_an_unchanged_document_is_not_even_parsed() -> None:
    found = load_text(ssh_key())
    (digest,) = found.documents.values()
    broken = "this: [is not yaml\n"
    known = replace(remembered(found), documents={})
    assert problem(broken, known=known).code == "manifest.yaml.syntax"
    from hashlib import sha256

    claimed = {sha256(broken.encode()).digest(): KnownDocument(KEY)}
    assert load_text(broken, known=replace(known, documents=claimed)).unchanged == {KEY}
    assert digest not in claimed


def test_what_an_unchanged_document_refers_to_must_still_be_there() -> None:
    first = load_text(ssh_key(), SERVER)
    found = problem(SERVER, known=remembered(first))
    assert found.code == "manifest.unknown_reference"
    assert (found.address, found.location is not None) == ("vm/web", True)


def test_an_unchanged_document_counts_as_declared() -> None:
    first = load_text(ssh_key(), SERVER)
    known = remembered(first)
    assert load_text(ssh_key(), SERVER.replace("cx22", "cx32"), known=known).unchanged == {KEY}
    assert problem(ssh_key(), ssh_key(), SERVER, known=known).code == "manifest.duplicate_address"


def test_in_another_context_everything_is_read_again() -> None:
    first = load_text(ssh_key())
    known = replace(remembered(first), endpoints={**KNOWN.endpoints, "hetzner-2": "hetzner"})
    found = problem(ssh_key(), known=known)
    assert found.code == "manifest.required"
    assert "hetzner-1 or hetzner-2" in str(found)


def test_the_inventory_is_always_read() -> None:
    place = manifest("Location", "lab", "city: Graz")
    found = load_text(place, ssh_key())
    again = load_text(place, ssh_key(), known=remembered(found))
    assert [each.name for each in again.inventory.locations] == ["lab"]
    assert not again.desired


def test_what_other_sources_want_may_be_referred_to() -> None:
    assert load_text(SERVER, known=replace(KNOWN, resources=frozenset({KEY}))).desired
