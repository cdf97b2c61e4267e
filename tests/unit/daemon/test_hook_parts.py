"""Promises of the hook's parts: whose a request is, what it is about, whom that concerns, and when."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
from collections.abc import Callable

import pytest

from reconciler.daemon.hook.concerned import concerned
from reconciler.daemon.hook.hook import MOST_BYTES, MOST_READ, Hook
from reconciler.daemon.hook.push import Push, is_push, read_push
from reconciler.daemon.hook.signature import HEADERS, Proof
from reconciler.daemon.hook.waking import SECONDS, Waking
from reconciler.daemon.metrics import Metrics
from reconciler.manifest.source.state import SourceSpec

BODY = b"Hello, World!"
SECRET = "It's a Secret to Everybody"
# From GitHub's page on validating deliveries.
DIGEST = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
# From the Standard Webhooks' own tests, which GitLab's signing token follows.
STANDARD = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
STANDARD_BODY = b'{"test": 2432232314}'


def holds(headers: dict[str, str], body: bytes = BODY, *secrets: str) -> bool:
    proof = Proof(headers, secrets or (SECRET,))
    for start in range(0, len(body), 5):
        proof.add(body[start : start + 5])
    return proof.holds()


@pytest.mark.parametrize(
    "headers",
    [
        {"x-hub-signature-256": f"sha256={DIGEST}"},
        {"x-gitea-signature": DIGEST},
        {"x-forgejo-signature": DIGEST.upper()},
        {"x-gitlab-token": SECRET},
    ],
    ids=["hub", "gitea", "forgejo", "gitlab"],
)
def test_what_a_forge_sends_is_believed_and_nothing_near_it(headers: dict[str, str]) -> None:
    ((name, value),) = headers.items()
    assert holds(headers)
    assert holds(headers, BODY, "an older secret", SECRET)
    assert not holds(headers, BODY, "another secret")
    assert not holds({name: value[:-2]})
    assert not holds({name: "é" + value})
    assert not holds({name: ""})
    if name != "x-gitlab-token":
        assert not holds(headers, BODY + b" ")


def test_a_signing_token_of_gitlab_covers_id_time_and_body() -> None:
    assert holds(STANDARD, STANDARD_BODY, STANDARD_SECRET)
    several = {**STANDARD, "webhook-signature": f"v1,AAAA v1a,xx {STANDARD['webhook-signature']}"}
    assert holds(several, STANDARD_BODY, STANDARD_SECRET)
    for name in ("webhook-id", "webhook-timestamp"):
        assert not holds({**STANDARD, name: "1"}, STANDARD_BODY, STANDARD_SECRET)
    assert not holds(STANDARD, BODY, STANDARD_SECRET)
    assert not holds({**STANDARD, "webhook-signature": "v1,???"}, STANDARD_BODY, STANDARD_SECRET)


def test_a_weaker_proof_never_makes_good_a_stronger_one_that_is_wrong() -> None:
    right = {
        "webhook-signature": "v1," + "A" * 43 + "=",
        "x-hub-signature-256": f"sha256={DIGEST}",
        "x-forgejo-signature": DIGEST,
        "x-gitea-signature": DIGEST,
        "x-gitlab-token": SECRET,
    }
    assert tuple(right) == HEADERS
    wrong = {**dict.fromkeys(HEADERS, "0" * 64), "x-hub-signature-256": "sha256=" + "0" * 64}
    for number, name in enumerate(HEADERS):
        assert not holds({name: wrong[name], **{each: right[each] for each in HEADERS[number + 1 :]}})


def test_nothing_is_believed_without_a_secret_or_by_the_old_signature_alone() -> None:
    assert not Proof({"x-gitlab-token": ""}, [""]).holds()
    assert not Proof({"x-gitlab-token": SECRET}, []).holds()
    assert Proof({"x-hub-signature": "sha1=00"}, [SECRET]).header is None


GITHUB = {
    "ref": "refs/heads/main",
    "repository": {
        "url": "https://github.com/ops/fleet",
        "clone_url": "https://github.com/ops/fleet.git",
        "ssh_url": "git@github.com:ops/fleet.git",
        "default_branch": "main",
    },
}
GITLAB = {
    "object_kind": "push",
    "ref": "refs/heads/main",
    "project": {
        "default_branch": "main",
        "git_ssh_url": "git@gitlab.example.com:ops/fleet.git",
        "git_http_url": "https://gitlab.example.com/ops/fleet.git",
    },
    "repository": {"url": "git@gitlab.example.com:ops/fleet.git"},
}


def test_a_body_is_read_as_json_or_as_a_form() -> None:
    text = json.dumps(GITHUB)
    found = read_push({"content-type": "application/json"}, text.encode())
    assert found.refs == ("refs/heads/main",)
    assert found.default_branch == "main"
    assert "git@github.com:ops/fleet.git" in found.repositories
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert read_push(form, b"payload=" + text.replace('"', "%22").replace(" ", "+").encode()) == found
    assert read_push({}, json.dumps(GITLAB).encode()).repositories == (
        "git@gitlab.example.com:ops/fleet.git",
        "https://gitlab.example.com/ops/fleet.git",
    )
    assert read_push({}, b"") == Push()
    assert read_push({}, b'{"refs": ["refs/heads/a", 7, ""], "repository": 3, "source": []}').refs == (
        "refs/heads/a",
    )


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b"[" * 100_000, b"payload=x"])
def test_what_is_no_body_is_refused_with_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):
        read_push({"content-type": "application/x-www-form-urlencoded"}, body)


def test_only_a_push_is_one_and_a_script_need_not_say_so() -> None:
    assert is_push({"x-github-event": "push"})
    assert is_push({"x-gitlab-event": "Push Hook"})
    assert is_push({})
    assert not is_push({"x-github-event": "ping"})
    assert not is_push({"x-gitlab-event": "Issue Hook"})


SOURCES = [
    ("https", SourceSpec(git="https://github.com/Ops/fleet.git", branch="main")),
    ("ssh", SourceSpec(git="ssh://git@github.com:22/ops/fleet", branch="next")),
    ("own", SourceSpec(git="git@github.com:ops/fleet.git")),
    ("inside", SourceSpec(git="http://gitlab.internal:8080/ops/fleet.git", branch="main")),
    ("path", SourceSpec(git="/srv/git/fleet.git", branch="refs/heads/main")),
    ("folder", SourceSpec(paths=("/srv/manifests",))),
]


def of(said: object, *sources: tuple[str, SourceSpec]) -> set[str]:
    return set(concerned(read_push({}, json.dumps(said).encode()), sources or SOURCES))


def test_a_push_concerns_the_sources_of_its_repository_and_branch() -> None:
    assert of(GITHUB) == {"https", "own"}
    assert of({**GITHUB, "ref": "refs/heads/next"}) == {"ssh"}
    assert of({**GITHUB, "ref": "refs/tags/v1"}) == set()
    assert of({"repository": "https://github.com/ops/other"}) == set()
    assert of({"repository": "/srv/git/fleet.git", "ref": "refs/heads/main"}) == {"path"}
    assert of({"repository": "/srv/git/fleet.git", "ref": "refs/heads/next"}) == set()
    assert of({"source": "folder"}) == {"folder"}
    assert of({"source": "ssh", "ref": "refs/heads/main"}) == set()
    assert of({}) == {label for label, _ in SOURCES}
    assert of({"repository": "http://[::1"}) == set()


def test_where_no_source_is_at_that_host_the_path_alone_is_compared() -> None:
    assert of(GITLAB) == {"https", "own", "inside"}, "one too many costs a look"
    assert of(GITLAB, ("inside", SOURCES[3][1])) == {"inside"}


class Later:
    """A clock that stands still until it is told, and what is to be called later."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[tuple[float, Callable[[], None]]] = []

    def __call__(self, seconds: float, call: Callable[[], None]) -> None:
        self.calls.append((seconds, call))


