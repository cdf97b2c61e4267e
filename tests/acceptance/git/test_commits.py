"""What a commit says of itself, and whether a work tree is as committed: as git itself would see both."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dulwich.objects import Commit
from dulwich.repo import Repo
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import ManifestError
from reconciler.manifest.source.git.commit import commit_text, decoded, moment
from reconciler.manifest.source.git.remote import open_git
from reconciler.manifest.source.sources import read_source
from reconciler.manifest.source.state import SourceSpec, SourceState
from tests.rigs.git import commit, new_repository

WEB = "kind: Web\n"
with_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def work_tree(folder: Path, files: dict[str, bytes], *settings: str, init: tuple[str, ...] = ()) -> Path:
    """A repository made by git, with everything committed and checked out as its settings say."""
    folder.mkdir()
    git(folder, "init", "--quiet", *init)
    for setting in settings:
        git(folder, "config", *setting.split("=", 1))
    for name, content in files.items():
        (folder / name).write_bytes(content)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "Change the fleet")
    for name in files:
        (folder / name).unlink()
    git(folder, "checkout", "--", ".")
    assert git(folder, "status", "--porcelain") == ""
    return folder


def read(folder: Path) -> SourceState:
    return read_source(SourceSpec((str(folder),)), folder.parent / "cache")


CLEAN: dict[str, tuple[dict[str, bytes], tuple[str, ...], tuple[str, ...]]] = {
    "autocrlf": ({"a.yaml": b"kind: A\nx: 1\n"}, ("core.autocrlf=true",), ()),
    "eol": ({"a.yaml": b"kind: A\n", ".gitattributes": b"*.yaml text eol=crlf\n"}, (), ()),
    "ident": ({"a.yaml": b"# $Id$\nkind: A\n", ".gitattributes": b"*.yaml ident\n"}, (), ()),
    "encoding": (
        {"a.yaml": "# ä\n".encode("utf-16"), ".gitattributes": b"*.yaml working-tree-encoding=UTF-16\n"},
        (),
        (),
    ),
    "crlf that was committed": ({"a.yaml": b"kind: A\r\n"}, (), ()),
    "sha256": ({"a.yaml": b"kind: A\n"}, (), ("--object-format=sha256",)),
    "precious objects": ({"a.yaml": b"kind: A\n"}, ("extensions.preciousObjects=true",), ()),
    "partial clone": ({"a.yaml": b"kind: A\n"}, ("extensions.partialClone=origin",), ()),
    "an unknown key": ({"a.yaml": b"kind: A\n"}, ("extensions.someDay=yes",), ()),
}


@with_git
@pytest.mark.parametrize("case", CLEAN)
def test_a_clean_work_tree_is_at_its_commit(tmp_path: Path, case: str) -> None:
    files, settings, init = CLEAN[case]
    folder = work_tree(tmp_path / "work", files, *settings, init=init)
    state = read(folder)
    assert state.commit == git(folder, "rev-parse", "HEAD")
    assert state.author == "Ada <ada@example.com>"

    (folder / "a.yaml").write_bytes(b"kind: Other\n")
    assert str(read(folder).commit).endswith("-dirty")


@with_git
@pytest.mark.parametrize("case", ["precious objects", "partial clone", "an unknown key", "sha256"])
def test_without_the_git_program_it_is_read_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    files, settings, init = CLEAN[case]
    folder = work_tree(tmp_path / "work", files, *settings, init=init)
    made = git(folder, "rev-parse", "HEAD")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert read(folder).commit == made
    assert open_git(str(folder), None, None, tmp_path / "cache").commit == made


@with_git
def test_an_extension_that_git_refuses_too_leaves_a_folder_without_a_commit_and_a_source_broken(
    tmp_path: Path,
) -> None:
    folder = work_tree(tmp_path / "work", {"a.yaml": b"kind: A\n"})
    git(folder, "config", "core.repositoryformatversion", "1")
    git(folder, "config", "extensions.someDay", "yes")
    assert read(folder).commit is None
    with pytest.raises(ManifestError) as caught:
        open_git(str(folder), None, None, tmp_path / "cache")
    (problem,) = caught.value.problems
    assert problem.code == "source.broken"
    assert "extension someday" in problem.message.lower()


@with_git
def test_nothing_of_a_hostile_work_tree_is_executed(tmp_path: Path) -> None:
    folder = work_tree(tmp_path / "work", {"a.yaml": b"kind: A\n"})
    trap = f"touch {tmp_path}/sprung; cat"
    (folder / ".gitattributes").write_text("*.yaml filter=trap diff=trap ident\n*.yml filter=odd\n")
    for setting in (
        "core.fsmonitor",
        "filter.trap.clean",
        "filter.trap.process",
        "filter.odd.clean",
        "diff.trap.textconv",
        "core.pager",
        "core.editor",
        "gpg.program",
        "credential.helper",
        "core.sshCommand",
    ):
        git(folder, "config", setting, trap)
    git(folder, "config", "filter.trap.required", "true")
    git(folder, "config", "log.showSignature", "true")
    git(folder, "config", "core.hooksPath", str(tmp_path / "hooks"))
    (tmp_path / "hooks").mkdir()
    for hook in ("post-index-change", "post-checkout", "pre-commit"):
        (tmp_path / "hooks" / hook).write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
        (tmp_path / "hooks" / hook).chmod(0o755)
    os.utime(folder / "a.yaml", (1, 1))
    assert str(read(folder).commit) == git(folder, "-c", "core.fsmonitor=false", "rev-parse", "HEAD")
    (folder / "a.yaml").write_bytes(b"kind: Other\n")
    assert str(read(folder).commit).endswith("-dirty")
    assert not (tmp_path / "sprung").exists()


@with_git
def test_a_git_that_surrounds_the_program_is_not_taken_for_the_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = work_tree(tmp_path / "other", {"b.yaml": b"kind: B\n"})
    folder = work_tree(tmp_path / "work", {"a.yaml": b"kind: A\n"})
    made = git(folder, "rev-parse", "HEAD")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    assert read(folder).commit == made


@with_git
def test_a_manifest_that_git_ignores_is_read_and_so_makes_a_folder_dirty(tmp_path: Path) -> None:
    folder = work_tree(tmp_path / "work", {"a.yaml": b"kind: A\n", ".gitignore": b"local.yaml\n"})
    (folder / "local.yaml").write_text(WEB)
    assert str(read(folder).commit).endswith("-dirty")


def remade(repository: Path, **facts: object) -> str:
    """The tip again with other facts."""
    with Repo(str(repository)) as repo:
        made = repo[repo.refs[b"refs/heads/main"]]  # type: ignore[index]
        assert isinstance(made, Commit)
        for name, value in facts.items():
            setattr(made, name, value)
        repo.object_store.add_object(made)
        repo.refs[b"refs/heads/main"] = made.id  # type: ignore[index]
        return made.id.decode()


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "latin1", "cp1252"])
def test_a_commit_is_read_in_the_encoding_that_it_names(tmp_path: Path, encoding: str) -> None:
    fleet = new_repository(tmp_path / "fleet.git")
    commit(fleet, {"a.yaml": WEB})
    remade(
        fleet,
        encoding=encoding.encode(),
        author="Jürgen Ærø <j@example.com>".encode("latin-1"),
        message="Größer\n".encode("latin-1"),
    )
    checkout = open_git(str(fleet), None, None, tmp_path)
    assert (checkout.author, checkout.message) == ("Jürgen Ærø <j@example.com>", "Größer\n")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"author_time": 2**40}, datetime(9999, 12, 30, tzinfo=UTC)),
        ({"author_time": 2**62}, datetime(9999, 12, 30, tzinfo=UTC)),
        ({"author_time": 253402300799, "author_timezone": -43200}, datetime(9999, 12, 30, tzinfo=UTC)),
        ({"author_time": -(2**40)}, datetime(1, 1, 2, tzinfo=UTC)),
        ({"author_time": -62135596800, "author_timezone": 43200}, datetime(1, 1, 2, tzinfo=UTC)),
        ({"author_time": 0, "author_timezone": 359940}, datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_time_far_out_is_taken_for_the_nearest_that_can_be_kept(
    tmp_path: Path, facts: dict[str, int], expected: datetime
) -> None:
    fleet = new_repository(tmp_path / "fleet.git")
    commit(fleet, {"a.yaml": WEB})
    remade(fleet, **facts)
    assert open_git(str(fleet), None, None, tmp_path).authored_at == expected


@given(seconds=st.integers(-(2**70), 2**70), zone=st.integers(-(10**6), 10**6))
def test_every_moment_can_be_kept_in_every_zone(seconds: int, zone: int) -> None:
    found = moment(seconds, zone)
    assert 1 <= found.astimezone(UTC).year <= 9999


@given(raw=st.binary(max_size=200), encoding=st.text(max_size=20))
def test_whatever_a_commit_holds_comes_out_as_text_that_the_database_takes(raw: bytes, encoding: str) -> None:
    text = commit_text(raw)
    for found in (text.author, text.message, decoded(raw, encoding)):
        assert "\0" not in found
        found.encode("utf-8")
