"""What a person sees at a terminal of 80 columns: everything, wrapped where it must be, and how far it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest
from rich.cells import cell_len

from tests.rigs.processes import NETWORK, SSH_KEY, VM, Fleet

NAME = f"administrators-{'of-a-department-' * 3}1"
LONG = SSH_KEY.replace("admin", NAME)
TABLES = (
    ("get", "all", "-o", "wide"),
    ("get", "operations"),
    ("blame", f"ssh_key/{NAME}"),
    ("history",),
    ("explain",),
)


def letters(lines: Iterable[str]) -> Counter[str]:
    """Without numbers and the units of ages, which are others a second later."""
    return Counter(sign for line in lines for sign in line if sign.isalpha() and sign not in "smh")


def test_a_table_is_wrapped_to_the_terminal_and_nothing_of_it_is_lost(world: Fleet) -> None:
    world.made(key=LONG, network=NETWORK)
    for words in TABLES:
        whole = world.cli.ok(*words).out.splitlines()
        drawn = world.cli.on_terminal(*words)
        assert max(map(cell_len, whole)) > 80
        assert [line for line in drawn if cell_len(line) > 80] == [], words
        assert letters(whole) - letters(drawn) == Counter(), words


def test_what_goes_into_a_pipe_is_a_line_a_row_however_long(world: Fleet) -> None:
    world.made(key=LONG, network=NETWORK)
    assert len(world.cli.ok("get", "all", "-o", "wide").out.splitlines()) == 3
    assert len(world.cli.ok("history", "network/prod").out.splitlines()) == 2


@pytest.mark.parametrize("task_seconds", [1.2])
def test_an_apply_shows_a_bar_with_what_is_under_way_and_how_long_it_will_take(world: Fleet) -> None:
    world.made(vm=VM)
    world.write(other=VM.replace("web-1", "web-2"))
    drawn = world.cli.on_terminal("apply", "-f", "fleet", "--yes")
    bars = [line for line in drawn if line.startswith("0 of 1 step done")]
    assert "━" in bars[0]
    assert bars[0].endswith(" left"), "there is an estimate from the first moment on"
    assert any("vm/web-2" in line and " creating " in line and " of about " in line for line in drawn)
    assert [line for line in drawn if cell_len(line) > 80] == []
    assert any(line.startswith("Applied: 1 created") for line in drawn)


def test_without_a_terminal_an_apply_says_a_line_an_event(world: Fleet) -> None:
    world.write(network=NETWORK)
    done = world.cli.apply()
    assert "network/prod: creating …\nnetwork/prod: created in " in done.err
    assert "━" not in done.out + done.err
