"""The pages name what there is: files, properties, words, commands; no text cites a page that is not here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer.main

from reconciler.cli.app import app
from reconciler.cli.exit_codes import MEANINGS, ExitCode
from reconciler.errors import ErrorCode
from reconciler.executor.steps.outcome import Result
from reconciler.model.plan import BlockReason
from reconciler.sim.faults import KINDS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FOLDERS = (".ci", "deploy", "docs", "findings", "manifests", "reconciler", "sql", "tests")
_TEXTS = frozenset({"", ".example", ".md", ".py", ".service", ".sh", ".sql", ".toml", ".txt", ".yaml"})
_PATH = re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, FOLDERS))})/[\w./*-]*(?:\.\w+|/)(?![\w/])")
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")
_PAGE = re.compile(r"[\w./-]+\.md\b")
_OUTSIDE = re.compile(r"\.\./" + r"shared\b")
_CITED = re.compile(r"\bpropert(?:y|ies) (\d+(?:(?:, | and | to )\d+)*)")
_COMMAND = re.compile(r"(?:`|^|bin/)reconciler ([a-z][^`\n#]*)", re.MULTILINE)
_PROPERTY = re.compile(r"^### (\d+)\. ", re.MULTILINE)
_STATE = re.compile(r"^\(\d+, '(\w+)', '", re.MULTILINE)
_STATUSES = re.compile(r"CONSTRAINT resource_operations_status CHECK \(\s*status IN \((.*?)\)", re.DOTALL)


@cache
def texts() -> dict[Path, str]:
    """Every text of the project, by its file; what tools leave behind is in no folder of these."""
    files = [*ROOT.glob("*.md"), *ROOT.glob("*.toml"), ROOT / "Makefile"]
    files += [file for folder in FOLDERS for file in (ROOT / folder).rglob("*")]
    return {
        file: file.read_text(encoding="utf-8", errors="replace")
        for file in files
        if file.is_file() and file.suffix in _TEXTS and "__pycache__" not in file.parts
    }


def pages() -> dict[Path, str]:
    return {file: text for file, text in texts().items() if file.is_relative_to(DOCS)}


def shown(file: Path) -> str:
    return str(file.relative_to(ROOT))


def sections() -> Iterator[tuple[int, str]]:
    """The properties of docs/safety.md, each with its text."""
    words = _PROPERTY.split(texts()[ROOT / "docs/safety.md"])
    return zip(map(int, words[1::2]), words[2::2], strict=True)


def test_every_file_that_a_page_names_is_there() -> None:
    named = [(file, path) for file, text in pages().items() for path in _PATH.findall(text)]
    assert len(named) > 50
    assert [(shown(file), path) for file, path in named if not list(ROOT.glob(path.rstrip("/")))] == []


def test_every_link_of_a_page_leads_somewhere() -> None:
    markdown = [(file, text) for file, text in texts().items() if file.suffix == ".md"]
    links = [(file, link) for file, text in markdown for link in _LINK.findall(text)]
    assert [(shown(file), link) for file, link in links if not (file.parent / link).exists()] == []


def test_every_page_is_in_the_index() -> None:
    listed = {(DOCS / link).resolve() for link in _LINK.findall(texts()[DOCS / "README.md"])}
    assert pages().keys() - listed == {DOCS / "README.md"}


def test_no_text_cites_a_page_that_a_clone_lacks() -> None:
    def there(file: Path, page: str) -> bool:
        places = [file.parent, ROOT, *([DOCS] if file.is_relative_to(DOCS) else [])]
        return any((place / page).is_file() for place in places)

    cited = [(file, page) for file, text in texts().items() for page in _PAGE.findall(text)]
    assert [(shown(file), page) for file, page in cited if not there(file, page)] == []
    assert [shown(file) for file, text in texts().items() if _OUTSIDE.search(text)] == []


def test_every_property_that_is_cited_is_explained() -> None:
    explained = [number for number, _ in sections()]
    assert explained == list(range(1, 36))
    for file, text in texts().items():
        for numbers in _CITED.findall(text):
            assert {int(each) for each in re.findall(r"\d+", numbers)} <= {*explained}, shown(file)


@pytest.mark.parametrize("number", range(1, 36))
def test_a_property_names_what_keeps_it_and_what_proves_it(number: int) -> None:
    _, _, rest = dict(sections())[number].partition("- Kept by: ")
    kept, found, proved = rest.partition("- Proved by: ")
    assert found
    assert _PATH.findall(kept)
    proofs = _PATH.findall(proved.partition("\n\n")[0])
    assert proofs
    assert all(Path(path).name.startswith("test_") for path in proofs)


def test_every_word_that_a_failing_apply_may_say_is_explained() -> None:
    page, sql = texts()[ROOT / "docs/debugging.md"], ROOT / "sql"
    (statuses,) = _STATUSES.findall(texts()[sql / "schema/07_operations.sql"])
    states = _STATE.findall(texts()[sql / "seed/01_names.sql"])
    assert len(states) > 10
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| ")]
    told = {word for row in rows for word in re.findall(r"`([^`]+)`|^ (\d+) $", row) for word in word if word}
    words = {*map(str, (*BlockReason, *Result, *ErrorCode)), *re.findall(r"\w+", statuses), *states}
    assert (words | {str(code.value) for code in ExitCode}) - told == set()


def test_the_exit_codes_are_explained_as_help_explains_them() -> None:
    page = texts()[ROOT / "docs/debugging.md"].replace("`", "")
    assert set(MEANINGS) == set(ExitCode)
    assert [code for code, text in MEANINGS.items() if f"\n| {code.value} | {text} |\n" not in page] == []


def test_no_other_file_of_the_command_line_knows_an_exit_code_by_its_number() -> None:
    by_number = re.compile(r"\b(?:Exit|exit)\(\s*\d|\bcode = \d|-> int:(?:\n    .*|\n)*?\n    +return \d")
    files = {file: text for file, text in texts().items() if file.is_relative_to(ROOT / "reconciler/cli")}
    assert len(files) > 40
    known = {ROOT / "reconciler/cli/terminal/streams.py"}  # there a number of characters is meant
    assert [shown(file) for file, text in files.items() if by_number.search(text) and file not in known] == []


def test_every_fault_of_the_simulators_is_explained() -> None:
    page = texts()[ROOT / "docs/testing.md"]
    assert {kind for kind in KINDS if f"\n| `{kind}` |" not in page} == set()


def test_every_command_that_a_page_names_can_be_typed() -> None:
    program = typer.main.get_command(app)
    lines = [
        line for file, text in texts().items() if file.suffix == ".md" for line in _COMMAND.findall(text)
    ]
    assert len(lines) > 40
    for line in lines:
        command, known = program, {name for param in program.params for name in param.opts}
        for word in line.split():
            if (inner := getattr(command, "commands", {}).get(word)) is not None:
                command = inner
                known |= {name for param in command.params for name in param.opts}
            elif word.startswith("-") and len(word) > 1:
                assert word.split("=")[0] in known, line
        assert command is not program, line
