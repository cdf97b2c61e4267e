"""Sources: which kinds are complete, what they are called, and at which commit a folder stands."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from dulwich.repo import Repo

from reconciler.errors import ConfigurationError, ManifestError
from reconciler.manifest.sources import SourceSpec, read_source
from tests.unit.git_rig import commit, new_repository

WEB = "kind: Web\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A work tree with its manifests in `prod`, all committed."""
    work = tmp_path / "work"
    work.mkdir()
    Repo.init(str(work)).close()
    commit(work, {"prod/web.yaml": WEB, "notes.txt": "x"})
    (work / "prod").mkdir()
    (work / "prod" / "web.yaml").write_text(WEB)
    return work / "prod"


def test_a_folder_is_complete_and_is_called_by_its_real_path(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.yaml").write_text(WEB)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    state = read_source(SourceSpec((str(tmp_path / "link"),)), tmp_path)
    assert (state.kind, state.complete, state.name) == ("folder", True, str(tmp_path / "real"))
    assert (state.commit, state.author, state.in_folder) == (None, None, True)
    assert [file.content for file in state.files] == [WEB.encode()]


def test_single_files_and_standard_input_are_not_complete(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(WEB)
    state = read_source(SourceSpec((str(tmp_path / "a.yaml"),)), tmp_path)
    assert (state.kind, state.complete, state.name) == ("files", False, "files")
    piped = read_source(SourceSpec(("-",)), tmp_path, BytesIO(WEB.encode()))
    assert (piped.kind, piped.complete, piped.name) == ("stdin", False, "stdin")
    assert piped.files[0].content == WEB.encode()


def test_a_folder_together_with_other_paths_is_not_complete(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.yaml").write_text(WEB)
    paths = (str(tmp_path / "a"), str(tmp_path / "b"))
    assert not read_source(SourceSpec(paths), tmp_path).complete


def test_a_source_may_be_given_a_name(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(WEB)
    assert read_source(SourceSpec((str(tmp_path),), name="fleet"), tmp_path).name == "fleet"


def test_a_folder_in_a_work_tree_knows_its_commit_and_author(folder: Path, tmp_path: Path) -> None:
    state = read_source(SourceSpec((str(folder),)), tmp_path)
    assert state.commit is not None
    assert len(state.commit) == 40
    assert (state.author, state.message) == ("Jane Doe <jane@example.com>", "Change the fleet\n")


@pytest.mark.parametrize("change", ["edit", "add", "remove"])
def test_a_change_that_is_not_committed_makes_a_folder_dirty(
    folder: Path, tmp_path: Path, change: str
) -> None:
    if change == "edit":
        (folder / "web.yaml").write_text("kind: Other\n")
    else:
        (folder / "new.yaml").write_text(WEB)
    if change == "remove":
        (folder / "web.yaml").unlink()
    state = read_source(SourceSpec((str(folder),)), tmp_path)
    assert state.commit is not None
    assert state.commit.endswith("-dirty")
    assert state.author is None, "nobody committed what is there"


def test_a_change_elsewhere_in_the_work_tree_does_not(folder: Path, tmp_path: Path) -> None:
    (folder.parent / "notes.txt").write_text("changed")
    (folder / "notes.txt").write_text("new")
    state = read_source(SourceSpec((str(folder),)), tmp_path)
    assert state.commit is not None
    assert not state.commit.endswith("-dirty")


def test_a_repository_is_complete_and_each_branch_and_folder_is_a_source(tmp_path: Path) -> None:
    fleet = new_repository(tmp_path / "fleet.git")
    made = commit(fleet, {"prod/web.yaml": WEB})
    state = read_source(SourceSpec(git=str(fleet), subfolder="prod"), tmp_path)
    assert (state.kind, state.complete, state.commit, state.in_folder) == ("git", True, made, False)
    assert (state.url, state.branch, state.subfolder) == (str(fleet), None, "prod")
    assert state.name == f"{fleet}//prod"
    assert read_source(SourceSpec(git=str(fleet), branch="main"), tmp_path).name == f"{fleet}@main"


def test_a_source_that_cannot_be_read_whole_gives_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in ("empty", "missing"):
        with pytest.raises(ManifestError):
            read_source(SourceSpec((str(tmp_path / path),)), tmp_path)
    with pytest.raises(ConfigurationError):
        read_source(SourceSpec(), tmp_path)
    with pytest.raises(ConfigurationError):
        read_source(SourceSpec(("a",), git="b"), tmp_path)
