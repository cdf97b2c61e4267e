"""From a push to the first request to a provider, with the hook; every interval is an hour."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from urllib.request import Request, urlopen

from tests.bench.measure import Cost
from tests.bench.reach.daemons import Daemon, daemon
from tests.bench.reach.line import Line
from tests.bench.reach.run import Run
from tests.bench.reach.world import Figure, World
from tests.bench.rounds import requests_sent
from tests.rigs.git import commit, new_repository, served

_SIZE = 11
_MOST = 1.0
_SECRET = "bench-hook-secret"
_CREDENTIAL = (
    "apiVersion: reconciler/v1\nkind: Credential\nmetadata: {name: hook}\n"
    "spec: {environment: RECONCILER_BENCH_HOOK}\n"
)


def hook(run: Run) -> Iterator[Line]:
    """A remote over HTTP on this machine. A checkout that has no hook is not asked."""
    with run.worlds("push", _SIZE) as worlds:
        here = worlds[0]
        figures = {here.checkout.name: _pushed(here, run.sizes.repeat)}
    met = figures["this"].cost.wall <= _MOST
    yield Line("git push to first provider call", _SIZE, figures, "≤ 1 s", met)


def _pushed(world: World, times: int) -> Figure:
    files = {file.name: file.read_text() for file in sorted(world.manifests.iterdir())}
    files["hook.yaml"] = _CREDENTIAL
    repository = new_repository(world.folder / "fleet.git")
    commit(repository, files)
    hour = [word for name in ("--poll", "--interval", "--observe-interval") for word in (name, "1h")]
    with served(repository) as url:
        source = ("--git", url, "--source", "bench", "--trust-inventory", "--hook-credential", "hook")
        with daemon(world, *source, *hour, RECONCILER_BENCH_HOOK=_SECRET) as running:
            running.ready(1)
            waits = sorted(_waited(world, running, files, url, number) for number in range(times))
    return Figure(Cost(waits[len(waits) // 2], 0.0, 0.0))


def _waited(world: World, running: Daemon, files: dict[str, str], url: str, number: int) -> float:
    name = next(each for each in files if each.startswith("group"))
    files[name] = (
        files[name]
        .replace("env: bench", f"env: bench{number}")
        .replace(f"env: bench{number - 1}{number}", f"env: bench{number}")
    )
    files[name] += f"# push {number}\n"
    before = requests_sent(world.url)
    body = json.dumps({"ref": "refs/heads/main", "repository": {"clone_url": url}}).encode()
    signature = "sha256=" + hmac.new(_SECRET.encode(), body, hashlib.sha256).hexdigest()
    request = Request(f"http://127.0.0.1:{running.port}/hook", body, {"X-Hub-Signature-256": signature})
    commit(world.folder / "fleet.git", files)
    began = time.monotonic()
    urlopen(request).close()  # noqa: S310
    while requests_sent(world.url) == before:
        time.sleep(0.005)
    waited = time.monotonic() - began
    running.ready(number + 2)
    return waited
