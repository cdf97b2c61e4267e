"""`db grant`, `db revoke` and `db grants`: people, their roles in the database, and what each sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

from reconciler.cli.handlers.opening import opened
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import Format, note, print_data, say, show
from reconciler.cli.terminal.prompts import secret
from reconciler.report.lines import Table
from reconciler.report.plain import age
from reconciler.store.database import people
from reconciler.store.database.opening import admin_url
from reconciler.store.database.people import Grant, Role


def grant(
    settings: Settings,
    role: Role,
    member: str,
    providers: Sequence[str],
    datacenters: Sequence[str],
    *,
    create: bool,
) -> None:
    """Give a role, and say what it shows. Raises what `people.grant` does."""
    with _administrator(settings) as url:
        password = secret(f"{member}'s password") if create and not people.is_known(url, member) else None
        made = people.grant(
            url, role, member, providers=providers, datacenters=datacenters, password=password
        )
    if made:
        say(f"Made the database role {member}.")
    say(f"{member} is a {role} now, and sees {_sight(providers, datacenters)}.")


def revoke(settings: Settings, role: Role, member: str) -> None:
    """Take a role. Raises what `people.revoke` does."""
    with _administrator(settings) as url:
        is_there = people.revoke(url, role, member)
    say(f"{member} is no {role} any more.")
    if is_there:
        note(f"The database role itself is still there; to remove it: DROP ROLE {member}")


def listed(settings: Settings, output: Format) -> None:
    """Print who has which role, and what it shows."""
    with opened(settings) as store, store.read() as tx:
        found = people.listed(tx)
    if print_data([asdict(item) for item in found], output):
        return
    if not found:
        note("Nobody is a planner, a reader or an auditor. To make one: reconciler db grant reader to NAME")
        return
    columns = ("USER", "ROLE", "SEES", "SINCE", "BY")
    show([Table(columns, tuple(_row(item) for item in found))])


def _row(item: Grant) -> tuple[tuple[str, str] | str, ...]:
    sees = _sight([item.provider] if item.provider else [], [item.datacenter] if item.datacenter else [])
    if not item.is_granted:
        sees = f"nothing: reconciler db grant {item.role} to {item.member}"
    elif not item.is_member:
        sees = "nothing: is no member any more"
    since = age(item.granted_at) if item.granted_at else ""
    return (item.member, "bold"), item.role, sees, since, item.granted_by or ""


def _sight(providers: Sequence[str], datacenters: Sequence[str]) -> str:
    """What a grant shows, in words."""
    whose = (
        f"what {' and '.join(providers)} have"
        if len(providers) > 1
        else "".join(f"what {provider} has" for provider in providers)
    )
    if not datacenters:
        return whose or "everything"
    return f"{whose or 'what stands'} in {' and '.join(datacenters)}"


@contextmanager
def _administrator(settings: Settings) -> Iterator[str]:
    """The URL of who may give roles; an embedded server runs for as long as it is used."""
    url, server = admin_url(settings.database, settings.home)
    try:
        yield url
    finally:
        if server is not None:
            server.close()
