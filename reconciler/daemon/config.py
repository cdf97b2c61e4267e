"""What the daemon is told at its start. Checked whole before anything is opened; it reads no file itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reconciler.errors import ConfigurationError
from reconciler.manifest.source.state import SourceSpec

LogFormat = Literal["json", "console"]
_OVER_HTTP = ("http://", "https://")
LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class DaemonConfig:
    """All intervals in seconds. `database_url=None`: the embedded database in `home`.

    `source_poll`: how often a source is read to see whether it moved; `reconcile_interval`: how often
    everything is reconciled though nothing seems to have moved; `observe_interval`: how old a look at an
    endpoint may become. `port` is for health and metrics on 127.0.0.1; 0 takes a free one, None serves
    nothing. `report_only`: plan and report, send no mutation anywhere. `max_destroy`: more deletions and
    replacements in one plan wait for an approval. `shutdown_timeout`: how long what is under way may take
    to end once the daemon was told to stop. `check_plans`: refuse a plan that does not keep what the
    planner promises. `trace`: the file to which every request to a provider and its answer is appended.
    `archive_keep`: so many whole months of history stay and older ones go into files in `archive_to`;
    `archive_deleted`: what was deleted more than so many days ago goes there too. None leaves all here.
    `hook_credentials`: with which `POST /hook` may be signed; without any there is no hook.
    """

    home: Path
    sources: tuple[SourceSpec, ...]
    database_url: str | None = None
    source_poll: float = 30.0
    reconcile_interval: float = 60.0
    observe_interval: float = 300.0
    port: int | None = 9469
    report_only: bool = False
    max_destroy: int = 10
    shutdown_timeout: float = 60.0
    log_level: str = "info"
    log_format: LogFormat = "json"
    actor: str | None = None
    check_plans: bool = False
    trace: Path | None = None
    archive_keep: int | None = None
    archive_deleted: int | None = None
    archive_to: Path | None = None
    hook_credentials: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if wrong := list(self._wrong()):
            raise ConfigurationError(f"the daemon cannot run so: {'; '.join(wrong)}")

    def _wrong(self) -> Iterator[str]:
        for name in ("source_poll", "reconcile_interval", "observe_interval", "shutdown_timeout"):
            if getattr(self, name) <= 0:
                yield f"{name} is {getattr(self, name)}, and must be more than 0 seconds"
        if self.port is not None and not 0 <= self.port <= 65535:
            yield f"port is {self.port}, and must be between 0 and 65535"
        if self.max_destroy < 0:
            yield f"max_destroy is {self.max_destroy}, and cannot be negative"
        if self.archive_keep is not None and self.archive_keep < 1:
            yield f"archive_keep is {self.archive_keep}, and must be 1 month or more"
        if self.hook_credentials and self.port is None:
            yield "a credential is named for the hook, which needs a port to be served on"
        if self.archive_deleted is not None and self.archive_deleted < 1:
            yield f"archive_deleted is {self.archive_deleted}, and must be 1 day or more"
        if self.archive_to is not None and self.archive_keep is None and self.archive_deleted is None:
            yield (
                "archive_to says where what is old goes, and neither archive_keep nor archive_deleted "
                "what is old"
            )
        if self.log_level not in LOG_LEVELS:
            yield f"log_level is `{self.log_level}`, and must be one of {', '.join(LOG_LEVELS)}"
        if any("-" in spec.paths for spec in self.sources):
            yield "a source is standard input, which can be read only once"
        if any(spec.credential and not (spec.git or "").startswith(_OVER_HTTP) for spec in self.sources):
            yield "a credential is named for a source that is no repository over HTTP"
