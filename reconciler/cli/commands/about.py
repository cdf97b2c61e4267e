"""`completion` and `version`: of the program itself."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

_SHELLS = {"bash": "bash", "zsh": "zsh", "fish": "fish", "powershell": "pwsh"}


def completion(
    shell: Annotated[
        Literal["bash", "zsh", "fish", "powershell"], typer.Argument(help="bash, zsh, fish or powershell")
    ],
) -> None:
    """Print a completion script.

    As in: source <(reconciler completion bash)
    """
    from typer._completion_shared import get_completion_script

    typer.echo(
        get_completion_script(
            prog_name="reconciler", complete_var="_RECONCILER_COMPLETE", shell=_SHELLS[shell]
        )
    )


def version() -> None:
    """Print the version."""
    from reconciler import __version__

    typer.echo(f"reconciler {__version__}")
