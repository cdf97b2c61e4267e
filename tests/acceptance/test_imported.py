"""What a process of each short command imports: nearly all that it costs, and the same on every machine.

`ours` counts the program's own modules, and each library is named that may be there at all. A number that
fell is written down here; one that has grown by more than a tenth fails, as does a library that is not named.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

import pytest

from tests.rigs.processes import Cli

_PRINTING = """
import atexit, json, os, sys
atexit.register(lambda: open(os.environ["IMPORTED"], "w").write(json.dumps(sorted(sys.modules))))
sys.argv[0] = "reconciler"
from reconciler.cli import main
main()
"""
_LIBRARIES = (
    *("apscheduler", "asyncio", "cryptography", "dateutil", "dulwich", "hcloud", "platformdirs"),
    *(
        "prometheus_client",
        "proxmoxer",
        "psycopg",
        "psycopg_pool",
        "pydantic",
        "requests",
        "rich",
        "structlog",
    ),
    *("urllib3", "yaml"),
)
_DATABASE = frozenset({"asyncio", "psycopg", "psycopg_pool", "rich"})  # psycopg has asyncio with it
_MANIFESTS = frozenset({"dulwich", "pydantic", "rich", "yaml"})  # pydantic is for the catalogs
_NONE: frozenset[str] = frozenset()
_MANIFEST = "apiVersion: reconciler/v1\nkind: Location\nmetadata: {name: fsn1}\nspec: {display_name: F}\n"
_WORDS = {
    "version": (13, _NONE),
    "--help": (40, _NONE),
    "get --help": (14, _NONE),
    "plan --help": (15, _NONE),
    "get all": (55, _DATABASE),
    "get all -o json": (78, _DATABASE),
    "get all --at 1h": (63, _DATABASE),
    "history": (68, _DATABASE),
    "describe vm/web-1": (76, _DATABASE),
    "validate -f fleet": (99, _MANIFESTS),
}
_COMPLETED = {"reconciler ge": (14, _NONE), "reconciler get --": (14, _NONE), "reconciler ": (40, _NONE)}


@pytest.mark.parametrize("words", _WORDS)
def test_a_command_imports_what_it_needs(cli: Cli, words: str) -> None:
    (cli.folder / "fleet").mkdir()
    (cli.folder / "fleet" / "place.yaml").write_text(_MANIFEST)
    assert imported(cli, words.split()) == within(*_WORDS[words])


@pytest.mark.parametrize("line", _COMPLETED)
def test_completion_imports_the_command_at_most(bare: Cli, line: str) -> None:
    asked = {"_RECONCILER_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    bare.env |= asked
    assert imported(bare, []) == within(*_COMPLETED[line])


class within:  # noqa: N801 - read in a comparison
    """Equal to what is no more than this: a tenth more of our modules, and of the libraries only these."""

    def __init__(self, ours: int, libraries: frozenset[str]) -> None:
        self.ours, self.libraries = ours, libraries

    def __eq__(self, found: object) -> bool:
        assert isinstance(found, tuple)
        ours, libraries = found
        return bool(self.ours * 0.9 <= ours <= self.ours * 1.1 and libraries <= self.libraries)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"about {self.ours} of ours, with {sorted(self.libraries) or 'no library'} at most"


def imported(cli: Cli, words: list[str]) -> tuple[int, frozenset[str]]:
    """How many modules of ours, and which libraries, a process has imported when it ends."""
    where = cli.folder / "imported.json"
    subprocess.run(
        [sys.executable, "-c", _PRINTING, *words],
        cwd=cli.folder,
        env=cli.env | {"IMPORTED": str(where)},
        capture_output=True,
        check=False,
    )
    count = Counter(name.partition(".")[0] for name in json.loads(where.read_text()))
    return count["reconciler"], frozenset(count.keys() & set(_LIBRARIES))
