"""Sources: which kinds are complete, what they are called, and at which commit a folder stands."""

from __future__ import annotations

import shutil
from io import BytesIO
from pathlib import Path

import pytest
from dulwich.repo import Repo

from reconciler.errors import ConfigurationError, ManifestError
from reconciler.manifest.source.git.place import remote_name
from reconciler.manifest.source.sources import read_source, read_sources
from reconciler.manifest.source.state import SourceSpec
from tests.rigs.git import commit, new_repository

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


def test_a_single_file_is_a_part_of_its_folder_and_standard_input_is_not_complete(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(WEB)
    state = read_source(SourceSpec((str(tmp_path / "a.yaml"),)), tmp_path)
    assert (state.kind, state.complete, state.name, state.part) == ("files", True, str(tmp_path), ("a.yaml",))
    assert [path for path, _ in state.rest()] == ["b.yaml"]
    piped = read_source(SourceSpec(("-",)), tmp_path, BytesIO(WEB.encode()))
    assert (piped.kind, piped.complete, piped.name) == ("stdin", False, "stdin")
    assert piped.files[0].content == WEB.encode()


def test_two_folders_are_two_sources_and_one_is_none_of_the_other(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.yaml").write_text(WEB)
    paths = (str(tmp_path / "a"), str(tmp_path / "b"))
    assert [(s.name, s.complete) for s in read_sources(SourceSpec(paths), tmp_path)] == [
        (p, True) for p in paths
    ]
    with pytest.raises(ConfigurationError):
        read_source(SourceSpec(paths), tmp_path)
    assert not read_source(SourceSpec(paths, name="one"), tmp_path).complete, "it may be more than these"


def test_what_lies_in_a_source_that_is_recorded_is_a_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "prod" / "eu").mkdir(parents=True)
    (tmp_path / "prod" / "eu" / "x.yaml").write_text(WEB)
    for path in ("prod/eu", "prod/eu/x.yaml"):
        spec = SourceSpec((str(tmp_path / path),))
        state = read_source(spec, tmp_path, known=[str(tmp_path)])
        assert (state.name, state.part) == (str(tmp_path), (path,))
        assert list(state.paths.values()) == ["prod/eu/x.yaml"]


REMOTES = [
    "https://git.example.com/team/fleet.git",
    "https://jane:secret@GIT.example.com:443/team/fleet",
    "ssh://git@git.example.com/team/fleet.git",
    "git@git.example.com:team/fleet.git",
]


@pytest.mark.parametrize("remote", REMOTES)
def test_every_clone_of_a_repository_is_one_source_whatever_way_leads_there(
    folder: Path, tmp_path: Path, remote: str
) -> None:
    with (folder.parent / ".git" / "config").open("a") as config:
        config.write(f'[remote "origin"]\n\turl = {remote}\n')
    state = read_source(SourceSpec((str(folder),)), tmp_path)
    assert (state.name, state.named_by) == ("git.example.com/team/fleet//prod", "remote")
    assert remote_name(remote) == "git.example.com/team/fleet"
    git = read_source(SourceSpec(git=str(folder.parent), subfolder="prod"), tmp_path)
    assert git.name == state.name
    assert git.paths.keys() == {"prod/web.yaml"}
    assert set(git.paths.values()) == set(state.paths.values())


def test_a_clone_of_a_clone_is_called_as_what_it_was_cloned_from(folder: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    Repo.clone(Repo(str(folder.parent)), str(clone), origin=b"origin").close()
    shutil.copytree(folder, clone / "prod", dirs_exist_ok=True)
    first = read_source(SourceSpec((str(folder),)), tmp_path)
    assert first.name == f"{folder.parent}//prod"
    assert read_source(SourceSpec((str(clone / "prod"),)), tmp_path).name == first.name


@pytest.mark.parametrize("inside", ["", "prod", "prod/web.yaml"])
def test_a_reconciler_yaml_names_the_source_in_folder_and_git_alike(tmp_path: Path, inside: str) -> None:
    work = tmp_path / "work"
    work.mkdir()
    Repo.init(str(work)).close()
    files = {"prod/web.yaml": WEB, "prod/old/x.yaml": WEB, "more.yaml": WEB}
    files["reconciler.yaml"] = "name: fleet\nfolder: prod\nignore: [old/]\n"
    commit(work, files)
    for path, text in files.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_text(text)
    state = read_source(SourceSpec((str(work / inside),)), tmp_path)
    assert (state.name, state.named_by) == ("fleet", "file")
    assert list(state.paths.values()) == ["prod/web.yaml"]
    assert state.part == (("prod/web.yaml",) if inside.endswith("yaml") else None)
    assert state.commit is not None
    assert not state.commit.endswith("dirty")
    if not inside.endswith("yaml"):
        git = read_source(SourceSpec(git=str(work), subfolder=inside or None), tmp_path)
        assert (git.name, git.paths) == ("fleet", {"prod/web.yaml": "prod/web.yaml"})


def test_a_source_inside_of_another_is_refused(tmp_path: Path) -> None:
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "reconciler.yaml").write_text("name: team\n")
    (tmp_path / "team" / "a.yaml").write_text(WEB)
    assert read_source(SourceSpec((str(tmp_path / "team"),)), tmp_path).name == "team"
    with pytest.raises(ManifestError) as caught:
        read_source(SourceSpec((str(tmp_path),)), tmp_path)
    assert [problem.code for problem in caught.value.problems] == ["source.nested"]


def test_a_source_of_which_everything_is_ignored_is_empty_and_no_deletion_follows(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text("name: fleet\nignore: ['*']\n")
    (tmp_path / "a.yaml").write_text(WEB)
    with pytest.raises(ManifestError) as caught:
        read_source(SourceSpec((str(tmp_path),)), tmp_path)
    assert [problem.code for problem in caught.value.problems] == ["manifest.empty"]


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


def test_a_repository_is_complete_and_each_folder_is_a_source(tmp_path: Path) -> None:
    fleet = new_repository(tmp_path / "fleet.git")
    made = commit(fleet, {"prod/web.yaml": WEB})
    state = read_source(SourceSpec(git=str(fleet), subfolder="prod"), tmp_path)
    assert (state.kind, state.complete, state.commit, state.in_folder) == ("git", True, made, False)
    assert (state.url, state.branch, state.subfolder) == (str(fleet), None, "prod")
    assert state.name == f"{fleet}//prod"
    assert read_source(SourceSpec(git=str(fleet), branch="main"), tmp_path).name == str(fleet), (
        "a branch is no source of its own"
    )


def test_a_source_that_cannot_be_read_whole_gives_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in ("empty", "missing"):
        with pytest.raises(ManifestError):
            read_source(SourceSpec((str(tmp_path / path),)), tmp_path)
    with pytest.raises(ConfigurationError):
        read_source(SourceSpec(), tmp_path)
    with pytest.raises(ConfigurationError):
        read_source(SourceSpec(("a",), git="b"), tmp_path)
