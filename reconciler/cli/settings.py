"""What the global options say, for every command: where the home is, which database, how to print."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import typer


@dataclass(frozen=True, slots=True)
class Settings:
    """`database`: a URL, None for the embedded server in `home`. `actor`: None for user@host.

    `check_plans`: each plan has to keep what the planner promises. `trace`: where requests to providers are
    written down.
    """

    home: Path
    database: str | None = None
    actor: str | None = None
    verbose: bool = False
    debug: bool = False
    check_plans: bool = False
    trace: Path | None = None

    @property
    def cache(self) -> Path:
        """Where copies of remote repositories are kept; losing it costs a fetch."""
        return self.home / "cache"


def default_home() -> Path:
    """RECONCILER_HOME, else the user's data folder of this platform."""
    given = os.environ.get("RECONCILER_HOME")
    if given:
        return Path(given)
    import platformdirs

    return Path(platformdirs.user_data_dir("reconciler", appauthor=False))


def settings_of(context: typer.Context) -> Settings:
    """The settings that the main callback put there."""
    found = context.find_root().obj
    if not isinstance(found, Settings):
        raise TypeError("the main callback did not run")
    return found
