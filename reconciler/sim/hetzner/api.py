"""The simulated API as a whole: who is asking, how much they may ask, which handler answers, and faults.

One lock guards everything; a request sees the world at one moment and leaves it whole.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import date
from typing import Any, NoReturn
from urllib.parse import urlencode

from reconciler.sim.faults import Fault
from reconciler.sim.hetzner import changes, older
from reconciler.sim.hetzner.call import Answer, Call
from reconciler.sim.hetzner.catalogue import Catalogue
from reconciler.sim.hetzner.problems import CODE_OF_STATUS, STATUS_OF_CODE, ApiError
from reconciler.sim.hetzner.project import Json, Numbers, Project
from reconciler.sim.hetzner.ratelimit import USUAL_LIMIT, Bucket
from reconciler.sim.hetzner.routes import resolve
from reconciler.sim.hetzner.types import COLLECTIONS
from reconciler.sim.server import Request, Response

OTHER = "other"


class HetznerApi:
    """Implements `sim.server.Api` under the base path `/v1`.

    `token` opens the project, `other_token` a second one that starts empty. `action_seconds` is the length
    of an ordinary action; with 0 an action is done when it is next looked at. `rate_limit` is in requests
    an hour, None lifts it. `api_date`: answer as the API did then (see `older`), for clients of that time.
    `clock` gives unix time in seconds.

    The faults it acts out itself, for the requests that a rule matches:
    `empty_list`; `missing_page` (options `mode`: `end` leaves out the next page and all after it, `skip`
    the next one, `short` the page's last item, while the totals go on counting them); `stale` (reads see
    the state of when the rule was posted); `action_error` (options `code`, `message`); `stuck_lock` (the
    action's locks stay for `seconds` after its end, 0: until `unlock`); `lost_permission` (403); `refused`
    (options `code`, `message`).
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        token: str = "simulator",  # noqa: S107 - opens nothing but the simulator
        other_token: str | None = None,
        action_seconds: float = 0.3,
        rate_limit: int | None = USUAL_LIMIT,
        api_date: date | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        numbers, catalogue = Numbers(seed), Catalogue()
        kinds = [each.kind for each in COLLECTIONS]
        self.project = Project(numbers, catalogue, action_seconds, kinds)
        self.other = Project(numbers, catalogue, action_seconds, kinds)
        self._projects = {token: self.project}
        if other_token is not None:
            self._projects[other_token] = self.other
        self._clock = clock
        self._date = api_date
        self._lock = threading.RLock()
        now = clock()
        self._buckets = {name: Bucket(rate_limit, now) for name in self._projects}
        self._anonymous = Bucket(rate_limit, now)
        self._answers = 0
        # By the identity of a `stale` rule: what its readers see, for each project.
        self._frozen: dict[int, dict[int, Project]] = {}

    def parse(self, request: Request) -> Any:
        """The JSON body, None where there is none; text that is no JSON as it came."""
        if not request.raw_body:
            return None
        text = request.raw_body.decode("utf-8", "replace")
        try:
            return json.loads(text)
        except ValueError:
            return text

    def handle(self, request: Request) -> Response:
        """Answer as the API would, with the rate limit's headers and a correlation id.

        Each token has a budget of its own, all unknown ones share another. Where it is used up the answer is
        `rate_limit_exceeded` (429), before anything else is looked at.
        """
        with self._lock:
            now = self._clock()
            token = _token(request)
            bucket = self._bucket(token)
            allowed = bucket.take(now)
            try:
                answer = self._answer(request, token, now) if allowed else _refuse_rate()
            except ApiError as error:
                answer = Answer(error.status, error.payload())
            refused = request.fault("refused") if allowed else None
            headers = self._headers(bucket, answer.status, refused) | _links(request, answer)
            applied = request.method != "GET" and answer.status < 300
            return Response(answer.status, answer.payload, headers=headers, applied=applied)

    def _bucket(self, token: str) -> Bucket:
        return self._buckets.get(token, self._anonymous)

    def _headers(self, bucket: Bucket, status: int, fault: Fault | None) -> dict[str, str]:
        """The budget, which is used up where a fault says so, and a correlation id."""
        self._answers += 1
        budget = bucket.headers()
        if fault is not None and status == STATUS_OF_CODE["rate_limit_exceeded"]:
            budget = bucket.used_up(fault.seconds)
        return budget | {"X-Correlation-Id": f"{self._answers:016x}"}

    def _answer(self, request: Request, token: str, now: float) -> Answer:
        project = self._projects.get(token)
        if project is None:
            raise ApiError("unauthorized", "unable to authenticate")
        for each in self._projects.values():
            each.timeline.settle(now)
        if request.fault("lost_permission"):
            raise ApiError("forbidden", "insufficient permissions for this request")
        if refusal := request.fault("refused"):
            code = str(refusal.options.get("code", "conflict"))
            raise ApiError(code, str(refusal.options.get("message", f"injected: {code}")))
        handler, ids = resolve(request.method, request.path)
        handler = older.handler_at(self._date, request.path, handler)
        _require_json(request)
        stale = request.fault("stale")
        if stale is not None and request.method == "GET":
            project = self._past(stale)[id(project)]
        faults = {fault.kind: fault for fault in reversed(request.faults)}
        body = older.asked(self._date, request.body, project.catalogue)
        call = Call(project, now, ids, request.query, body, faults)
        return older.answered(self._date, _damaged(call, handler(call)), project.catalogue)

    def _past(self, fault: Fault) -> dict[int, Project]:
        """The projects as they were when the rule was posted, or first hit if it was never announced."""
        if id(fault) not in self._frozen:
            self._frozen[id(fault)] = {id(each): each.frozen() for each in (self.project, self.other)}
        return self._frozen[id(fault)]

    def fault_added(self, fault: Fault) -> None:
        """A `stale` rule freezes what its readers will see, as it is now; no other needs this."""
        if fault.kind == "stale":
            with self._lock:
                self._settle()
                self._past(fault)

    def faults_cleared(self) -> None:
        """Forget what was frozen for `stale` rules."""
        with self._lock:
            self._frozen.clear()

    def error(self, request: Request, fault: Fault) -> Response:
        """An injected status with the code that goes with it; the request counts as any other.

        With 429 the budget is shown as used up, and as full again in the fault's `seconds` (0: in an hour).
        """
        code = CODE_OF_STATUS.get(fault.status, "server_error")
        with self._lock:
            bucket = self._bucket(_token(request))
            bucket.take(self._clock())
            headers = self._headers(bucket, fault.status, fault)
        return Response(fault.status, ApiError(code, f"injected: {code}").payload(), headers=headers)

    def state(self) -> Json:
        """Per collection the objects as the API shows them, each with `internal`; actions; locks."""
        with self._lock:
            now = self._settle()
            return changes.truth(self.project, now) | {"other_project": changes.truth(self.other, now)}

    def change(self, what: dict[str, Any]) -> Any:
        """See `changes`; with `"project": "other"` the second project is changed."""
        with self._lock:
            now = self._settle()
            return changes.apply(self.other if what.get("project") == OTHER else self.project, what, now)

    def _settle(self) -> float:
        now = self._clock()
        for project in (self.project, self.other):
            project.timeline.settle(now)
        return now


def _refuse_rate() -> NoReturn:
    raise ApiError("rate_limit_exceeded", "limit of requests per hour reached")


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def _require_json(request: Request) -> None:
    """`parse` leaves a body that is no JSON as text, and a JSON text is no body either."""
    if isinstance(request.body, str):
        try:
            json.loads(request.raw_body)
        except ValueError:
            raise ApiError("json_error", "invalid JSON input in the request") from None


def _links(request: Request, answer: Answer) -> dict[str, str]:
    """The `Link` header of a page."""
    if answer.payload is None or "meta" not in answer.payload:
        return {}
    pagination = answer.payload["meta"]["pagination"]
    pages = {
        "prev": pagination["previous_page"],
        "next": pagination["next_page"],
        "last": pagination["last_page"],
    }
    base = f"http://{request.headers.get('host', 'localhost')}{request.path}"
    links = []
    for relation, page in pages.items():
        if page is not None:
            query = request.query | {"page": [str(page)], "per_page": [str(pagination["per_page"])]}
            links.append(f'<{base}?{urlencode(query, doseq=True)}>; rel="{relation}"')
    return {"Link": ", ".join(links)}


def _damaged(call: Call, answer: Answer) -> Answer:
    """A list as the faults `empty_list` and `missing_page` leave it."""
    if answer.payload is None or "meta" not in answer.payload:
        return answer
    pagination = answer.payload["meta"]["pagination"]
    (key,) = (name for name, value in answer.payload.items() if isinstance(value, list))
    if "empty_list" in call.faults:
        answer.payload[key] = []
        pagination |= {"previous_page": None, "next_page": None, "last_page": 1, "total_entries": 0}
    elif fault := call.faults.get("missing_page"):
        mode = fault.options.get("mode", "end")
        if mode == "short":
            answer.payload[key] = answer.payload[key][:-1]
        elif pagination["next_page"] is not None:
            after = pagination["next_page"] + 1
            skipped = mode == "skip" and after <= pagination["last_page"]
            pagination["next_page"] = after if skipped else None
    return answer
