"""Master keys come from where the operator says, are made once, and no message shows one."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from reconciler.errors import ConfigurationError
from reconciler.store.inventory import key_sources
from reconciler.store.inventory.key_sources import (
    COMMAND_VARIABLE,
    CREDENTIALS_VARIABLE,
    KEY_VARIABLE,
    create_file,
    put_first,
    retire_others,
    source_of,
)
from reconciler.store.inventory.keys import Key, MasterKey
from tests.rigs.vaults import FIRST, SECOND, THIRD, text_of


def command(tmp_path: Path, script: str) -> dict[str, str]:
    """An environment whose key comes from a Python script."""
    file = tmp_path / "key command.py"
    file.write_text(script)
    return {**os.environ, COMMAND_VARIABLE: f"{sys.executable} '{file}' --slot 1"}


def test_keys_come_from_a_variable_the_present_one_first(tmp_path: Path) -> None:
    ring = source_of(tmp_path, {KEY_VARIABLE: f" {text_of(FIRST, SECOND, FIRST)}\n"}).load()
    assert ring.keys == (FIRST, SECOND)
    assert ring.current == FIRST
    assert (ring.find(SECOND.id), ring.find(THIRD.id)) == (SECOND, None)
    assert not list(tmp_path.iterdir())


def test_keys_come_from_what_a_command_prints(tmp_path: Path) -> None:
    script = f"import sys\nassert sys.argv[1:] == ['--slot', '1']\nprint({text_of(FIRST)!r})"
    assert source_of(tmp_path, command(tmp_path, script)).load().keys == (FIRST,)


def test_a_command_that_fails_says_why_and_never_the_key(tmp_path: Path) -> None:
    text = text_of(FIRST)
    script = f"import sys\nprint({text!r})\nsys.exit('no such slot, had {text} and {text_of(SECOND)}')"
    with pytest.raises(ConfigurationError) as caught:
        source_of(tmp_path, command(tmp_path, script)).load()
    assert "ended with exit code 1: no such slot, had [secret] and [secret]" in caught.value.message


def test_a_command_that_does_not_end_is_ended_with_all_that_it_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_sources, "COMMAND_SECONDS", 0.3)
    script = (
        "import os, signal, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])\n"
        f"open({str(tmp_path / 'pids')!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "signal.pause()\n"
    )
    with pytest.raises(ConfigurationError, match="printed no key within 0 s, and was ended"):
        source_of(tmp_path, command(tmp_path, script)).load()
    pids = tmp_path / "pids"
    for pid in pids.read_text().split() if pids.exists() else ():
        # Gone, or a zombie that nobody has fetched yet.
        found = subprocess.run(["ps", "-o", "stat=", "-p", pid], capture_output=True, text=True, check=False)
        assert found.stdout.strip()[:1] in ("", "Z")


def test_ctrl_c_ends_a_command_that_it_did_not_reach(tmp_path: Path) -> None:
    told = tmp_path / "told"
    os.mkfifo(told)
    environ = command(
        tmp_path,
        "import os, signal\n"
        f"with open({str(told)!r}, 'w') as file: file.write(str(os.getpid()))\n"
        "signal.pause()\n",
    )
    code = (
        "import pathlib, signal\n"
        "from reconciler.store.inventory.key_sources import source_of\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "source_of(pathlib.Path('/nowhere')).load()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], env=environ, stderr=subprocess.PIPE) as program:
        pid = int(told.read_text())
        program.send_signal(signal.SIGINT)
        _, err = program.communicate(timeout=60)
    assert b"KeyboardInterrupt" in err
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/no/such/program", "cannot be run"),
        ("'unclosed", "cannot be run"),
        ("", "cannot be run"),
        (f"{sys.executable} -c ''", "it is empty"),
        (f"{sys.executable} -c 'print(1)'", "it is not base64"),
    ],
)
def test_a_command_that_gives_no_key_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{COMMAND_VARIABLE}.* {said}"):
        source_of(tmp_path, {COMMAND_VARIABLE: text}).load()


def test_a_variable_and_a_command_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="are both set"):
        source_of(tmp_path, {KEY_VARIABLE: text_of(FIRST), COMMAND_VARIABLE: "cat key"})


def test_systemd_gives_a_key_where_it_has_one(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    environ = {CREDENTIALS_VARIABLE: str(credentials)}
    assert source_of(tmp_path, environ).path == tmp_path / "key"  # others' credentials only
    (credentials / "reconciler-key").write_text(text_of(SECOND, FIRST))
    (credentials / "reconciler-key").chmod(0o440)  # as systemd shows one with an access list
    source = source_of(tmp_path, environ)
    assert source.load().keys == (SECOND, FIRST)
    assert (source.path, source.where) == (None, str(credentials / "reconciler-key"))
    assert source_of(tmp_path, {**environ, KEY_VARIABLE: text_of(THIRD)}).load().keys == (THIRD,)


def test_a_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "home" / "key"
    found: list[MasterKey] = []

    def make() -> None:
        create_file(path)
        found.extend(source_of(path.parent, {}).load().keys)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), len({key.secret for key in found})) == (8, 1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["key"]


def test_a_new_key_takes_the_first_place_and_the_old_one_is_kept_beside(tmp_path: Path) -> None:
    path = tmp_path / "key"
    first = source_of(tmp_path, {KEY_VARIABLE: text_of(FIRST)}).load()
    put_first(path, put_first(path, first, FIRST), SECOND)
    ring = source_of(tmp_path, {}).load()
    assert ring.keys == (SECOND, FIRST)
    assert retire_others(path, ring) == (tmp_path / f"key-{FIRST.id}",)
    assert source_of(tmp_path, {}).load().keys == (SECOND,)
    assert (tmp_path / f"key-{FIRST.id}").read_text().split() == [text_of(FIRST)]
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    create_file(tmp_path / "key")
    (tmp_path / "key").chmod(mode)
    with pytest.raises(ConfigurationError, match="may be read by others"):
        source_of(tmp_path, {}).load()


@pytest.mark.parametrize("text", ["c2VjcmV0", "hunter2 !", "", f"{text_of(FIRST)} x"])
def test_what_is_no_key_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match="does not hold a key") as caught:
        source_of(tmp_path, {KEY_VARIABLE: text}).load()
    assert not any(word in str(caught.value).split() for word in text.split())


def test_no_repr_holds_a_key() -> None:
    for key in (FIRST, Key(FIRST.secret)):
        assert FIRST.secret.hex() not in repr(key)
        assert str(FIRST.secret) not in repr(key)
    with pytest.raises(ConfigurationError, match="32 bytes"):
        MasterKey(b"short")
