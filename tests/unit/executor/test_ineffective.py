"""What was done again and again and is still not so, in words."""

from __future__ import annotations

from reconciler.executor.steps.ineffective import words
from reconciler.model.address import Address
from reconciler.model.catalog import Mutability
from reconciler.model.diff import AttributeChange, Diff, PartAction, PartChange, Reason, TagChange
from reconciler.model.values import SecretRef, Value
from reconciler.store.work.repeats import Thing

WEB = Address.parse("vm/web")
DISK, NIC, OLD = WEB.part("disk", "scsi0"), WEB.part("nic", "net0"), WEB.part("nic", "net1")


def change(name: str, before: Value | None, *, secret: bool = False) -> AttributeChange:
    return AttributeChange(name, before, "wanted", Reason.DRIFT, Mutability.IN_PLACE, secret)


LEFT = Diff(
    WEB,
    changes=(change("memory_mb", 2048), change("iso", None), change("password", SecretRef("p"), secret=True)),
    parts=(
        PartChange(DISK, PartAction.UPDATE, (change("size_gb", 8), change("cache", "none"))),
        PartChange(NIC, PartAction.CREATE, (change("bridge", None), change("model", None))),
        PartChange(OLD, PartAction.DELETE, ()),
    ),
    tags=(TagChange("env", "dev", "prod", Reason.DRIFT), TagChange("old", "", None, Reason.DRIFT)),
)


def test_it_says_plainly_what_repeats_and_what_is_shown_instead() -> None:
    often = {
        Thing(attribute="memory_mb"): 3,
        Thing(attribute="iso"): 4,
        Thing(attribute="password"): 5,
        Thing(str(DISK), "size_gb"): 3,
        Thing(str(NIC), "bridge"): 3,
        Thing(str(OLD)): 3,
        Thing(tag="env"): 3,
        Thing(tag="old"): 3,
    }
    assert list(words(LEFT, often)) == [
        "memory_mb was set 3 times and the provider still shows 2048",
        "iso was set 4 times and the provider still shows no value",
        "password was set 5 times and the provider still shows another value",
        "disk scsi0: size_gb was set 3 times and the provider still shows 8",
        "nic net0 was made 3 times and the provider still does not show it so",
        "nic net1 was taken away 3 times and the provider still shows it",
        "tag env was set 3 times and the provider still shows dev",
        "tag old was taken away 3 times and the provider still shows it empty",
    ]


def test_what_was_not_done_so_often_is_not_spoken_of() -> None:
    others = {Thing(attribute="backups"): 9, Thing(str(DISK), "ssd"): 9, Thing(tag="team"): 9}
    assert list(words(LEFT, others)) == []
