"""What was given at creation and is wanted otherwise now is said, of a resource and of its parts."""

from __future__ import annotations

from reconciler.model.resource import Desired
from reconciler.planner.creation import since_creation
from tests.rigs.core import given, recorded_of, want, with_parts


def guest(*disks: str, **values: str) -> Desired:
    made = [{"slot": slot, "size_gb": 8} for slot in disks]
    return with_parts(want("vm/web", "proxmox", **values), "disk", *made)


def said(made: Desired, wanted: Desired) -> tuple[str, ...]:
    one = given([wanted], [recorded_of(made)], created={made.address: made})
    return since_creation(wanted, one.recorded[made.address], one)


def test_a_machine_with_the_parts_of_its_creation_and_a_new_one_is_as_it_was_made() -> None:
    assert said(guest("scsi0"), guest("scsi0")) == ()
    assert said(guest("scsi0"), guest("scsi0", "scsi1")) == ()


def test_a_part_that_is_not_there_any_more_is_made_anew_and_is_not_told() -> None:
    made = guest("scsi0", "scsi1")
    one = given([made], [recorded_of(guest("scsi0"))], created={made.address: made})
    assert since_creation(made, one.recorded[made.address], one) == ()
