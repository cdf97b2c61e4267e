"""`run`: from what was typed to the daemon's configuration. All else is the daemon's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from reconciler.cli.handlers.manifests import Manifests
from reconciler.cli.handlers.times import span
from reconciler.cli.settings import Settings
from reconciler.daemon import DaemonConfig, run
from reconciler.daemon.config import LogFormat
from reconciler.errors import ConfigurationError


def serve(
    settings: Settings,
    manifests: Manifests,
    *,
    interval: str,
    observe: str,
    poll: str,
    port: int | None,
    report_only: bool,
    max_destroy: int | None,
    git_credential: str | None,
    hook_credentials: tuple[str, ...],
    archive_keep: int | None,
    archive_deleted: int | None,
    archive_to: Path | None,
    log_level: str,
    log_format: LogFormat,
) -> int:
    """Run the daemon until it is stopped; gives the exit code.

    `interval`: how often to reconcile, `observe`: how old a look may be, `poll`: how often to read sources.
    """
    spec = manifests.spec()
    if spec is None:
        raise ConfigurationError("no manifests were named", hint="name them with -f PATH or --git URL")
    if git_credential is not None:
        spec = replace(spec, credential=git_credential)
    config = DaemonConfig(
        home=settings.home,
        sources=(spec,),
        database_url=settings.database,
        source_poll=span(poll).total_seconds(),
        reconcile_interval=span(interval).total_seconds(),
        observe_interval=span(observe).total_seconds(),
        port=port,
        report_only=report_only,
        log_level=log_level,
        log_format=log_format,
        actor=settings.actor,
        check_plans=settings.check_plans,
        trace=settings.trace,
        archive_keep=archive_keep,
        archive_deleted=archive_deleted,
        archive_to=archive_to,
        hook_credentials=hook_credentials,
    )
    if max_destroy is not None:
        config = replace(config, max_destroy=max_destroy)
    return run(config)
