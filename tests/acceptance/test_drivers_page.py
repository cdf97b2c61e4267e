"""docs/drivers.md: the driver that it shows is whole, keeps the contract, and does what a manifest wants.

All is as with a stranger: the program and the driver are installed from their wheels, and nothing is found
in the checkout.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rigs.pages import nameless_blocks, shown_files
from tests.rigs.processes import Cli
from tests.rigs.wheels import environment, install

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = CHECKOUT / "docs/drivers.md"
SUITE = ["-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's files."""
    folder = tmp_path_factory.mktemp("notes")
    for name, text in shown_files(PAGE).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def python(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of who has installed the program and the driver."""
    return environment(tmp_path_factory.mktemp("venv"), CHECKOUT, project)


def run(python: Path | str, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [str(python), *command], cwd=folder, env=env, capture_output=True, text=True, check=False
    )


def alone(folder: Path, *files: Path) -> Path:
    """The files in a folder that has nothing else, so that all the rest is what is installed."""
    for file in files:
        shutil.copy(file, folder)
    return folder


def test_the_page_shows_a_whole_project_and_how_it_is_tested() -> None:
    assert set(shown_files(PAGE)) == {
        "notes/catalog.yaml",
        "notes/folder.py",
        "notes/__init__.py",
        "pyproject.toml",
        "notes.yaml",
        "test_notes.py",
    }
    ((language, command),) = nameless_blocks(PAGE)
    assert language == "sh"
    assert command == "pip install 'reconciler[testing]' && pip install -e . && pytest test_notes.py\n"


def test_the_driver_keeps_the_contract_by_what_is_installed(
    python: Path, project: Path, tmp_path: Path
) -> None:
    where = "import reconciler.testing, notes; print(reconciler.testing.__file__, notes.__file__)"
    files = run(python, tmp_path, "-c", where).stdout.split()
    assert [Path(file).is_relative_to(python.parents[1]) for file in files] == [True, True]
    done = run(python, alone(tmp_path, project / "test_notes.py"), *SUITE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "24 passed" in done.stdout


@pytest.mark.parametrize(
    ("right", "wrong", "noticed"),
    [
        ("target[1] not in notes)", "False)", "positively_absent"),
        ("complete=frozenset() if request.targets else", "complete=", "what_is_not_there_is_absent"),
        (', ambiguous=method != "GET"', "", "readable_answer_is_ambiguous"),
        ("raise Refused(409)", "pass", "creating_twice"),
        ('{"note_text": note["text"]}', "{}", "observed_as_it_was_desired"),
        (', note["tags"], mark)', ', note["tags"])', "found_again"),
    ],
)
def test_the_suite_notices_a_driver_that_does_not(
    python: Path, project: Path, tmp_path: Path, right: str, wrong: str, noticed: str
) -> None:
    shutil.copytree(project / "notes", tmp_path / "notes")
    for file in (tmp_path / "notes").glob("*.py"):
        file.write_text(file.read_text().replace(right, wrong))
    assert sum(right in file.read_text() for file in (project / "notes").glob("*.py")) == 1
    done = run(python, alone(tmp_path, project / "test_notes.py"), *SUITE)
    assert done.returncode == 1, done.stdout + done.stderr
    assert noticed in done.stdout


def test_an_installed_package_is_typed(python: Path, project: Path, tmp_path: Path) -> None:
    command = ["-m", "mypy", "--strict", "--python-executable", str(python), "--cache-dir", str(tmp_path)]
    folder = alone(tmp_path, project / "test_notes.py")
    shutil.copytree(project / "notes", folder / "notes")
    done = run(sys.executable, folder, *command, "notes", "test_notes.py")
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "wrong.py").write_text(
        "from reconciler.model.address import Address\n\nnumber: int = Address.parse('note/shopping').name\n"
    )
    done = run(sys.executable, folder, *command, "wrong.py")
    assert 'expression has type "str", variable has type "int"' in done.stdout


def test_the_page_s_manifest_is_applied(cli: Cli, project: Path) -> None:
    site, notes = cli.folder / "site", cli.folder / "notes"
    install(project, site)
    notes.mkdir()
    (notes / "password").write_text("of the folder")
    cli.env |= {"PYTHONPATH": str(site), "NOTES_PASSWORD": "of the folder"}
    fleet = cli.folder / "notes.yaml"
    fleet.write_text((project / "notes.yaml").read_text().replace("/srv/notes", str(notes)))
    cli.ok("apply", "-f", str(fleet), "--yes")
    written = json.loads((notes / "shopping.json").read_text())
    assert (written["text"], written["tags"]) == ("bread and salt", {"for": "home"})
    assert cli.run("plan", "-f", str(fleet), "--detailed-exitcode").code == 0
