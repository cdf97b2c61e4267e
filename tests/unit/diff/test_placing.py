"""Which row and address a part that was observed has, and what is recorded of an object that has none."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from reconciler.diff.identity import Match, Row
from reconciler.diff.placing import PlacedPart, needs_manifest, place_parts, resolved
from reconciler.diff.seen import content_hash, new_addresses
from reconciler.model.address import Address
from reconciler.model.resource import Desired, Management, Observed, Recorded
from reconciler.model.values import ExternalRef
from tests.rigs.core import observed_of, recorded_of, want, with_parts
from tests.rigs.manifest import catalog

ONE, TWO, THREE = ({"ip_range": f"10.0.{number}.0/24"} for number in (1, 2, 3))


def net(*subnets: dict[str, str]) -> Desired:
    return with_parts(want("network/net", ip_range="10.0.0.0/16"), "subnet", *subnets)


def machine(*slots: str) -> Desired:
    disks = [{"slot": slot, "size_gb": 8, "storage": "local"} for slot in slots]
    return with_parts(want("vm/web", "proxmox"), "disk", *disks)


def placed(root: Recorded, seen: Observed, desired: Desired | None) -> list[PlacedPart]:
    return place_parts(root, seen, desired, catalog(), {})


def shown(parts: list[PlacedPart]) -> list[tuple[str, bool]]:
    """The last name of each part's address, and whether it has a row already."""
    return [(part.address.name, part.row is not None) for part in parts]


def of(observed: Observed, *names: str) -> Observed:
    """The same with its parts called so by the provider."""
    parts = zip(observed.parts, names, strict=True)
    return replace(observed, parts=tuple(replace(part, name=name) for part, name in parts))


def test_a_manifest_is_needed_for_parts_and_for_tags_that_no_provider_keeps() -> None:
    tagless, tagged = want("pool/lab", "proxmox"), want("network/net", ip_range="10.0.0.0/16")
    for wanted, needed in ((tagless, True), (tagged, False), (net(ONE), True)):
        row = cast(Row, recorded_of(wanted))
        match = Match(observed_of(wanted), row, Management.MANAGED)
        assert needs_manifest(match, wanted.provider_type, catalog()) is needed, wanted.address
        assert not needs_manifest(replace(match, row=None), wanted.provider_type, catalog())
        strangers = replace(match, management=Management.UNMANAGED)
        assert not needs_manifest(strangers, wanted.provider_type, catalog())


def test_a_part_is_known_by_its_key_in_whatever_order_it_is_shown() -> None:
    wanted = net(ONE, TWO)
    seen = observed_of(wanted)
    turned = replace(seen, parts=seen.parts[::-1])
    assert shown(placed(recorded_of(wanted), turned, wanted)) == [("1", True), ("0", True)]


def test_a_new_part_is_called_as_its_manifest_calls_it_and_else_by_its_key() -> None:
    root = recorded_of(net(ONE))
    seen = of(observed_of(net(ONE, TWO, THREE)), "10.0.1.0-24", "10.0.2.0-24", "10.0.3.0-24")
    assert shown(placed(root, seen, net(ONE, TWO))) == [("0", True), ("1", False), ("10.0.3.0-24", False)]


def test_a_row_takes_the_name_that_its_manifest_gives_to_its_key_now() -> None:
    (part,) = placed(recorded_of(net(ONE)), observed_of(net(ONE)), net(TWO, ONE))
    assert part.address.name == "1"
    assert part.row is not None
    assert (part.row.address.name, part.row.attributes["ip_range"]) == ("0", "10.0.1.0/24")


def test_two_parts_of_one_name_and_no_manifest_have_an_address_each() -> None:
    root = replace(recorded_of(net()), parts=())
    seen = of(observed_of(net(ONE, TWO)), "same", "same")
    assert shown(placed(root, seen, None)) == [("same", False), ("same-2", False)]


def test_what_has_an_id_of_its_own_keeps_row_and_address_where_it_goes() -> None:
    before = recorded_of(machine("scsi0", "scsi1"))
    seen = observed_of(machine("scsi1", "scsi0"))
    ids = [row.external_id or "" for row in before.parts]
    moved = tuple(replace(part, external_id=known) for part, known in zip(seen.parts, ids, strict=True))
    parts = placed(before, replace(seen, parts=moved), machine("scsi0", "scsi1"))
    assert shown(parts) == [("0", True), ("1", True)]
    assert [part.attributes["slot"] for part in parts] == ["scsi1", "scsi0"]


def test_what_hangs_on_nothing_counts_where_it_was_known_and_stays_as_it_was_set() -> None:
    before = recorded_of(machine("scsi0", "scsi1"))
    seen = observed_of(machine("scsi0"))
    known = before.parts[1].external_id or ""
    loose = replace(seen.parts[0], external_id=known, attributes={"slot": "unused0"})
    stranger = replace(loose, external_id="local:somebody-elses")
    parts = placed(before, replace(seen, detached=(loose, stranger)), machine("scsi0", "scsi1"))
    assert shown(parts) == [("0", True), ("1", True)]
    assert (parts[1].attributes["slot"], parts[1].attributes["size_gb"]) == ("unused0", 8)


def test_a_reference_becomes_the_address_of_what_is_in_our_books() -> None:
    network, other = ExternalRef("network", "1"), ExternalRef("network", "2")
    seen = Observed("network_attachment", "", "1", "available", {"network": network, "ip": ""})
    home = Address.parse("network/net")
    assert resolved(seen, {network: home}, catalog()) == {"network": home}
    assert resolved(seen, {other: home}, catalog()) == {"network": network}


def test_strangers_may_share_an_address_and_what_is_ours_may_not() -> None:
    seen = observed_of(net())

    def match(management: Management, external_id: str) -> Match:
        return Match(replace(seen, external_id=external_id), None, management)

    strangers = [match(Management.UNMANAGED, "1"), match(Management.UNMANAGED, "2")]
    assert [str(each) for each in new_addresses(strangers, {"network/net"})] == ["network/net"] * 2
    doubtful = [match(Management.QUARANTINED, "1"), match(Management.QUARANTINED, "2")]
    assert [str(each) for each in new_addresses(doubtful, ())] == ["network/net", "network/net+2"]


def test_the_order_in_which_parts_are_shown_is_no_difference() -> None:
    seen = of(observed_of(net(ONE, TWO)), "a", "b")
    assert content_hash(seen) == content_hash(replace(seen, parts=seen.parts[::-1]))
    assert content_hash(seen) != content_hash(replace(seen, state="updating"))
