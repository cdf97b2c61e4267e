"""What happened to resources: a sentence for each operation; as JSON each change with all that is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.report.history_phrases import is_first_seen, is_first_whole, phrases
from reconciler.report.lines import Table
from reconciler.report.plain import short_commit
from reconciler.report.provider_tasks import by_whom, of_change, tasks_json
from reconciler.store.history.changes import Changeset
from reconciler.store.history.events import Event

_SUBJECT = 50  # characters of a commit's subject that are shown
_MOST = 6  # changes that one sentence names
_ENDINGS = {"failed": "failed", "ambiguous": "ended in doubt", "interrupted": "was interrupted"}


def is_told(event: Event) -> bool:
    """Whether there is anything to say of an event; of bookkeeping alone there is not."""
    return bool(_what(event, event.root))


def history_json(items: Iterable[Event]) -> list[dict[str, Any]]:
    """Each change by itself, the oldest first, with its changeset's and its operation's fields."""
    found = [(change, each) for event in items for change, each in _changes_of(event)]
    return [each for _, each in sorted(found, key=lambda pair: pair[0])]


def _changes_of(event: Event) -> Iterator[tuple[int, dict[str, Any]]]:
    sets = {item.key: item for item in event.changesets}
    facts = event.operation
    for change in event.changes:
        made = asdict(sets[change.key])
        made.pop("id")
        yield (
            change.change,
            {
                **asdict(change),
                **made,
                "operation": facts.action if facts else None,
                "operation_status": facts.status if facts else None,
                "plan_id": facts.plan_id if facts else None,
                "approved_by": facts.approved_by if facts else None,
                "interruption": facts.interruption if facts else None,
                "interruption_seconds": facts.seconds if facts else None,
                "provider_tasks": tasks_json(of_change(event.tasks, change)),
            },
        )


def history_table(
    items: Iterable[Event], about: str | None = None, indent: int = 0, now: datetime | None = None
) -> Table:
    """A row for each event, in their order. `about`: the address that all are of, which is not said again.

    What an event is of stands in its sentence: beside a column of addresses there is no room at 80 columns.
    """
    rows = []
    for event in items:
        sentence = event_sentence(event, about)
        when = when_text(event.at, now or datetime.now(UTC))
        rows.append((when, sentence if about else f"{event.root}: {sentence}"))
    return Table(("WHEN (UTC)", "WHAT"), tuple(rows), indent)


def event_sentence(event: Event, about: str | None = None) -> str:
    """`memory 8 → 6 GiB, Jane Doe, 'Less memory', commit 3f2a1c0, approved by joe, restarted 38 s`."""
    said = _what(event, about or event.root)
    if len(said) > _MOST:
        said = [*said[: _MOST - 1], f"{len(said) - _MOST + 1} more"]
    if event.more:
        said.append("and more")
    return ", ".join([*said[:-1], *(f"{last}{_where(event)}" for last in said[-1:]), *_tail(event)])


def _what(event: Event, about: str) -> list[str]:
    said = phrases(event, about)
    facts = event.operation
    if facts is not None and facts.status in _ENDINGS:
        said = [*said, f"{facts.action} {_ENDINGS[facts.status]}: {_first(facts.error_message or '')}"]
    return said


def _where(event: Event) -> str:
    """What nobody of ours did was done at the provider. Of a first look nobody can say that."""
    looked = event.changesets[-1].cause == "observation"
    return " at the provider" if looked and not (is_first_seen(event) or is_first_whole(event)) else ""


def _tail(event: Event) -> Iterator[str]:
    """Who did it, why, and what it cost."""
    last, facts = event.changesets[-1], event.operation
    if last.cause == "observation":
        yield from by_whom(event.tasks) or ["seen by a look"]
    elif last.cause == "manual" and last.reason is None:
        yield f"by {last.db_user} at a SQL prompt"
        if last.actor != last.db_user:
            yield f"as {last.actor}"
    elif facts is not None and facts.reason == "drift":
        yield "set right after drift"
        yield f"by {last.actor}"
    else:
        if last.cause == "manual" and last.reason:
            yield last.reason
        yield from _behind(event, last)
    if facts is not None and facts.approved_by:
        yield f"approved by {facts.approved_by}"
    if facts is not None and facts.interruption:
        yield facts.interruption + ("" if facts.seconds is None else f" {_seconds(facts.seconds)}")


def _behind(event: Event, last: Changeset) -> Iterator[str]:
    """The commit behind it, and who carried that out, unless it was the daemon."""
    if last.author:
        yield author_name(last.author)
        if last.message:
            yield f"'{_first(last.message)}'"
    elif last.message:
        yield _first(last.message)  # of ours, as of a rollback
    if last.commit:
        yield f"commit {short_commit(last.commit)}"
    if not last.author:
        yield f"by {last.actor}"
    elif event.operation is None or event.operation.worker_kind == "cli":
        yield f"applied by {last.actor}"


def author_name(author: str) -> str:
    """`Jane Doe` of `Jane Doe <jane@example.com>`."""
    return author.partition(" <")[0] or author


def _first(text: str) -> str:
    """The first line of a text, or so much of it as a sentence bears."""
    line = text.strip().partition("\n")[0].strip()
    return line if len(line) <= _SUBJECT else f"{line[: _SUBJECT - 1]}…"


def _seconds(seconds: float) -> str:
    """An interruption to the second: `2 min 29 s` of downtime are not the `2m` of a column of ages."""
    whole = max(1, round(seconds))
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60} s"


def when_text(at: datetime, now: datetime) -> str:
    """`Tue 14:02` of the last six days, else with the date; in UTC."""
    utc = at.astimezone(UTC)
    return f"{utc:%a %H:%M}" if timedelta() <= now - at < timedelta(days=6) else f"{utc:%Y-%m-%d %H:%M}"
