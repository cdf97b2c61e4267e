"""What is collected from disk, and that nothing missing, endless or outside goes by without a problem."""

from __future__ import annotations

import io
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest

from reconciler.errors import Problem
from reconciler.manifest.source import files
from reconciler.manifest.source.files import SourceFile, collect

MANIFEST = b"kind: vm\n"


def gather(
    *paths: Path | Literal["-"], stdin: bytes = b""
) -> tuple[tuple[SourceFile, ...], tuple[Problem, ...]]:
    return collect(paths, io.BytesIO(stdin))


def codes(problems: Sequence[Problem]) -> list[str]:
    return [problem.code for problem in problems]


def put(path: Path, content: bytes = MANIFEST) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_a_folder_gives_its_manifests_sorted_and_with_subfolders(tmp_path: Path) -> None:
    for name in ("z.yaml", "b/two.yml", "b/one.yaml", "a.yml", "notes.txt", "b/x.json"):
        put(tmp_path / name, name.encode())
    found, problems = gather(tmp_path)
    assert problems == ()
    assert [(f.display_name, f.content) for f in found] == [
        (str(tmp_path / name), name.encode()) for name in ("a.yml", "b/one.yaml", "b/two.yml", "z.yaml")
    ]


def test_hidden_files_and_folders_are_passed_over(tmp_path: Path) -> None:
    put(tmp_path / "a.yaml")
    put(tmp_path / ".git/config.yaml")
    put(tmp_path / ".hidden.yaml")
    found, problems = gather(tmp_path)
    assert ([f.display_name for f in found], problems) == ([str(tmp_path / "a.yaml")], ())


def test_a_file_that_is_named_may_have_any_name_and_be_a_link(tmp_path: Path) -> None:
    put(tmp_path / "in/.web")
    (tmp_path / "link").symlink_to(tmp_path / "in/.web")
    found, problems = gather(tmp_path / "link")
    assert (found, problems) == ((SourceFile(str(tmp_path / "link"), MANIFEST),), ())


def test_dash_reads_the_standard_input_once(tmp_path: Path) -> None:
    found, problems = gather("-", put(tmp_path / "a.yaml"), "-", stdin=b"kind: x\n")
    assert problems == ()
    assert [f.content for f in found] == [b"kind: x\n", MANIFEST]
    assert found[0].display_name == "<stdin>"


def test_what_is_named_twice_is_read_once_and_is_not_called_empty(tmp_path: Path) -> None:
    file = put(tmp_path / "sub/a.yaml")
    for order in ((file, tmp_path), (tmp_path, file), (tmp_path, tmp_path / "sub"), (file.parent, tmp_path)):
        found, problems = gather(*order)
        assert ([f.content for f in found], problems) == ([MANIFEST], ())


@pytest.mark.parametrize("name", ["gone", "gone.yaml", "file.yaml/below"])
def test_a_missing_path_is_a_problem_of_its_own_and_the_others_are_read(tmp_path: Path, name: str) -> None:
    file = put(tmp_path / "file.yaml")
    found, problems = gather(tmp_path / name, file)
    assert codes(problems) == ["manifest.missing"]
    assert len(found) == 1


def test_a_folder_without_manifests_is_a_problem(tmp_path: Path) -> None:
    put(tmp_path / "README.md")
    (tmp_path / "sub").mkdir()
    assert codes(gather(tmp_path)[1]) == ["manifest.empty"]


def test_a_folder_whose_manifests_have_all_become_blank_is_a_problem(tmp_path: Path) -> None:
    put(tmp_path / "a.yaml", b"")
    put(tmp_path / "b.yaml", b" \n\n")
    assert codes(gather(tmp_path)[1]) == ["manifest.empty"]
    put(tmp_path / "c.yaml")
    assert codes(gather(tmp_path)[1]) == []


