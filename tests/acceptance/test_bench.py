"""The fleets that are measured: they are what they say, and every measured command still runs."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from reconciler.catalog import merge
from reconciler.engine.drivers import catalog_parts
from reconciler.manifest.load import load_offline
from reconciler.manifest.source.files import collect
from tests.bench.fleet import counts, least_requests, spread, write_fleet
from tests.rigs.databases import fastest_folder

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("size", [1, 11, 22, 63])
def test_a_fleet_is_valid_and_has_what_it_says(tmp_path: Path, size: int) -> None:
    write_fleet(tmp_path, size, "http://127.0.0.1:1/v1")
    files, problems = collect([tmp_path], sys.stdin.buffer)
    assert not problems
    found = load_offline(files, merge(catalog_parts())).desired
    kinds = Counter(address.type for address in found)
    assert (kinds["network"], kinds["vm"], kinds["volume"]) == counts(size)
    assert len(found) == size
    values = [len(item.attributes) + len(item.tags) for item in found.values()]
    assert all(6 <= count <= 14 for count in values)


def test_the_same_size_gives_the_same_bytes_and_a_change_touches_its_own_document(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_fleet(tmp_path / name, 63, "http://127.0.0.1:1/v1")
    write_fleet(tmp_path / "changed", 63, "http://127.0.0.1:1/v1", spread(63, 1))
    one, two, changed = (
        [file.read_bytes() for file in sorted((tmp_path / name).iterdir())]
        for name in ("one", "two", "changed")
    )
    assert one == two
    assert sum(a != b for a, b in zip(one, changed, strict=True)) == 1


def test_changes_are_spread_without_repeats() -> None:
    assert len(spread(1000, 10)) == 10
    assert max(spread(1000, 10)) < 1000
    assert spread(1000, 0) == frozenset()


def test_the_least_requests_are_full_pages_for_each_type() -> None:
    assert least_requests(21) == 3
    assert least_requests(21 * 50) == 1 + 10 + 10


@pytest.mark.parametrize("applied", [22, 0], ids=["applied", "seeded"])
def test_every_measured_command_runs_on_a_tiny_fleet(applied: int) -> None:
    with tempfile.TemporaryDirectory(prefix="reconciler-bench-", dir=fastest_folder()) as folder:
        Path(folder).chmod(0o711)  # for the database server's own account, where root runs the tests
        command = [sys.executable, "-m", "tests.bench", "--sizes", "22", "--repeat", "1"]
        options = ["--apply-up-to", str(applied), "--terraform-plan-up-to", "0"]
        ended = subprocess.run(
            [*command, *options, "--workspace", f"{folder}/work"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        rows = [line.split("|")[1].strip() for line in ended.stdout.splitlines() if line.startswith("| ")]
    plans = ["plan, no change", "plan, 1 changed", "plan, 1 % changed"]
    if applied:
        assert rows == ["what", "first apply, over HTTP", *plans, "observe"]
    else:
        assert rows == ["what", "load and record, seeded", *plans]
