"""A plug-in's distribution as pip would leave it, in a folder of its own: for one program only."""

from __future__ import annotations

import textwrap
from pathlib import Path


def install(site: Path, provider_type: str, package: str, catalog: str, driver: str) -> Path:
    """Put a driver into `site`, which the program is to have on its `PYTHONPATH`; gives the package's folder.

    `driver` is the text of the module; the last class in it is the driver.
    """
    folder, info = site / package, site / f"{package}-1.0.dist-info"
    folder.mkdir(parents=True)
    info.mkdir()
    (folder / "__init__.py").write_text(textwrap.dedent(driver))
    (folder / "catalog.yaml").write_text(catalog)
    name = driver.rpartition("\nclass ")[2].partition(":")[0]
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {package.replace('_', '-')}\nVersion: 1.0\n"
    )
    (info / "entry_points.txt").write_text(f"[reconciler.drivers]\n{provider_type} = {package}:{name}\n")
    return folder
