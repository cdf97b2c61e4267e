"""What the history of a part says of how it came: with its root, or later, and by whom."""

from __future__ import annotations

from reconciler.report.history import event_sentence, is_told
from reconciler.store.history.events import events
from tests.rigs.stage import Stage, document
from tests.scenario.test_executor import adopting

DISK = "vm/web/disk/scsi0"
SPEC = "endpoint: proxmox-1, cpu_cores: 2, memory: 2GiB, disks: [{slot: scsi0, size: 8GiB}]"


def told(stage: Stage, address: str) -> list[str]:
    """All sentences of its history, the newest first."""
    with stage.engine.store.read() as tx:
        return [event_sentence(event, address) for event in events(tx, 20, address, shown=is_told)]


def test_a_part_that_an_apply_made_with_its_root_was_added_by_it(proxmox: Stage) -> None:
    proxmox.want(document("VirtualMachine", "web", SPEC))
    proxmox.settle()
    proxmox.preview()
    assert told(proxmox, DISK) == ["added (size 8 GiB), by ada@test"]


def test_a_part_of_what_is_taken_over_was_there_with_it(proxmox: Stage) -> None:
    proxmox.want(document("Pool", "lab", "endpoint: proxmox-1"))
    proxmox.settle()
    config = {"name": "web", "cores": 2, "memory": 2048, "scsi0": "local-lvm:8"}
    proxmox.pve.change(op="create", vmid=310, node="pve1", config=config)
    proxmox.want(
        document("Pool", "lab", "endpoint: proxmox-1"),
        document("VirtualMachine", "web", SPEC, adopting(310)),
    )
    proxmox.settle()
    proxmox.preview()
    assert told(proxmox, DISK) == [
        "taken over, by ada@test",
        "seen for the first time (size 8 GiB), seen by a look",
    ]
    assert told(proxmox, "vm/web") == [
        "taken over, by ada@test",
        "seen whole for the first time, seen by a look",
        "seen for the first time (memory 2 GiB), seen by a look",
    ]


def test_a_part_that_came_later_by_another_hand_was_added_at_the_provider(proxmox: Stage) -> None:
    proxmox.want(document("VirtualMachine", "web", SPEC))
    proxmox.settle()
    vmid = int(proxmox.external_id("vm/web"))
    proxmox.pve.change(op="set", vmid=vmid, set={"scsi1": "local-lvm:4"}, pending=False)
    proxmox.preview()
    said = "added (size 4 GiB) at the provider, seen by a look"
    assert told(proxmox, "vm/web/disk/scsi1") == [said]
    assert told(proxmox, "vm/web")[0] == f"disk scsi1 {said}"
