"""Wheels, built and laid out as an installer would, without the network that one would want."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tempfile
import venv
import zipfile
from pathlib import Path


def install(project: Path, site: Path) -> None:
    """Build the project's wheel, and put what is in it where installed packages are."""
    with tempfile.TemporaryDirectory() as folder:
        build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder]
        subprocess.run(build, cwd=project, check=True, capture_output=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)


def environment(folder: Path, *projects: Path) -> Path:
    """The Python of a virtual environment with these installed; what they need is this environment's."""
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for project in projects:
        install(project, site)
    (site / "needed.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin" / "python"
