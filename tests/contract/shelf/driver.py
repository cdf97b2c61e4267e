"""The driver: what there is on a shelf, how it looks, and which requests change it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

from reconciler.catalog import CatalogPart, load_part
from reconciler.errors import ErrorCode, PlanError, ProviderError
from reconciler.model.address import Address
from reconciler.model.plan import Action, Call, ExternalId, MarkValue, Param
from reconciler.model.resource import Desired, Mark, Observed
from reconciler.model.values import ExternalRef, Value
from reconciler.providers.driver import (
    Access,
    LowerRequest,
    Observation,
    ObserveRequest,
    Request,
    Submission,
    TaskState,
    TaskStatus,
)
from reconciler.providers.flat import flatten, unflatten

from .provider import Answer, Refused, Shelf

PATHS = {"shelf_box": "/boxes", "shelf_grant": "/grants"}
WORDS = {
    "name": "name",
    "shelf_colour": "colour",
    "shelf_who": "who",
    "shelf_box": "box",
    "shelf_hours": "hours",
}
CODES = {
    401: ErrorCode.UNAUTHORIZED,
    403: ErrorCode.FORBIDDEN,
    404: ErrorCode.NOT_FOUND,
    409: ErrorCode.ALREADY_EXISTS,
    429: ErrorCode.RATE_LIMITED,
    503: ErrorCode.UNAVAILABLE,
}
TRANSIENT = (429, 503)
MARK = (("owner", MarkValue("owner")), ("resource", MarkValue("resource")))


class ShelfDriver:
    """One shelf. `Access.url` is `shelf://` and a folder's path, the credential is its password."""

    catalog: ClassVar[CatalogPart] = load_part(__package__ or "")

    def __init__(self, access: Access) -> None:
        self._access = access
        self.shelf: Shelf | None = Shelf(Path(access.url.removeprefix("shelf://")), access.credential)
        self._requests = 0

    def close(self) -> None:
        self.shelf = None

    # -- looking ------------------------------------------------------------------------------------

    def observe(self, request: ObserveRequest) -> Observation:
        before = self._requests
        kinds = {kind for kind, _ in request.targets} or request.types
        seen = {
            (kind, item.external_id): item
            for kind in sorted(kinds)
            for item in map(READERS[kind], self._call("GET", PATHS[kind]))
        }
        wanted = request.targets or tuple(seen)
        return Observation(
            resources=tuple(seen[target] for target in wanted if target in seen),
            complete=frozenset() if request.targets else request.types,
            absent=frozenset(request.targets) - seen.keys(),
            requests=self._requests - before,
        )

    # -- changing -----------------------------------------------------------------------------------

    @staticmethod
    def key_of(desired: Desired) -> str | None:
        """A grant stands at its person's name."""
        return str(desired.attributes["shelf_who"]) if desired.type == "shelf_grant" else None

    @staticmethod
    def lower(request: LowerRequest) -> tuple[Call, ...]:
        item = request.desired or request.recorded
        if item is None:
            raise PlanError(f"{request.diff.address}: nothing is wanted, and nothing is there")
        path, address = PATHS[item.type], item.address
        where = (("id", ExternalId(address)),)
        if request.action is Action.DELETE:
            return (Call("delete", "DELETE", f"{path}/{{id}}", f"delete {address}", where, deletes=True),)
        given = tuple(_given(request))
        if request.action is Action.CREATE:
            mark = MARK if item.type == "shelf_box" else ()
            return (Call("make", "POST", path, f"make {address}", (), (*given, *mark), creates=True),)
        if request.action is Action.ADOPT and item.type == "shelf_box":
            given += MARK
        if not given:
            return ()
        return (Call("change", "PATCH", f"{path}/{{id}}", f"change {address}", where, given),)

    def submit(self, request: Request) -> Submission:
        made = self._call(request.method, request.path, unflatten(request.params))
        if request.method != "POST":
            return Submission()
        return Submission(external_id=str(made["id"]) if "id" in made else made["who"])

    def poll(self, tasks: Sequence[str]) -> Mapping[str, TaskStatus]:
        """Nothing takes time here, so no task was ever begun."""
        return {task: TaskStatus(TaskState.UNKNOWN) for task in tasks}

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        """One request, sent once; every failure is a ProviderError."""
        where = f"{self._access.endpoint}: {method} {path}"
        if self.shelf is None:
            raise ProviderError(f"{where}: this driver was closed", code=ErrorCode.CONNECTION)
        self._access.meter.before()
        self._requests += 1
        try:
            return self.shelf.call(method, path, body)
        except Refused as error:
            code = CODES.get(error.status, ErrorCode.OTHER)
            transient = error.status in TRANSIENT
            raise ProviderError(f"{where}: {error}", code=code, transient=transient) from error
        except (OSError, ValueError) as error:  # no answer, or none that can be read
            lost = method != "GET"
            raise ProviderError(
                f"{where}: {error}", code=ErrorCode.CONNECTION, transient=True, ambiguous=lost
            ) from error


def _given(request: LowerRequest) -> Iterable[tuple[str, Param]]:
    """What is to be said of the object: of a new one all that is wanted, else only what differs."""
    desired = request.desired
    if desired is not None and request.action is Action.CREATE:
        yield from ((WORDS[name], _param(value)) for name, value in desired.attributes.items())
    else:
        yield from ((WORDS[change.name], _param(change.after)) for change in request.diff.changes)
    if desired is not None and request.diff.parts:
        slots = [(part.attributes["shelf_place"], part.attributes["shelf_content"]) for part in desired.parts]
        yield from flatten({"slots": [{"place": _param(p), "content": _param(c)} for p, c in slots]})
    if desired is not None and request.diff.tags:
        yield from flatten({"tags": dict(desired.tags)})


def _param(value: Value | None) -> Param:
    match value:
        case Address():
            return ExternalId(value)
        case ExternalRef():
            return value.external_id
        case str() | int() | None:
            return value
    raise PlanError(f"a shelf has no place for {value!r}")


# -- reading --------------------------------------------------------------------------------------


def _box(data: Answer) -> Observed:
    slots = tuple(
        Observed(
            "shelf_slot",
            "",
            str(slot["place"]),
            "available",
            {"shelf_place": slot["place"], "shelf_content": slot["content"]},
        )
        for slot in data.get("slots", ())
    )
    mark = Mark(UUID(data["owner"]), UUID(data["resource"])) if "owner" in data else None
    values = {"name": data["name"], "shelf_colour": data["colour"]}
    tags = data.get("tags", {})
    return Observed("shelf_box", str(data["id"]), data["name"], "available", values, tags, mark, slots)


def _grant(data: Answer) -> Observed:
    box = ExternalRef("shelf_box", str(data["box"]))
    values = {"shelf_who": data["who"], "shelf_box": box, "shelf_hours": data["hours"]}
    return Observed("shelf_grant", data["who"], data["who"], "available", values, markable=False)


READERS: Mapping[str, Callable[[Answer], Observed]] = {"shelf_box": _box, "shelf_grant": _grant}
