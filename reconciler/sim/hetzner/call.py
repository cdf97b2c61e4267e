"""One request on its way through a handler, and what handlers of every collection have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.sim.faults import Fault
from reconciler.sim.hetzner.actions import Action, Effect, Resource, timestamp
from reconciler.sim.hetzner.labels import selector
from reconciler.sim.hetzner.problems import ApiError, invalid, not_found
from reconciler.sim.hetzner.project import Json, Project, Table
from reconciler.sim.hetzner.validation import Check, check

DEFAULT_PER_PAGE = 25
MAX_PER_PAGE = 50


@dataclass(slots=True)
class Answer:
    """What a handler answers: the HTTP status, and the JSON body, None where it is empty."""

    status: int
    payload: Json | None = None


@dataclass(slots=True)
class Call:
    """`ids` are the numbers in the path, `now` is the one moment at which the request happens."""

    project: Project
    now: float
    ids: tuple[int, ...] = ()
    query: dict[str, list[str]] = field(default_factory=dict)
    body: Any = None
    faults: dict[str, Fault] = field(default_factory=dict)
    started: list[Action] = field(default_factory=list)

    def read(self, shape: Check) -> Json:
        """The body, checked."""
        return check(self.body, shape)

    def asks(self, name: str) -> bool:
        """A boolean query parameter; the official Python client writes it `True`."""
        return self.query.get(name, ["false"])[-1].lower() == "true"

    def row(self, kind: str) -> Json:
        """The record that the path names."""
        return self.project[kind].get(self.ids[0])

    @property
    def time(self) -> str:
        """`now` in RFC 3339, to the second."""
        return timestamp(self.now)

    def withdrawn(self, row: Json) -> bool:
        """Whether what was announced to go has gone by now; until then it is deprecated and to be had."""
        deprecation = row.get("deprecation")
        return deprecation is not None and str(deprecation["unavailable_after"]) <= self.time

    def start(
        self,
        command: str,
        resources: Sequence[Resource],
        effect: Effect | None = None,
        *,
        locks: Sequence[Resource] = (),
        undo: Effect | None = None,
        after: Sequence[Action] = (),
    ) -> Action:
        """Start an action; the faults `action_error` and `stuck_lock` are acted out here."""
        action = Action(
            id=self.project.numbers.id(),
            command=command,
            resources=tuple(resources),
            started=self.now,
            begins=self.now,
            ends=self.now,
            locks=tuple(locks),
            effect=effect,
            undo=undo,
        )
        if fault := self.faults.get("action_error"):
            action.failure = {
                "code": str(fault.options.get("code", "action_failed")),
                "message": str(fault.options.get("message", "Action failed")),
            }
        if fault := self.faults.get("stuck_lock"):
            action.stuck = fault.seconds
        self.started.append(action)
        return self.project.timeline.start(action, after=after)

    def show(self, action: Action) -> Json:
        """An action as it is at the moment of the request."""
        return action.render(self.now)

    def one_action(self, action: Action) -> Answer:
        """The usual answer to a command: 201 with its action, which may still be running."""
        return Answer(201, {"action": self.show(action)})


Handler = Callable[[Call], Answer]
Routes = dict[str, Handler]


def lookup(call: Call, kind: str, reference: int | str) -> Json:
    """A record of the project or the catalogue by id or name; refuses what does not exist."""
    row = call.project.find(kind, reference)
    if row is None:
        raise not_found(call.project.nouns[kind], reference)
    return row


def public(row: Json) -> Json:
    """A record without its internal keys."""
    return {key: value for key, value in row.items() if key[0] != "_"}


def require_unprotected(row: Json, action: str = "delete") -> None:
    """Refuse with `protected` (423) what the resource's protection forbids."""
    if row["protection"][action]:
        raise ApiError("protected", f"the resource is protected against {action}")


def update(call: Call, kind: str, changes: Json) -> Json:
    """Apply a checked `PUT` body of plain fields; the name is kept unique."""
    row = call.row(kind)
    if "name" in changes:
        call.project[kind].rename(row, changes["name"])
    row.update(changes)
    return row


def change_protection(call: Call, kind: str, changes: Json) -> Answer:
    """Set the kinds of protection that are given; done at once, also while an action runs."""
    row = call.row(kind)
    action = call.start(
        "change_protection",
        [(call.project.nouns[kind], row["id"])],
        lambda: row["protection"].update(changes),
    )
    return call.one_action(action)


def listed(
    call: Call,
    kind: str,
    render: Callable[[Json], Json],
    *,
    rows: Iterable[Json] | None = None,
    equal: Sequence[str] = (),
    sorts: Sequence[str] = ("id", "name", "created"),
    key: str | None = None,
    labelled: bool = True,
) -> Answer:
    """A page of a collection: `name`, `label_selector` and the `equal` filters, then sort, then cut.

    Where the members have no labels, a selector is a parameter that the list does not know.
    """
    if rows is None:
        rows = _named(call, call.project[kind])
    if labelled:
        rows = _selected(call, rows)
    matching = list(_filtered(call, rows, equal))
    _sort(call, matching, sorts)
    return paged(call, key or kind, matching, render)


def _named(call: Call, table: Table) -> Iterable[Json]:
    names = call.query.get("name")
    if not names:
        return table.rows.values()
    return (table.rows[table.names[name]] for name in names if name in table.names)


def _selected(call: Call, rows: Iterable[Json]) -> Iterable[Json]:
    for text in call.query.get("label_selector", ()):
        matches = selector(text)
        rows = [row for row in rows if matches(row["labels"])]
    return rows


def _filtered(call: Call, rows: Iterable[Json], equal: Sequence[str]) -> Iterable[Json]:
    for name in equal:
        if wanted := call.query.get(name):
            rows = [row for row in rows if str(row[name]) in wanted]
    return rows


def _sort(call: Call, rows: list[Json], sorts: Sequence[str]) -> None:
    """A list that cannot be sorted takes no notice of the wish, as of any parameter that it does not know."""
    if not sorts:
        return
    for text in reversed(call.query.get("sort", [])):
        name, _, direction = text.partition(":")
        if name not in sorts or direction not in ("", "asc", "desc"):
            raise invalid("sort", f"cannot sort by {text}")
        rows.sort(key=lambda row: (row[name] is not None, row[name]), reverse=direction == "desc")


def paged(call: Call, key: str, rows: Sequence[Any], render: Callable[[Any], Json]) -> Answer:
    """The rows of one page, with `meta.pagination`: `page` from 1, `per_page` 25 and at most 50.

    A larger `per_page` counts as 50; what is no positive integer is `invalid_input`.
    """
    page = _whole(call, "page", 1)
    per_page = min(_whole(call, "per_page", DEFAULT_PER_PAGE), MAX_PER_PAGE)
    total = len(rows)
    last = max(1, -(-total // per_page))
    chosen = rows[(page - 1) * per_page : page * per_page]
    pagination = {
        "page": page,
        "per_page": per_page,
        "previous_page": page - 1 if page > 1 else None,
        "next_page": page + 1 if page < last else None,
        "last_page": last,
        "total_entries": total,
    }
    return Answer(200, {key: [render(row) for row in chosen], "meta": {"pagination": pagination}})


def _whole(call: Call, name: str, default: int) -> int:
    text = call.query.get(name, [str(default)])[-1]
    if not text.isdecimal() or int(text) < 1:
        raise invalid(name, "must be a positive integer")
    return int(text)