def test_an_empty_file_or_standard_input_is_a_problem(tmp_path: Path) -> None:
    assert codes(gather(put(tmp_path / "a.yaml", b""))[1]) == ["manifest.empty"]
    assert codes(gather("-")[1]) == ["manifest.empty"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_or_folder_without_permission_is_unreadable(tmp_path: Path) -> None:
    put(tmp_path / "a.yaml").chmod(0)
    put(tmp_path / "sub/b.yaml")
    (tmp_path / "sub").chmod(0)
    assert codes(gather(tmp_path)[1]) == ["manifest.unreadable", "manifest.unreadable"]
    (tmp_path / "sub").chmod(0o700)


@pytest.mark.skipif(
    not Path("/proc/self/mem").exists(), reason="needs a file whose reading fails for root too"
)
def test_a_file_whose_reading_fails_is_unreadable() -> None:
    found, problems = gather(Path("/proc/self/mem"))
    assert (found, codes(problems)) == ((), ["manifest.unreadable"])


def test_a_closed_standard_input_is_unreadable() -> None:
    closed = io.BytesIO()
    closed.close()
    assert codes(collect(["-"], closed)[1]) == ["manifest.unreadable"]


def test_a_path_that_no_file_can_have_is_unreadable() -> None:
    assert codes(gather(Path("a\0b"))[1]) == ["manifest.unreadable"]


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "outside/secret.yaml")
    put(tmp_path / "root/a.yaml")
    (tmp_path / "root/b.yaml").symlink_to(tmp_path / "outside/secret.yaml")
    (tmp_path / "root/c").symlink_to(tmp_path / "outside")
    put(tmp_path / "root-beside/d.yaml")
    (tmp_path / "root/e").symlink_to(tmp_path / "root-beside")
    found, problems = gather(tmp_path / "root")
    assert codes(problems) == ["manifest.symlink_outside"] * 3
    assert [f.display_name for f in found] == [str(tmp_path / "root/a.yaml")]


def test_a_link_within_the_folder_is_followed_and_its_file_read_once(tmp_path: Path) -> None:
    put(tmp_path / "..data/web.yaml", b"a: 1\n")
    (tmp_path / "web.yaml").symlink_to("..data/web.yaml")
    (tmp_path / "web2.yaml").symlink_to("..data/web.yaml")
    (tmp_path / "folder").symlink_to("..data")
    found, problems = gather(tmp_path)
    assert ([f.display_name for f in found], problems) == ([str(tmp_path / "folder/web.yaml")], ())


def test_a_folder_that_is_itself_a_link_is_read(tmp_path: Path) -> None:
    put(tmp_path / "real/a.yaml")
    (tmp_path / "link").symlink_to("real")
    found, problems = gather(tmp_path / "link")
    assert ([f.display_name for f in found], problems) == ([str(tmp_path / "link/a.yaml")], ())


def test_loops_of_links_end_and_are_reported(tmp_path: Path) -> None:
    put(tmp_path / "sub/a.yaml")
    (tmp_path / "sub/up").symlink_to("..")
    (tmp_path / "self").symlink_to("self")
    found, problems = gather(tmp_path)
    assert codes(problems) == ["manifest.symlink_loop"] * 2
    assert len(found) == 1


def test_a_link_to_nothing_may_have_been_a_folder_and_is_reported(tmp_path: Path) -> None:
    put(tmp_path / "a.yaml")
    (tmp_path / "prod").symlink_to("unmounted")
    assert codes(gather(tmp_path)[1]) == ["manifest.unreadable"]


def test_pipes_sockets_and_devices_are_refused_without_blocking(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    put(tmp_path / "a.yaml")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.fsencode(tmp_path / "s.yaml"))
        assert codes(gather(tmp_path)[1]) == ["manifest.special_file"] * 2
    assert codes(gather(tmp_path / "pipe.yaml", Path("/dev/zero"))[1]) == ["manifest.special_file"] * 2


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.yaml").open("wb") as file:
        file.truncate(10**12)  # a hole: reading it would exhaust the memory
    put(tmp_path / "a.yaml")
    found, problems = gather(tmp_path)
    assert codes(problems) == ["manifest.too_large"]
    assert "1000000000000 bytes" in problems[0].message
    assert len(found) == 1


def test_an_endless_standard_input_is_cut_off() -> None:
    with Path("/dev/zero").open("rb") as endless:
        found, problems = collect(["-"], endless)
    assert (found, codes(problems)) == ((), ["manifest.too_large"])


def test_too_many_files_end_the_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_FILES", 3)
    for number in range(6):
        put(tmp_path / f"{number}.yaml")
    found, problems = gather(tmp_path, tmp_path / "gone")
    assert (len(found), codes(problems)) == (3, ["manifest.too_many"])


def test_a_name_that_cannot_be_printed_is_escaped(tmp_path: Path) -> None:
    strange = os.path.join(os.fsencode(tmp_path), b"a\xff\n\x1b[31m.yaml")  # noqa: PTH118 - bytes
    with open(strange, "wb") as file:  # noqa: PTH123 - bytes
        file.write(MANIFEST)
    found, problems = gather(tmp_path)
    assert problems == ()
    assert found[0].display_name == f"{tmp_path}/a\\xff\\n\\x1b[31m.yaml"


def test_every_problem_says_where_and_what_to_do(tmp_path: Path) -> None:
    _, problems = gather(tmp_path / "gone", tmp_path)
    assert len(problems) == 2
    assert all(p.hint and p.location and str(tmp_path) in p.location.file for p in problems)
