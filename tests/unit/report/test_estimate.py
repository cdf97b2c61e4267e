"""How long steps will take: the longest chain, or all by as many as run at once; and how far they are."""

from __future__ import annotations

import pytest

from reconciler.executor.run import WORKERS
from reconciler.model.address import Address
from reconciler.model.plan import Action, Step
from reconciler.report.estimate import seconds_left, steps_done

TYPICAL = {("vm", "create"): 40.0, ("volume", "create"): 10.0}
VM, VOLUME, KEY = map(Address.parse, ("vm/a", "volume/data", "ssh_key/k"))


def step(address: Address, *requires: Address) -> Step:
    return Step(address, Action.CREATE, "hz", "hetzner", None, "", requires=requires)


CHAIN = [step(KEY), step(VM, KEY), step(VOLUME, VM)]


def test_what_waits_for_one_another_takes_its_times_one_after_the_other() -> None:
    assert seconds_left(CHAIN, TYPICAL, (), {}) == 50.0


def test_what_is_side_by_side_takes_as_long_as_all_of_it_by_as_many_as_run_at_once() -> None:
    many = [step(Address.parse(f"vm/n{number}")) for number in range(3 * WORKERS)]
    assert seconds_left(many, TYPICAL, (), {}) == pytest.approx(120.0)
    assert seconds_left(many[:3], TYPICAL, (), {}) == 40.0


def test_what_has_run_already_is_taken_off_and_what_ended_takes_nothing() -> None:
    assert seconds_left(CHAIN, TYPICAL, {KEY}, {VM: 15.0}) == 35.0
    assert seconds_left(CHAIN, TYPICAL, {KEY}, {VM: 90.0}) == 10.0, "late, and the rest takes its time still"
    assert seconds_left(CHAIN, TYPICAL, {KEY, VM, VOLUME}, {}) == 0.0


def test_nothing_is_claimed_of_what_is_not_known() -> None:
    assert seconds_left(CHAIN, {}, (), {}) == 0.0
    assert seconds_left([], TYPICAL, (), {}) == 0.0


def test_what_is_under_way_counts_in_part_and_never_as_done() -> None:
    assert steps_done(CHAIN, TYPICAL, {KEY}, {VM: 20.0}) == 1.5
    assert steps_done(CHAIN, TYPICAL, {KEY}, {VM: 400.0}) == pytest.approx(1.9)
    assert steps_done(CHAIN, {}, {KEY}, {VM: 20.0}) == 1
