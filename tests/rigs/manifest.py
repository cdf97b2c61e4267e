"""What the tests of manifests share: the packaged catalog, a small inventory, short ways to load a text."""

from __future__ import annotations

from functools import cache
from textwrap import dedent

from reconciler.catalog import core_part, load_part, merge
from reconciler.errors import ManifestError, Problem
from reconciler.manifest.load import load
from reconciler.manifest.model import Known, ManifestSet
from reconciler.manifest.source.files import SourceFile
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.resource import Desired

PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

KNOWN = Known(
    endpoints={"hetzner-1": "hetzner", "proxmox-1": "proxmox", "logical": "logical"},
    providers={"hetzner-main": "hetzner"},
    credentials=frozenset({"db-password"}),
    locations=frozenset({"fsn1", "nbg1"}),
    datacenters=frozenset({"fsn1-park"}),
)


@cache
def catalog() -> Catalog:
    parts = (load_part(f"reconciler.providers.{name}") for name in ("hetzner", "proxmox", "logical"))
    return merge([core_part(), *parts])


def manifest(kind: str, name: str, spec: str = "", rest: str = "") -> str:
    """One document; `spec` and `rest` are YAML lines, dedented here."""
    lines = [f"apiVersion: reconciler/v1\nkind: {kind}\nmetadata: {{name: {name}}}"]
    if spec:
        lines.append("spec:\n" + "\n".join(f"  {line}" for line in dedent(spec).strip("\n").splitlines()))
    if rest:
        lines.append(dedent(rest).strip("\n"))
    return "\n".join(lines) + "\n"


def ssh_key(name: str = "admin") -> str:
    return manifest("SshKey", name, f"public_key: {PUBLIC_KEY}")


def load_text(*documents: str, known: Known = KNOWN, file: str = "set.yaml") -> ManifestSet:
    text = "---\n".join(documents)
    return load([SourceFile(file, text.encode())], catalog(), known)


def desired(address: str, *documents: str, known: Known = KNOWN) -> Desired:
    return load_text(*documents, known=known).desired[Address.parse(address)]


def problems(*documents: str, known: Known = KNOWN) -> tuple[Problem, ...]:
    """The problems of a set that must have some."""
    try:
        load_text(*documents, known=known)
    except ManifestError as error:
        return error.problems
    raise AssertionError("the set was accepted")


def problem(*documents: str, known: Known = KNOWN) -> Problem:
    """The only problem of a set."""
    found = problems(*documents, known=known)
    assert len(found) == 1, [str(each) for each in found]
    return found[0]
