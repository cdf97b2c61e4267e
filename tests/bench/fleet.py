"""Fleets to measure with: groups of one network, ten machines in it and a volume for each, as manifests.

The same size always gives the same bytes. Documents are written group by group, so that a large fleet needs
no memory; which resources differ from the usual is told by their number.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

MACHINES = 10
GROUP = 1 + 2 * MACHINES
"""Resources in a group, one file each group: a network, its machines, their volumes."""

_HEAD = """\
apiVersion: reconciler/v1
kind: {kind}
metadata:
  name: {name}
  tags: {{env: bench, group: g{group:05}, role: {role}}}
spec:
"""
_NETWORK = """\
  ip_range: 10.{second}.0.0/16
  expose_routes_to_vswitch: false
  protected: false
  subnets:
    - {{ip_range: 10.{second}.1.0/24, network_zone: eu-central, subnet_type: cloud}}
"""
_MACHINE = """\
  location: fsn1
  server_type: cx22
  image: debian-12
  power_state: running
  ipv4_enabled: false
  ipv6_enabled: false
  backups: false
  protected: false
  networks:
    - {{network: net-{group:05}}}
"""
_VOLUME = """\
  size: {size}GiB
  location: fsn1
  filesystem: ext4
  automount: false
  protected: false
  server: vm-{group:05}-{number:02}
"""
_INVENTORY = """\
apiVersion: reconciler/v1
kind: Credential
metadata: {{name: bench-token}}
spec: {{environment: {variable}}}
---
apiVersion: reconciler/v1
kind: Location
metadata: {{name: fsn1}}
spec: {{display_name: Falkenstein, country_code: DE}}
---
apiVersion: reconciler/v1
kind: Provider
metadata: {{name: bench}}
spec: {{type: hetzner}}
---
apiVersion: reconciler/v1
kind: ProviderEndpoint
metadata: {{name: bench}}
spec: {{provider: bench, url: "{url}", credential: bench-token}}
"""

TOKEN_VARIABLE = "RECONCILER_BENCH_TOKEN"


def write_fleet(folder: Path, size: int, url: str, changed: Collection[int] = ()) -> None:
    """Write `size` resources and the endpoint at `url`; those numbered in `changed` (from 0) differ by a tag.

    A smaller fleet is a beginning of a larger one, so its last group may be without some of its volumes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "inventory.yaml").write_text(_INVENTORY.format(variable=TOKEN_VARIABLE, url=url))
    for start in range(0, size, GROUP):
        members = range(start, min(start + GROUP, size))
        text = "---\n".join(_document(number, number in changed) for number in members)
        (folder / f"group-{start // GROUP:05}.yaml").write_text(text)


def spread(size: int, count: int) -> frozenset[int]:
    """The numbers of `count` resources, evenly spread over a fleet."""
    return frozenset(index * size // count + size // (2 * count) for index in range(count))


def least_requests(size: int, page: int = 50) -> int:
    """Pages that a provider's lists of these resources have: what an observation cannot do without."""
    return sum(-(-count // page) for count in counts(size))


def counts(size: int) -> tuple[int, int, int]:
    """How many networks, machines and volumes a fleet has."""
    groups, rest = divmod(size, GROUP)
    machines = min(max(rest - 1, 0), MACHINES)
    return (
        groups + (rest > 0),
        groups * MACHINES + machines,
        groups * MACHINES + max(rest - 1 - machines, 0),
    )


def _document(number: int, changed: bool) -> str:
    group, place = divmod(number, GROUP)
    role, second = _role(changed), group % 256
    if place == 0:
        head = _HEAD.format(kind="Network", name=f"net-{group:05}", group=group, role=role)
        return head + _NETWORK.format(second=second)
    if place <= MACHINES:
        head = _HEAD.format(kind="VirtualMachine", name=f"vm-{group:05}-{place:02}", group=group, role=role)
        return head + _MACHINE.format(group=group)
    place -= MACHINES
    head = _HEAD.format(kind="Volume", name=f"data-{group:05}-{place:02}", group=group, role=role)
    return head + _VOLUME.format(group=group, number=place, size=10 + place)


def _role(changed: bool) -> str:
    return "changed" if changed else "usual"
