"""Remotes on bad days: silent, guarded, misnamed, or damaged in the cache; each an error of ours."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.errors import ConfigurationError, ManifestError, Problem
from reconciler.manifest.source.git.login import Login, parsed_login
from reconciler.manifest.source.git.remote import open_git
from tests.rigs.examples import often
from tests.rigs.git import commit, new_repository, served, silent

FILES = {"prod/web.yaml": "kind: A\n", "prod/db/main.yml": "kind: B\n"}
BOUND = "RECONCILER_GIT_TIMEOUT"
HAS_GIT = shutil.which("git") is not None


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    made = new_repository(tmp_path / "fleet.git")
    commit(made, FILES)
    return made


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "user"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return home


def problem(url: str, cache: Path, branch: str | None = None, login: Login | None = None) -> Problem:
    with pytest.raises(ManifestError) as caught:
        open_git(url, branch, None, cache, login=login)
    (found,) = caught.value.problems
    assert found.hint
    return found


@pytest.mark.parametrize("scheme", ["git", "http", "ssh"])
def test_a_remote_that_stays_silent_is_an_error_within_the_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setenv(BOUND, "1")
    with silent() as port:
        found = problem(f"{scheme}://127.0.0.1:{port}/fleet.git", tmp_path / "cache")
    assert found.code == "source.unreachable"
    assert "within 1 s" in found.message
    assert BOUND in found.message


def test_a_fetch_ends_with_all_it_started_when_it_is_told_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "pid"
    program = tmp_path / "ssh"
    program.write_text(f"#!/bin/sh\necho $$ > {told}.new; mv {told}.new {told}; exec sleep 1000\n")
    program.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(program))
    stop = threading.Event()
    caught: list[BaseException] = []

    def fetch() -> None:
        try:
            open_git("ssh://host/fleet.git", None, None, tmp_path / "cache", stop=stop)
        except ManifestError as error:
            caught.append(error)

    thread = threading.Thread(target=fetch)
    thread.start()
    while not told.exists() and thread.is_alive():
        thread.join(0.01)
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
    assert caught
    assert is_dead(int(told.read_text()))


def is_dead(pid: int) -> bool:
    """A process that nobody has waited for is a zombie, where this machine has nobody who does."""
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip() == "" or shown.stdout.startswith("Z")


@pytest.mark.parametrize("text", ["soon", "-1", "0", "nan"])
def test_a_bound_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(BOUND, text)
    with pytest.raises(ConfigurationError, match=BOUND):
        open_git("http://127.0.0.1:1/x", None, None, tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "ssh://-oProxyCommand=touch%20SENTINEL/x",
        "ssh://-oX",
        "ssh://%2DoProxyCommand=x/path",
        "ssh://-oX@host/path",
        "ssh://%2doX@host/path",
        "ssh://host/-x",
        "-oX@host:path",
        "git@-oX:path",
        "git@host:-x",
        "git://-oX/fleet.git",
        "http://-x/fleet.git",
        "https:///fleet.git",
        "https://host:port/fleet.git",
        "https://host:99999/fleet.git",
        "http://[::1/fleet.git",
        "git://host/one\ntwo",
        "http://host/%0d%0aX: y",
        "http://ho st/x",
    ],
)
def test_a_url_that_a_program_could_take_for_an_option_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    program = tmp_path / "ssh"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found = problem(url, tmp_path / "cache")
    assert found.code == "source.url"
    assert not (tmp_path / "started").exists()
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("branch", ["-x", "a b", "a..b", "refs/heads/-x", "a\nb", "@{-1}", "x.lock", "a~1"])
def test_what_is_no_branchs_name_is_refused(repository: Path, tmp_path: Path, branch: str) -> None:
    for url in (str(repository), "http://127.0.0.1:1/x"):
        assert "is no branch's name" in problem(url, tmp_path / "cache", branch).message


def test_the_branch_that_head_names_and_that_is_not_there_is_named(repository: Path, tmp_path: Path) -> None:
    (repository / "HEAD").write_text("ref: refs/heads/trunk\n")
    with served(repository) as url:
        for where in (str(repository), url):
            found = problem(where, tmp_path / "cache")
            assert found.code == "source.no_branch"
            assert "there are: main" in (found.hint or "")
            assert "there are: main" in (problem(where, tmp_path / "cache", "nowhere").hint or "")
    assert "HEAD names the branch `trunk`" in problem(str(repository), tmp_path / "cache").message


# Logins.


@pytest.mark.parametrize("git", [True, False], ids=["with git", "without git"])
def test_the_store_of_the_users_git_is_asked_where_the_remote_wants_a_login(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, git: bool
) -> None:
    home = tmp_path / "user"
    if git and not HAS_GIT:
        pytest.skip("git is not installed")
    if not git:
        monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    (home / ".gitconfig").write_text("[credential]\n\thelper = store\n")
    with served(repository, "ada:s%ecret:x") as url:
        assert problem(url, tmp_path / "cache").code == "source.unauthorized"
        host = url.removeprefix("http://").partition("/")[0]
        (home / ".git-credentials").write_text(f"http://ada:s%25ecret%3Ax@{host}\n")
        (home / ".git-credentials").chmod(0o600)
        assert len(open_git(url, None, None, tmp_path / "cache").files) == 2
        wrong = f"http://ada:wrong@{host}\n"
        (home / ".git-credentials").write_text(wrong)
        found = problem(url, tmp_path / "cache")
    assert found.code == "source.unauthorized"
    assert "credential.helper = store" in (found.hint or "")
    assert (home / ".git-credentials").read_text() == wrong, "what a person stored is not ours to remove"


@pytest.mark.skipif(not HAS_GIT, reason="git is not installed")
def test_any_helper_is_asked_and_one_that_hangs_is_given_up(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = tmp_path / "helper"
    helper.write_text("#!/bin/sh\necho username=ada\necho password=secret\n")
    helper.chmod(0o755)
    (tmp_path / "user" / ".gitconfig").write_text(f"[credential]\n\thelper = {helper}\n")
    with served(repository, "ada:secret") as url:
        assert len(open_git(url, None, None, tmp_path / "cache").files) == 2
        helper.write_text("#!/bin/sh\nsleep 1000\n")
        monkeypatch.setenv(BOUND, "2")
        assert problem(url, tmp_path / "cache").code == "source.unreachable"


def test_a_login_is_read_from_netrc(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "user" / ".netrc").write_text("machine 127.0.0.1 login ada password secret\n")
    (tmp_path / "user" / ".netrc").chmod(0o600)
    with served(repository, "ada:secret") as url:
        assert len(open_git(url, None, None, tmp_path / "cache").files) == 2


def test_a_login_that_is_given_is_used_and_no_other(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "user" / ".netrc").write_text("machine 127.0.0.1 login ada password secret\n")
    (tmp_path / "user" / ".netrc").chmod(0o600)
    with served(repository, "git:a-token") as url:
        assert len(open_git(url, None, None, tmp_path / "cache", login=parsed_login("a-token")).files) == 2
    with served(repository, "ada:secret") as url:
        assert problem(url, tmp_path / "other", login=parsed_login("a:b")).code == "source.unauthorized"
        assert len(open_git(url, None, None, tmp_path / "more", login=parsed_login("ada:secret")).files) == 2


# The cache after a power cut.


def test_an_empty_object_in_the_cache_is_fetched_again(repository: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with served(repository) as url:
        open_git(url, None, None, cache)
        second = commit(repository, {**FILES, "new.yaml": "kind: N\n"})
        (location,) = (each for each in cache.iterdir() if each.is_dir())
        loose = location / "objects" / second[:2]
        loose.mkdir(parents=True, exist_ok=True)
        (loose / second[2:]).touch()
        checkout = open_git(url, None, None, cache)
        assert checkout.commit == second
        assert len(checkout.files) == 3
        assert open_git(url, None, None, cache).commit == second


@pytest.mark.parametrize("left", ["refs/reconciler/HEAD.lock", "packed-refs.lock", "config.lock"])
def test_a_lock_that_a_killed_fetch_left_in_the_cache_is_no_obstacle(
    repository: Path, tmp_path: Path, left: str
) -> None:
    cache = tmp_path / "cache"
    with served(repository) as url:
        open_git(url, None, None, cache)
        (location,) = (each for each in cache.iterdir() if each.is_dir())
        (location / left).parent.mkdir(parents=True, exist_ok=True)
        (location / left).touch()
        second = commit(repository, {**FILES, "new.yaml": "kind: N\n"})
        assert open_git(url, None, None, cache).commit == second


@settings(max_examples=often(10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_whatever_a_crash_left_of_the_cache_it_is_read_all_the_same(
    repository: Path, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    cache = tmp_path / f"cache-{seed}"
    with served(repository) as url:
        whole = open_git(url, None, None, cache)
        damage(cache, chance)
        assert open_git(url, None, None, cache) == whole


@settings(max_examples=often(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_a_damaged_repository_is_read_or_is_an_error_of_ours(
    repository: Path, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    copy = tmp_path / f"copy-{seed}"
    shutil.copytree(repository, copy)
    damage(copy, chance)
    try:
        checkout = open_git(str(copy), None, None, tmp_path / "cache")
    except ManifestError:
        pass
    else:
        assert checkout.commit
    finally:
        shutil.rmtree(copy)


def damage(folder: Path, chance: random.Random) -> None:
    """Empty, cut, overwrite or remove some files, as a power cut or a bad disk does."""
    files = sorted(each for each in folder.rglob("*") if each.is_file() and each.suffix != ".lock")
    for file in chance.sample(files, min(len(files), chance.randint(1, 4))):
        file.chmod(0o644)
        content = bytearray(file.read_bytes())
        match chance.choice(["empty", "cut", "bits", "gone"]):
            case "empty":
                file.write_bytes(b"")
            case "cut":
                file.write_bytes(content[: len(content) // 2])
            case "bits":
                for _ in range(min(len(content), 3)):
                    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
                file.write_bytes(content)
            case "gone":
                file.unlink()


def test_the_fetching_process_is_not_led_astray_by_the_folder_it_is_started_in(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('of a stranger')")
    (tmp_path / "dulwich.py").write_text("raise SystemExit('of a stranger')")
    monkeypatch.chdir(tmp_path)
    with served(repository) as url:
        assert len(open_git(url, None, None, tmp_path / "cache").files) == 2
