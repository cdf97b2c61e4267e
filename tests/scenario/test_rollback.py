"""Going back: a fleet is what it was at a mark, but for what is listed; and guards hold as in any plan."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.engine.apply import Session
from reconciler.engine.approval import Permit
from reconciler.engine.results import Applied, Preview
from reconciler.engine.rollback.asked import Rollback, back_to
from reconciler.engine.rollback.losses import Loss, Lost, losses
from reconciler.errors import PlanError
from reconciler.model.plan import BlockReason
from reconciler.planner import Limits, Selection, parse_selector
from tests.rigs.examples import often
from tests.rigs.manifest import PUBLIC_KEY
from tests.rigs.stage import Stage, document
from tests.scenario.test_executor import machine, names, network

ATTRIBUTES = """
SELECT r.address, ad.name, a.ordinal, coalesce(a.value_string, a.value_integer::text, a.value_decimal::text,
  a.value_boolean::text, a.value_datetime::text, a.value_credential)
FROM {resources} r JOIN {attributes} a ON a.resource_id = r.id
JOIN attribute_definitions ad ON ad.id = a.attribute_definition_id
JOIN provider_endpoints e ON e.id = r.provider_endpoint_id JOIN providers p ON p.id = e.provider_id
JOIN provider_type_attributes pa ON pa.provider_type_id = p.provider_type_id
  AND pa.resource_type_id = r.resource_type_id AND pa.attribute_definition_id = ad.id