def test_pushes_that_come_too_soon_wait_and_are_then_one() -> None:
    later, woken = Later(), list[str]()
    waking = Waking(woken.append, lambda: later.now, later)
    for _ in range(100):
        waking.pushed("a")
    waking.pushed("b")
    assert woken == ["a", "b"]
    ((wait, call),) = later.calls
    assert wait == SECONDS
    later.now = wait
    call()
    assert woken == ["a", "b", "a"], "the last of them is not forgotten"
    waking.pushed("a")
    assert woken == ["a", "b", "a"], "and the next has to wait again"
    assert later.calls[1][0] == SECONDS
    later.now += 10 * SECONDS
    later.calls[1][1]()
    waking.pushed("a")
    assert woken[-2:] == ["a", "a"]


def asked(hook: Hook, body: bytes, length: int | None = None, came: int | None = None) -> int:
    """The status for a signed body of which `came` bytes come (all), said to be `length` long (as it is)."""
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"x-hub-signature-256": f"sha256={digest}", "content-length": str(length or len(body))}
    return hook.answer(headers, io.BytesIO(body[:came]), "127.0.0.1").status


def test_a_body_is_bounded_and_one_too_long_to_be_read_wakes_every_source() -> None:
    woken: list[str] = []
    hook = Hook(SOURCES, woken.append, Metrics())
    assert asked(hook, b"{}") == 503
    hook.learn([SECRET])
    assert asked(hook, b"{}", MOST_BYTES + 1) == 413
    assert asked(hook, b"{}", 10**30) == 413
    assert asked(hook, b"{} ", came=2) == 401, "a body that was cut off is not what was signed"
    assert hook.answer({"content-length": "-1"}, io.BytesIO(), "").status == 411
    assert hook.answer({"content-length": "\N{SUPERSCRIPT TWO}"}, io.BytesIO(), "").status == 411
    assert asked(hook, b"no JSON") == 400
    assert woken == []
    assert asked(hook, b" " * (MOST_READ + 1)) == 202
    assert set(woken) == {label for label, _ in SOURCES}
