"""What is installed from the wheel works without the checkout: its SQL, its catalogs, its entry points."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.rigs.databases import TestDatabase
from tests.rigs.wheels import install

CHECKOUT = Path(__file__).resolve().parents[2]

MIGRATE = """
import sys
from pathlib import Path
folder, dsn = sys.argv[1:]
sys.path.insert(0, folder)
import reconciler
assert Path(reconciler.__file__).is_relative_to(folder), reconciler.__file__
from reconciler.store.database.queries import sql_root
assert Path(str(sql_root())).is_relative_to(folder), sql_root()
from reconciler.store.database.migrate import migrate, status
print(migrate(dsn), status(dsn).pending)
from reconciler.catalog import core_part
from reconciler.providers.hetzner import HetznerDriver
from reconciler.providers.proxmox import ProxmoxDriver
print(len(core_part().resource_types), HetznerDriver.catalog.name, ProxmoxDriver.catalog.name)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content, as an installer would lay it out."""
    folder = tmp_path_factory.mktemp("wheel")
    install(CHECKOUT, folder)
    return folder


def test_an_installed_wheel_migrates_a_database_from_nothing(
    installed: Path, empty_database: TestDatabase, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MIGRATE, str(installed), empty_database.admin],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "0001_initial.sql" in done.stdout
    assert done.stdout.rstrip().splitlines()[0].endswith("()")


def test_the_wheel_says_that_it_is_typed_and_that_only_tests_need_pytest(installed: Path) -> None:
    assert (installed / "reconciler" / "py.typed").is_file()
    (metadata,) = installed.glob("*.dist-info/METADATA")
    asked = [line for line in metadata.read_text(encoding="utf-8").splitlines() if "pytest" in line]
    assert "Requires-Dist: pytest>=8; extra == 'testing'" in asked
    assert all("extra == " in line for line in asked)


def test_the_wheel_names_its_command_and_its_drivers(installed: Path) -> None:
    (entry_points,) = installed.glob("*.dist-info/entry_points.txt")
    text = entry_points.read_text(encoding="utf-8")
    assert "reconciler = reconciler.cli:main" in text
    assert "proxmox = reconciler.providers.proxmox:ProxmoxDriver" in text