WHERE r.deleted_at IS NULL AND r.management = 'managed' AND pa.mutability <> 'read_only' ORDER BY 1, 2, 3
"""
TAGS = """
SELECT r.address, t.key, t.value FROM {resources} r JOIN {tags} rt ON rt.resource_id = r.id
JOIN tags t ON t.id = rt.tag_id WHERE r.deleted_at IS NULL AND r.management = 'managed' ORDER BY 1, 2
"""


def revision(stage: Stage) -> int:
    ((found,),) = stage.rows("SELECT max(id) FROM revisions")
    return int(found)


def going_back(stage: Stage, to: int | None, *chosen: str) -> Session:
    """A run that goes back to a revision; None ends what was gone back to."""
    with stage.engine.store.read() as tx:
        back = back_to(tx, str(to), datetime.now(UTC)) if to is not None else None
    selection = Selection(tuple(map(parse_selector, chosen)))
    made = Session(stage.engine, stage.context, [], stage.options, rollback=Rollback(back, selection))
    made.recover()
    made.observe()
    return made


def rollback(stage: Stage, to: int | None, *chosen: str) -> tuple[Preview, Applied]:
    """Shown, agreed to, and carried out."""
    session = going_back(stage, to, *chosen)
    preview = session.preview()
    applied = session.apply(Permit.for_plan(preview.plan))
    stage.context = session.context
    return preview, applied


def lost(stage: Stage, preview: Preview) -> tuple[Loss, ...]:
    assert preview.rolled_back is not None
    with stage.engine.store.read() as tx:
        return losses(tx, stage.engine.catalog, preview.plan, preview.rolled_back)


def fleet(stage: Stage, mark: int | None = None) -> tuple[set[Any], set[Any]]:
    """Every row of what can be set, and of the tags; as of a mark, or now."""
    at = f"_as_of({mark})" if mark is not None else ""
    if at:
        places = {"resources": f"resources{at}", "attributes": f"attributes{at}", "tags": f"tags{at}"}
    else:
        places = {"resources": "resources", "attributes": "resource_attributes", "tags": "resource_tags"}
    return {*stage.rows(ATTRIBUTES.format(**places))}, {*stage.rows(TAGS.format(**places))}


def some_fleet(chance: random.Random) -> list[str]:
    """Up to nine resources of some types, each with what a person may or may not have written."""
    found = [_net(chance, name) for name in chance.sample(["a", "b", "c", "d"], chance.randint(1, 4))]
    for name in chance.sample(["f", "g"], chance.randint(0, 2)):
        rules = ", ".join(
            f"{{direction: in, protocol: tcp, port: '{port}', source_ips: [10.0.0.0/8]}}"
            for port in chance.sample([22, 80, 443], chance.randint(1, 3))
        )
        found.append(
            _tagged(chance, document("Firewall", name, f"endpoint: hetzner-1, rules: [{rules}]"), name)
        )
    if chance.random() < 0.7:
        found.append(
            _tagged(chance, document("SshKey", "k", f"endpoint: hetzner-1, public_key: {PUBLIC_KEY}"), "k")
        )
    return found


def _net(chance: random.Random, name: str) -> str:
    number = "abcd".index(name)
    subnets = ", ".join(
        f"{{subnet_type: cloud, network_zone: eu-central, ip_range: 10.{number}.{index}.0/24}}"
        for index in sorted(chance.sample(range(4), chance.randint(0, 3)))
    )
    more = f", subnets: [{subnets}]" if chance.random() < 0.8 else ""
    return _tagged(chance, network(name, f"10.{number}.0.0/16", f", endpoint: hetzner-1{more}"), name)


def _tagged(chance: random.Random, text: str, name: str) -> str:
    if chance.random() < 0.2:
        return text
    tags = {
        key: chance.choice(["one", "two"]) for key in chance.sample(["env", "team"], chance.randint(0, 2))
    }
    inner = ", ".join(f"{key}: {value}" for key, value in tags.items())
    return text.replace(f"metadata: {{name: {name}}}", f"metadata: {{name: {name}, tags: {{{inner}}}}}")


@pytest.mark.parametrize("seed", range(often(3)))
def test_a_fleet_that_is_rolled_back_is_what_it_was_but_for_what_is_listed(stage: Stage, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a seed
    stage.options = replace(stage.options, limits=Limits(destroy=99, share=1.0))
    marks: list[tuple[int, int]] = []
    for _ in range(4):
        stage.want(*some_fleet(chance))
        stage.settle()
        ((mark,),) = stage.rows("SELECT max(id) FROM marks")
        marks.append((revision(stage), mark))
    for to, mark in chance.sample(marks, 2):
        was = fleet(stage, mark)
        preview, applied = rollback(stage, to)
        assert (applied.failed, applied.left.steps, applied.left.blocked) == ((), (), ())
        excused = {(str(loss.address), loss.name) for loss in lost(stage, preview) if loss.lost is Lost.VALUE}
        now = fleet(stage)
        differs = {row for row in was[0] ^ now[0] if (row[0], row[1]) not in excused}
        assert (differs, was[1] ^ now[1]) == (set(), set())
        again = stage.settle()
        assert again.outcomes == (), "the manifests still say the newest, and are not followed"
        assert fleet(stage) == now
    newest = marks[-1][1]
    was = fleet(stage, newest)
    rollback(stage, None)
    assert fleet(stage)[1] == was[1]
    assert stage.rows("SELECT 1 FROM pins WHERE ended_at IS NULL") == []


def test_what_was_guarded_since_then_is_not_removed(stage: Stage) -> None:
    stage.want(network("a", "10.0.0.0/16"))
    stage.settle()
    first = revision(stage)
    guarded = network("b", "10.1.0.0/16", rest="lifecycle: {prevent_destroy: true}")
    stage.want(network("a", "10.0.0.0/16"), guarded)
    stage.settle()
    preview, applied = rollback(stage, first)
    assert [item.reason for item in preview.plan.blocked] == [BlockReason.PREVENT_DESTROY]
    assert applied.outcomes == ()
    assert names(stage, "networks") == ["a", "b"]


def test_what_it_destroys_beyond_the_limit_waits_for_an_approval_and_is_wanted_no_more(stage: Stage) -> None:
    stage.want(network("a", "10.0.0.0/16"))
    stage.settle()
    first = revision(stage)
    stage.want(*(network(name, f"10.{number}.0.0/16") for number, name in enumerate("abcd")))
    stage.settle()
    session = going_back(stage, first)
    applied = session.apply(Permit())
    stage.context = session.context
    assert len(applied.withheld) == 3
    assert names(stage, "networks") == ["a", "b", "c", "d"]
    again = stage.apply()
    assert (len(again.withheld), again.outcomes) == (3, ()), "what still declares them makes no difference"


def test_data_that_is_gone_is_listed_and_its_machine_made_anew(stage: Stage) -> None:
    stage.want(machine("a"))
    stage.settle()
    first, old = revision(stage), stage.external_id("vm/a")
    stage.want(network("a", "10.0.0.0/16"))
    session = stage.session()
    session.observe()
    session.apply(Permit.for_plan(session.preview().plan))
    stage.context = session.context
    assert names(stage, "servers") == []
    preview, applied = rollback(stage, first)
    assert not applied.failed
    found = {(str(loss.address), loss.lost, loss.name) for loss in lost(stage, preview)}
    assert ("vm/a", Lost.DATA, "") in found
    assert ("vm/a", Lost.GIVEN, "public_ipv4") in found
    (object_lost,) = (loss for loss in lost(stage, preview) if loss.lost is Lost.OBJECT)
    assert object_lost.then == old
    assert names(stage, "servers") == ["a"]


def test_only_what_is_chosen_goes_back_and_nothing_that_would_leave_a_reference_open(stage: Stage) -> None:
    stage.want(network("a", "10.0.0.0/16"), network("b", "10.1.0.0/16"))
    stage.settle()
    first = revision(stage)
    tagged = network("a", "10.0.0.0/16").replace("{name: a}", "{name: a, tags: {env: x}}")
    service = document("Service", "s", "endpoint: logical", "depends_on: [network/c]")
    stage.want(
        tagged,
        network("b", "10.1.0.0/16").replace("{name: b}", "{name: b, tags: {env: x}}"),
        network("c", "10.2.0.0/16"),
        service,
    )
    stage.settle()
    rollback(stage, first, "network/a")
    tags = {item["name"]: item["labels"].get("env") for item in stage.hcloud.state()["networks"]}
    assert tags == {"a": None, "b": "x", "c": None}
    before = stage.rows("SELECT count(*) FROM revisions")
    with pytest.raises(PlanError, match="service/s would refer to network/c"):
        going_back(stage, first, "network/c").preview()
    assert stage.rows("SELECT count(*) FROM revisions") == before
    _, applied = rollback(stage, first, "network/c", "service/s")
    assert not applied.failed
    assert names(stage, "networks") == ["a", "b"]
