"""Commands for simulated providers: starting one, and breaking or changing it while it runs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

Port = Annotated[int, typer.Option(help="The port to listen on; 0 takes a free one.")]
Host = Annotated[str, typer.Option(help="The address to listen on.")]
Seed = Annotated[int, typer.Option(help="Equal seeds give equal ids.")]
Latency = Annotated[float, typer.Option(metavar="SECONDS", help="Before each answer.")]
TaskSeconds = Annotated[
    float, typer.Option("--task-seconds", metavar="SECONDS", help="How long a task runs.")
]
Token = Annotated[str | None, typer.Option(help="The token that clients must send.")]
TokenEnv = Annotated[str | None, typer.Option(metavar="NAME", help="The variable that holds the token.")]
TokenFile = Annotated[Path | None, typer.Option(metavar="FILE", help="The file that holds the token.")]
LedgerFile = Annotated[
    Path | None, typer.Option("--ledger", metavar="FILE", help="Write every request there.")
]
ReadyFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Written, with the address in it, once it answers.")
]
Url = Annotated[
    str, typer.Argument(metavar="URL", help="The simulator's address, as in http://127.0.0.1:18080.")
]
CaFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Whose certificates to trust, for https.")]

sim = typer.Typer(help="Simulated providers, to try things out and to break them.", no_args_is_help=True)


@sim.command()
def hetzner(
    port: Port = 18080,
    host: Host = "127.0.0.1",
    seed: Seed = 1,
    latency: Latency = 0.0,
    task_seconds: TaskSeconds = 0.3,
    token: Token = None,
    token_env: TokenEnv = None,
    token_file: TokenFile = None,
    rate_limit: Annotated[int, typer.Option(help="Requests an hour; 0 for no limit.")] = 3600,
    api_date: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Answer as the API did then."),
    ] = None,
    ledger: LedgerFile = None,
    ready_file: ReadyFile = None,
) -> None:
    """A Hetzner Cloud project."""
    from reconciler.cli.handlers.sim import Place, serve_hetzner, token_of

    place = Place(host, port, seed, latency, task_seconds, ledger, ready_file)
    serve_hetzner(place, token_of(token, token_env, token_file), rate_limit or None, api_date)


@sim.command()
def proxmox(
    ca_dir: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Where its certificate authority is kept; ca.pem is for clients."),
    ],
    port: Port = 18006,
    host: Host = "127.0.0.1",
    seed: Seed = 1,
    latency: Latency = 0.0,
    task_seconds: TaskSeconds = 0.3,
    token: Token = None,
    token_env: TokenEnv = None,
    token_file: TokenFile = None,
    ledger: LedgerFile = None,
    ready_file: ReadyFile = None,
) -> None:
    """A Proxmox VE cluster. The token is the whole one, as in reconciler@pve!demo=SECRET."""
    from reconciler.cli.handlers.sim import Place, serve_proxmox, token_of

    place = Place(host, port, seed, latency, task_seconds, ledger, ready_file)
    serve_proxmox(place, token_of(token, token_env, token_file), ca_dir)


@sim.command()
def change(
    url: Url,
    what: Annotated[
        list[str], typer.Argument(metavar="OP...", help="JSON, or words as in: op=power name=web-1 to=off")
    ],
    ca_file: CaFile = None,
) -> None:
    """Change something behind the controller's back."""
    from reconciler.cli.handlers.sim import control, spoken

    control(url, "POST", "/_sim/change", spoken(what), ca_file)


@sim.command()
def fault(
    url: Url,
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FAULT...", help="JSON, or words as in: kind=status status=500 path=/v1/.*; none clears."
        ),
    ] = None,
    ca_file: CaFile = None,
) -> None:
    """Make requests go wrong; without a fault, end all that do."""
    from reconciler.cli.handlers.sim import control, spoken

    if what:
        control(url, "POST", "/_sim/faults", spoken(what), ca_file)
    else:
        control(url, "DELETE", "/_sim/faults", None, ca_file)


@sim.command()
def show(
    url: Url,
    what: Annotated[Literal["state", "ledger"], typer.Argument(help="state or ledger")] = "state",
    ca_file: CaFile = None,
) -> None:
    """Print what is really there, or every request that came."""
    from reconciler.cli.handlers.sim import control

    control(url, "GET", f"/_sim/{what}", None, ca_file)
