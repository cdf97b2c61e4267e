"""Where drift is only reported, what moved by itself is sent as it is, along with the manifest's change."""

from __future__ import annotations

from reconciler.model.diff import Diff, PartAction, PartChange, Reason
from reconciler.model.resource import Desired
from reconciler.planner.reported import as_it_is
from tests.rigs.core import recorded_of, want, with_parts
from tests.rigs.manifest import catalog

ONE, TWO = ({"ip_range": f"10.0.{number}.0/24", "network_zone": "eu-central"} for number in (1, 2))


def net(*subnets: dict[str, str]) -> Desired:
    return with_parts(want("network/net", ip_range="10.0.0.0/16"), "subnet", *subnets)


def left_alone(part: Desired, action: PartAction) -> Diff:
    change = PartChange(part.address, action, (), reason=Reason.DRIFT)
    return Diff(part.address.parent or part.address, parts=(change,))


def test_a_part_that_somebody_added_stays_and_one_that_nobody_has_is_not_made_up() -> None:
    there, wanted = recorded_of(net(ONE, TWO)), net(ONE)
    added = net(ONE, TWO).parts[1]
    kept = as_it_is(wanted, there, left_alone(added, PartAction.DELETE), catalog())
    assert [part.attributes["ip_range"] for part in kept.parts] == ["10.0.1.0/24", "10.0.2.0/24"]
    gone = as_it_is(wanted, recorded_of(wanted), left_alone(added, PartAction.DELETE), catalog())
    assert gone.parts == wanted.parts


def test_a_part_that_somebody_took_away_is_not_sent() -> None:
    taken = net(ONE, TWO).parts[1]
    left = as_it_is(net(ONE, TWO), recorded_of(net(ONE)), left_alone(taken, PartAction.CREATE), catalog())
    assert [part.attributes["ip_range"] for part in left.parts] == ["10.0.1.0/24"]
