"""Where each value of a document is written, and only of the very same text."""

from __future__ import annotations

from hashlib import sha256

from reconciler.manifest.read.written import written
from tests.rigs.manifest import catalog

DOCUMENT = b"""apiVersion: reconciler/v1
kind: VirtualMachine
metadata:
  name: web
  tags: {env: prod}
spec:
  endpoint: proxmox-1
  memory: 2GiB
  disks:
    - slot: scsi0
      size: 8GiB
    - {slot: scsi1, size: 4GiB}
"""
HASH = sha256(DOCUMENT).digest()
CATALOG = catalog()
VM, DISK = CATALOG.attributes("vm", "proxmox"), CATALOG.attributes("disk", "proxmox")


def test_each_value_has_the_line_and_column_of_its_key_by_its_own_name() -> None:
    found = written(DOCUMENT, HASH, 1, None, VM)
    assert found is not None
    assert (found["attribute", "memory_mb"], found["tag", "env"]) == ((8, 3), (5, 10))
    assert ("attribute", "cpu_cores") not in found, "it is not written"
    for place, size in (((10, 7), (11, 7)), ((12, 7), (12, 21))):
        part = written(DOCUMENT, HASH, 1, place, DISK)
        assert part is not None
        assert part["attribute", "size_gb"] == size


def test_a_document_that_has_moved_in_its_file_is_found_where_it_is() -> None:
    moved = b"# more\n---\nkind: Other\n---\n" + DOCUMENT
    found = written(moved, HASH, 31, (40, 7), DISK)
    assert found is not None
    assert found["attribute", "size_gb"] == (15, 7)


def test_of_another_text_nothing_is_told() -> None:
    assert written(DOCUMENT.replace(b"2GiB", b"4GiB"), HASH, 1, None, VM) is None
    assert written(b"", HASH, 1, None, VM) is None
