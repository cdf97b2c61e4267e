"""A git repository as a source: what is read, and that every way of not reading it is an error."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.errors import ManifestError
from reconciler.manifest.source.git.remote import open_git
from tests.rigs.git import LINK, SUBMODULE, commit, new_repository, served

FILES = {
    "README.md": "not a manifest",
    ".github/workflow.yaml": "hidden",
    "prod/web.yaml": "kind: A\n",
    "prod/db/main.yml": "kind: B\n",
    "test/web.yaml": "kind: C\n",
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return new_repository(tmp_path / "fleet.git")


def code(url: str, cache: Path, branch: str | None = None, subfolder: str | None = None) -> str:
    """The code of the only problem that opening it has."""
    with pytest.raises(ManifestError) as caught:
        open_git(url, branch, subfolder, cache)
    (problem,) = caught.value.problems
    assert problem.hint
    return problem.code


def test_a_local_repository_is_read_in_place_without_a_work_tree(repository: Path, tmp_path: Path) -> None:
    made = commit(repository, FILES)
    checkout = open_git(str(repository), None, None, tmp_path / "cache")
    assert [(file.display_name, file.content) for file in checkout.files] == [
        ("prod/db/main.yml", b"kind: B\n"),
        ("prod/web.yaml", b"kind: A\n"),
        ("test/web.yaml", b"kind: C\n"),
    ]
    assert (checkout.commit, checkout.author) == (made, "Jane Doe <jane@example.com>")
    assert checkout.message == "Change the fleet\n"
    assert checkout.authored_at == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert not (tmp_path / "cache").exists()


def test_only_the_subfolder_of_the_branch_is_read(repository: Path, tmp_path: Path) -> None:
    commit(repository, FILES)
    commit(repository, {"prod/web.yaml": "kind: D\n"}, branch="next")
    checkout = open_git(str(repository), "next", "/prod/", tmp_path)
    assert [(file.display_name, file.content) for file in checkout.files] == [("prod/web.yaml", b"kind: D\n")]
    assert checkout.subfolder == "prod"


def test_a_remote_repository_is_fetched_again_when_it_moves_on(repository: Path, tmp_path: Path) -> None:
    first = commit(repository, FILES)
    with served(repository) as url:
        assert open_git(url, "main", "prod", tmp_path / "cache").commit == first
        second = commit(repository, {**FILES, "prod/web.yaml": "kind: E\n"})
        checkout = open_git(url, None, "prod", tmp_path / "cache")
    assert checkout.commit == second
    assert {file.content for file in checkout.files} == {b"kind: B\n", b"kind: E\n"}


@pytest.mark.parametrize(
    ("branch", "subfolder", "expected"),
    [
        ("nowhere", None, "source.no_branch"),
        (None, "nowhere", "source.no_subfolder"),
        (None, "README.md", "source.no_subfolder"),
        (None, "../prod", "source.no_subfolder"),
        (None, "empty", "manifest.empty"),
    ],
)
def test_what_is_not_there_is_an_error_and_not_an_empty_set(
    repository: Path, tmp_path: Path, branch: str | None, subfolder: str | None, expected: str
) -> None:
    commit(repository, {**FILES, "empty/notes.txt": "x", "empty/blank.yaml": "\n"})
    assert code(str(repository), tmp_path, branch, subfolder) == expected
    if branch is not None:
        with served(repository) as url:
            assert code(url, tmp_path, branch, subfolder) == expected


def test_a_repository_without_a_commit_has_no_branch(repository: Path, tmp_path: Path) -> None:
    assert code(str(repository), tmp_path) == "source.no_branch"


def test_a_folder_that_is_no_repository_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    assert code(str(tmp_path / "plain"), tmp_path / "cache") == "source.no_repository"
    assert code(str(tmp_path / "missing"), tmp_path / "cache") == "source.no_repository"


def test_an_unreachable_remote_is_an_error_even_with_a_copy_in_the_cache(
    repository: Path, tmp_path: Path
) -> None:
    commit(repository, FILES)
    with served(repository) as url:
        open_git(url, None, None, tmp_path / "cache")
    assert code(url, tmp_path / "cache") == "source.unreachable"


def test_no_credential_of_a_url_is_shown(tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        open_git("http://jane:hunter2@127.0.0.1:1/fleet.git", None, None, tmp_path)
    assert "hunter2" not in str(caught.value.problems[0])
    assert "127.0.0.1:1/fleet.git" in str(caught.value.problems[0])


def test_a_lost_object_is_an_error(repository: Path, tmp_path: Path) -> None:
    commit(repository, FILES)
    for blob in (repository / "objects").glob("??/*"):
        if b"kind: A" in zlib.decompress(blob.read_bytes()):
            blob.unlink()
    assert code(str(repository), tmp_path) == "source.broken"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [((LINK, "../elsewhere.yaml"), "manifest.symlink"), ((SUBMODULE, "1" * 40), "manifest.submodule")],
)
def test_what_could_hide_manifests_is_a_problem(
    repository: Path, tmp_path: Path, entry: tuple[int, str], expected: str
) -> None:
    commit(repository, {**FILES, "prod/more": entry})
    assert code(str(repository), tmp_path) == expected
