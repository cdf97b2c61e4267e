"""Ansible, which this project did not write, on this machine alone: playbooks, and what their tasks answer.

`make ansible` installs it beside the project's packages, into the folder that `ANSIBLE_PATH` names.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = os.environ.get("ANSIBLE_PATH", "")
INSTALLED = bool(FOLDER)
NOT_INSTALLED = "Ansible is not installed: make ansible"
PLAYBOOKS = Path(__file__).parents[1] / "acceptance" / "playbooks"
_PATIENCE = 600.0
_SETTINGS = f"""
[defaults]
interpreter_python = {sys.executable}
module_compression = ZIP_STORED
stdout_callback = ansible.posix.json
deprecation_warnings = false
localhost_warning = false

[connection]
pipelining = true
"""


@dataclass(frozen=True, slots=True)
class Played:
    """What each task of a run of playbooks answered, by the task's name."""

    answers: Mapping[str, Mapping[str, Any]]

    def __getitem__(self, task: str) -> Mapping[str, Any]:
        return self.answers[task]

    @property
    def changed(self) -> list[str]:
        """The tasks that say to have changed something, in the order they ran in."""
        return [task for task, answer in self.answers.items() if answer["changed"]]

    @property
    def tasks(self) -> list[str]:
        return list(self.answers)


@dataclass(frozen=True, slots=True)
class Ansible:
    """`environment` is where the modules read from whom to talk to; `folder` is its home."""

    folder: Path
    environment: Mapping[str, str]

    def play(self, *playbooks: str) -> Played:
        """Play them one after the other; not one task may fail."""
        files = [str(PLAYBOOKS / f"{name}.yaml") for name in playbooks]
        *_, report = _documents(self._run("playbook", "-i", "localhost,", "-c", "local", *files))
        tasks = [task for play in report["plays"] for task in play["tasks"]]
        answers = {task["task"]["name"]: task["hosts"]["localhost"] for task in tasks}
        assert len(answers) == len(tasks), "two tasks have the same name"
        return Played(answers)

    def inventory(self, name: str, source: str) -> Any:
        """The hosts that an inventory plugin finds; `name` tells Ansible which plugin's file it is."""
        file = self.folder / name
        file.write_text(source)
        return json.loads(self._run("inventory", "-i", str(file), "--list"), object_hook=_plain)

    def _run(self, *words: str) -> str:
        settings = self.folder / "ansible.cfg"
        settings.write_text(_SETTINGS)
        own = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": FOLDER,
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_HOME": str(self.folder),
            "ANSIBLE_CONFIG": str(settings),
        }
        done = subprocess.run(
            [sys.executable, "-m", "ansible", *words],
            cwd=self.folder,
            env=own | dict(self.environment),
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout


def _documents(text: str) -> Iterator[Any]:
    """The JSON documents of a text: after each playbook comes one of all that has been played so far."""
    decoder, rest = json.JSONDecoder(), text.strip()
    while rest:
        document, end = decoder.raw_decode(rest)
        yield document
        rest = rest[end:].lstrip()


def _plain(value: dict[str, Any]) -> Any:
    """A text that Ansible marked as not its own, as the text."""
    return value.get("__ansible_unsafe", value)
