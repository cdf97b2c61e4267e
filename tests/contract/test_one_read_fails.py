"""One read of a look fails, each in its turn: nothing that is there is then concluded to be gone.

Property 7 of docs/safety.md, for every request that a driver makes and not only for its lists: what a failed
read leaves out is unseen, or its type is not complete.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

import pytest

from reconciler.errors import ProviderError
from reconciler.providers.driver import ObserveRequest
from reconciler.testing import Sample, World
from tests.contract import hetzner_samples, proxmox_samples
from tests.contract.hetzner_harness import HetznerHarness, hetzner
from tests.contract.proxmox_harness import ProxmoxHarness, proxmox

Harness = HetznerHarness | ProxmoxHarness
RIGS: dict[str, tuple[Callable[[], AbstractContextManager[Harness]], Callable[[], Sequence[Sample]]]] = {
    "hetzner": (hetzner, hetzner_samples.samples),
    "proxmox": (proxmox, proxmox_samples.samples),
}
FAILURES = [("status", 403), ("status", 404), ("status", 500), ("status", 503), ("reset_before", 0)]


@pytest.fixture(scope="module", params=RIGS)
def inhabited(request: pytest.FixtureRequest) -> Iterator[tuple[Harness, World]]:
    """A provider that has every sample of its driver's."""
    connected, samples = RIGS[request.param]
    with connected() as harness:
        world = World(harness)
        for sample in samples():
            world.secrets.update(sample.secrets)
            for desired in (*sample.first, sample.desired):
                if desired.address not in world.recorded:
                    world.apply(desired)
        yield harness, world


@pytest.mark.parametrize("one_by_one", [False, True])
@pytest.mark.parametrize(("kind", "status"), FAILURES)
def test_what_one_failed_read_leaves_out_is_not_gone(
    inhabited: tuple[Harness, World], kind: str, status: int, *, one_by_one: bool
) -> None:
    harness, world = inhabited
    roots = [address for address in world.ids if address.parent is None]
    there = {(address.type, world.ids[address]) for address in roots}
    known = {name: frozenset(number for kind, number in there if kind == name) for name, _ in there}
    types = world.catalog.root_types(harness.provider_type)
    whole = ObserveRequest(types, known=known)
    look = ObserveRequest(frozenset(), tuple(sorted(there)), known=known) if one_by_one else whole
    ledger = harness.rig.server.ledger
    before = len(ledger.since())
    assert there <= {(item.type, item.external_id) for item in world.driver.observe(look).resources}
    asked = sorted({str(entry["path"]) for entry in ledger.since(before)})
    assert len(asked) > 5
    for path in asked:
        harness.fault(kind, method="GET", path=re.escape(path), status=status)
        try:
            seen = world.driver.observe(look)
        except ProviderError:
            continue  # the whole endpoint's trouble: nothing is concluded from it
        finally:
            harness.mend()
        shown = {(item.type, item.external_id) for item in seen.resources}
        lost = {each for each in there - shown if each[0] in seen.complete or each in seen.absent}
        if status == 404:  # of an object's own path this is the provider's word
            lost = {each for each in lost if not path.endswith(f"/{each[1]}")}
        assert lost == set(), f"GET {path} ends in {kind} {status}"
