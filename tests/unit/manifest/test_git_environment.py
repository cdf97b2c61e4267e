"""What git, and whatever git starts, inherits from this program."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import ManifestError
from reconciler.manifest.source.git.fetch import Fetch
from reconciler.manifest.source.git.program import ask
from reconciler.redaction import KEY_VARIABLES


@pytest.fixture(autouse=True)
def with_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEY_VARIABLES:
        monkeypatch.setenv(name, "in the environment")
    monkeypatch.setenv("OF_THE_USER", "kept")


def test_a_child_of_git_s_has_no_key(tmp_path: Path) -> None:
    shown = ask(tmp_path, "-c", "alias.shown=!env", "shown")
    assert shown is not None
    _without_key(shown.decode())


def test_a_child_of_a_fetch_has_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrote = tmp_path / "environment"
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\nenv > {wrote}\nexit 1\n")
    ssh.chmod(0o700)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    url = "ssh://nowhere.invalid/fleet"
    with pytest.raises(ManifestError):
        Fetch(url, url, None, tmp_path / "cache").run()
    _without_key(wrote.read_text())


def _without_key(environment: str) -> None:
    names = {line.partition("=")[0] for line in environment.splitlines()}
    assert "OF_THE_USER" in names
    assert not names & set(KEY_VARIABLES)
