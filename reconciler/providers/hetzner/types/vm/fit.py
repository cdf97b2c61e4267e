"""Whether a machine can be had as it is wanted: its type, image and location, by the provider's catalogue.

What can be known to fail is refused when planning. A machine that is to be stopped or given up for a new
type is not touched before the provider was asked once more: a type may be sold out since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.observation import Offer
from reconciler.model.plan import Action, Call
from reconciler.model.resource import Desired, Recorded
from reconciler.model.values import Attributes, Value
from reconciler.providers.driver import LowerRequest
from reconciler.providers.hetzner.calls import Calls
from reconciler.providers.hetzner.types.vm.offers import IMAGE, LOOK_AT_IMAGE, LOOK_AT_TYPE, SERVER_TYPE
from reconciler.providers.hetzner.types.vm.wire import CHANGE_TYPE, CREATE

_NAMED = 8  # alternatives that a hint names


def fitting(request: LowerRequest, desired: Desired) -> Calls:
    """The calls that look before anything is changed. Raises PlanError for what cannot be had."""
    recorded, values = request.recorded, desired.attributes
    if request.action is not Action.CREATE:
        change = request.diff.change("server_type")
        if recorded is None or change is None:
            return ()
        there = recorded.attributes
        _check_change(recorded, str(change.after), request.offers)
        return (_look_at_type(desired.address, str(change.after), there.get("location"), there),)
    _check_creation(desired.address, values, request.offers)
    if recorded is None or not recorded.exists:
        return ()
    return (
        _look_at_type(desired.address, str(values["server_type"]), values.get("location"), {}),
        _look_at_image(desired.address, str(values["image"]), values),
    )


def unchecked(request: LowerRequest, calls: Calls) -> Calls:
    """The calls, with a word on what nobody looked up: in a plan that was made without an observation."""
    if request.offers is not None or request.desired is None:
        return calls
    words = (f"not looked up: whether {request.desired.attributes.get('server_type')} is to be had there",)
    needs = (CREATE, CHANGE_TYPE)
    return tuple(replace(call, unchecked=words) if call.operation in needs else call for call in calls)


def _check_change(recorded: Recorded, name: str, offers: tuple[Offer, ...] | None) -> None:
    if offers is None:
        return
    address, there = recorded.address, recorded.attributes
    place, disk = str(there.get("location")), there.get("primary_disk_gb")
    now = _find(offers, SERVER_TYPE, there.get("server_type"))
    storage = now.attributes["storage_type"] if now is not None else None

    def fits(offer: Offer) -> bool:
        return (
            offer.attributes["architecture"] == there.get("architecture", offer.attributes["architecture"])
            and storage in (None, offer.attributes["storage_type"])
            and _at_least(offer.attributes["disk_gb"], disk)
            and place in _places(offer, "available_in")
            and offer is not now
        )

    wanted = _named_type(address, name, offers, fits, f"to be had for this machine in {place}")
    hint = _instead(offers, fits, f"to be had for this machine in {place}")
    has = wanted.attributes
    if has["architecture"] != there.get("architecture", has["architecture"]):
        raise PlanError(
            f"{address}: {wanted.name} is an {has['architecture']} type and the machine is "
            f"{there.get('architecture')}: a machine keeps its architecture for life",
            hint=hint,
        )
    if storage not in (None, has["storage_type"]):
        raise PlanError(
            f"{address}: {wanted.name} has {has['storage_type']} storage and the machine {storage} storage: "
            "one cannot become the other",
            hint=hint,
        )
    if not _at_least(has["disk_gb"], disk):
        raise PlanError(
            f"{address}: {wanted.name} has a disk of {has['disk_gb']} GB and the machine's has {disk} GB: "
            "a disk cannot shrink",
            hint=hint,
        )
    _check_place(address, wanted, place, hint)


def _check_creation(address: Address, values: Attributes, offers: tuple[Offer, ...] | None) -> None:
    if offers is None:
        return
    location = values.get("location")
    place = str(location) if location is not None else None

    def fits(offer: Offer) -> bool:
        there = _places(offer, "available_in")
        return place in there if place is not None else bool(there)

    where = f"to be had in {place}" if place is not None else "to be had"
    wanted = _named_type(address, str(values["server_type"]), offers, fits, where)
    if place is not None and not any(place in _places(each, "sold_in") for each in offers):
        known = sorted({name for each in offers for name in _places(each, "sold_in")})
        raise PlanError(f"{address}: there is no location `{place}`", hint=f"there are: {', '.join(known)}")
    if place is not None:
        _check_place(address, wanted, place, _instead(offers, fits, where))
    elif not fits(wanted):
        raise PlanError(
            f"{address}: {wanted.name} is sold out everywhere", hint=_instead(offers, fits, where)
        )
    _check_image(address, str(values["image"]), wanted, offers)


def _check_place(address: Address, wanted: Offer, place: str, hint: str) -> None:
    if place not in _places(wanted, "sold_in"):
        elsewhere = ", ".join(_places(wanted, "sold_in")) or "nowhere any more"
        raise PlanError(f"{address}: {wanted.name} is not sold in {place} (it is in: {elsewhere})", hint=hint)
    if place not in _places(wanted, "available_in"):
        elsewhere = ", ".join(_places(wanted, "available_in")) or "nowhere now"
        raise PlanError(
            f"{address}: {wanted.name} is sold out in {place} (to be had in: {elsewhere})", hint=hint
        )


def _check_image(address: Address, name: str, server_type: Offer, offers: tuple[Offer, ...]) -> None:
    """Of a number that is none of the provider's own images nothing is said: it may be a snapshot's."""
    architecture = server_type.attributes["architecture"]
    images = [each for each in offers if each.kind == IMAGE]
    found = [each for each in images if name in (each.name, each.external_id)]

    def usable(image: Offer) -> bool:
        return (
            image.attributes["architecture"] == architecture
            and bool(image.attributes["available"])
            and _at_least(server_type.attributes["disk_gb"], image.attributes["disk_gb"])
        )

    if any(map(usable, found)) or (not found and name.isdecimal()):
        return
    hint = f"for {server_type.name} there are: {_list(each.name for each in images if usable(each))}"
    if not found:
        raise PlanError(f"{address}: there is no image `{name}`", hint=hint)
    fit = [each for each in found if each.attributes["architecture"] == architecture]
    if not fit:
        raise PlanError(
            f"{address}: image {name} is for {found[0].attributes['architecture']}, "
            f"and {server_type.name} is an {architecture} type",
            hint=hint,
        )
    if not fit[0].attributes["available"]:
        raise PlanError(f"{address}: image {name} was withdrawn by the provider", hint=hint)
    raise PlanError(
        f"{address}: image {name} needs a disk of {fit[0].attributes['disk_gb']} GB, "
        f"and {server_type.name} has {server_type.attributes['disk_gb']} GB",
        hint=hint,
    )


def _named_type(
    address: Address, name: str, offers: tuple[Offer, ...], fits: Callable[[Offer], bool], where: str
) -> Offer:
    found = _find(offers, SERVER_TYPE, name)
    if found is None:
        raise PlanError(f"{address}: there is no server type `{name}`", hint=_instead(offers, fits, where))
    return found


def _find(offers: tuple[Offer, ...], kind: str, name: Value | None) -> Offer | None:
    return next(
        (each for each in offers if each.kind == kind and name in (each.name, each.external_id)), None
    )


def _instead(offers: tuple[Offer, ...], fits: Callable[[Offer], bool], where: str) -> str:
    return f"{where}: {_list(each.name for each in offers if each.kind == SERVER_TYPE and fits(each))}"


def _list(names: Iterable[str]) -> str:
    unique = list(dict.fromkeys(names))
    more = [f"and {len(unique) - _NAMED} more"] if len(unique) > _NAMED else []
    return ", ".join([*unique[:_NAMED], *more]) or "none"


def _places(offer: Offer, which: str) -> tuple[str, ...]:
    value = offer.attributes.get(which)
    return tuple(str(item) for item in value) if isinstance(value, tuple) else ()


def _at_least(size: Value | None, needed: Value | None) -> bool:
    return not (isinstance(size, int) and isinstance(needed, int)) or size >= needed


def _look_at_type(address: Address, name: str, location: Value | None, there: Attributes) -> Call:
    """What the answer must say stands beside the path: nothing of it is sent."""
    expected: dict[str, str] = {"type": name}
    if location is not None:
        expected["location"] = str(location)
    if there.get("architecture") is not None:
        expected["architecture"] = str(there["architecture"])
    if there.get("primary_disk_gb") is not None:
        expected["disk_gb"] = str(there["primary_disk_gb"])
    where = f" in {location}" if location is not None else ""
    return Call(
        operation=LOOK_AT_TYPE,
        method="GET",
        path="/server_types/{type}" if name.isdecimal() else "/server_types",
        summary=f"{address.name}: see whether {name} is to be had{where}",
        path_params=tuple(expected.items()),
        params=() if name.isdecimal() else (("name", name),),
        reads=True,
    )


def _look_at_image(address: Address, name: str, values: Attributes) -> Call:
    return Call(
        operation=LOOK_AT_IMAGE,
        method="GET",
        path="/images/{image}" if name.isdecimal() else "/images",
        summary=f"{address.name}: see whether image {name} is there for {values['server_type']}",
        path_params=(("image", name), ("type", str(values["server_type"]))),
        params=() if name.isdecimal() else (("name", name),),
        reads=True,
    )
