"""From attributes to the options of a configuration call. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.plan import Call, Param
from reconciler.model.resource import Desired
from reconciler.model.values import Attributes, Scalar, Value
from reconciler.providers.proxmox import disks, fields, propstring, tables
from reconciler.providers.proxmox.fields import OTHER
from reconciler.providers.proxmox.lower.build import Place
from reconciler.providers.proxmox.tables import PartTable

Options = dict[str, Param]


def guest_options(kind: str, attributes: Attributes, names: Iterable[str] | None = None) -> Options:
    """The options that hold the named attributes (all of them by default); None stands for: to be unset."""
    wanted = None if names is None else set(names)
    found: Options = {}
    for option, members in fields.by_option(tables.GUESTS[kind]).items():
        if wanted is None or any(member.attribute in wanted for member in members):
            found[option] = fields.write_option(option, members, attributes, attributes.get(OTHER))
    return found


def part_options(where: Address, kind: str, attributes: Attributes, volume: Mapping[str, str]) -> Options:
    """The options of one part. `volume` are the parts that name a disk's volume."""
    table = tables.PARTS[kind][where.type]
    slot = slot_of(where, table, attributes)
    _check_names(where, table, attributes)
    if table is tables.CD_DRIVE:
        return {slot: disks.write_cd(attributes)}
    if table.whole:
        return {slot: str(attributes[table.fields[0].attribute])}
    others = {entry.key: entry.value for entry in fields.entries(attributes.get(OTHER))}
    parts = fields.write_parts(table.fields, attributes, others)
    if table is tables.VM_DISK:
        _check_bus(where, slot, parts)
    elif where.type == "nic":
        _check_mtu(where, kind, attributes)
    if table is tables.VM_NIC:
        parts.setdefault("model", "virtio")
        return {slot: propstring.render_nic(parts), **_ip_options(where, slot, attributes)}
    if table is tables.CONTAINER_NIC:
        parts = {"name": f"eth{slot.removeprefix('net')}", **parts}
    if table is tables.CONTAINER_DISK:
        volume = {"volume": volume["file"], **{key: text for key, text in volume.items() if key != "file"}}
    return {slot: propstring.render({**parts, **volume}, table.default_key)}


def _check_names(where: Address, table: PartTable, attributes: Attributes) -> None:
    """A type of part may be in machines and containers, and some attributes in only one of them."""
    for name in sorted(attributes.keys() - table.names):
        raise PlanError(f"{where}: a {where.root.type}'s {where.type} has no `{name}` at Proxmox VE")


def _check_bus(where: Address, slot: str, parts: Mapping[str, str]) -> None:
    """The server refuses a whole configuration for an option that a disk's bus has not."""
    bus = slot.rstrip("0123456789")
    for field in tables.VM_DISK.fields:
        having = tables.BUSES_WITH.get(field.key or "", tables.DATA_BUSES)
        if field.key in parts and bus not in having:
            raise PlanError(
                f"{where}: `{field.attribute}` is for disks at {' or '.join(having)}, not at {bus}",
                hint="remove the line, or give the disk another slot",
            )


def _check_mtu(where: Address, kind: str, attributes: Attributes) -> None:
    low, high = tables.MTU[kind]
    mtu = attributes.get("mtu")
    if isinstance(mtu, int) and not low <= mtu <= high:
        raise PlanError(
            f"{where}: the mtu of a {kind} is from {low} to {high}, not {mtu}", hint="correct the number"
        )


def slot_of(where: Address, table: PartTable, attributes: Attributes) -> str:
    slot = str(attributes.get("slot") or where.name)
    if not table.slots.fullmatch(slot):
        raise PlanError(f"{where}: a {where.root.type} has no slot `{slot}` for a {where.type}")
    return slot


def _ip_options(where: Address, slot: str, attributes: Attributes) -> Options:
    """The server refuses a gateway beside no address, and the whole configuration with it."""
    parts = fields.write_parts(tables.IP_CONFIG, attributes, {})
    for version, address, gateway in (("4", "ip", "gw"), ("6", "ip6", "gw6")):
        if gateway in parts and address not in parts:
            raise PlanError(
                f"{where}: a machine's ip{version}_gateway needs an ip{version}_config",
                hint=f"write the address too, or `ip{version}_gateway: null`",
            )
    return {f"ipconfig{slot.removeprefix('net')}": propstring.render(parts) or None}


def new_part(where: Address, kind: str, attributes: Attributes, storage: Scalar | None) -> Options:
    """The options that make a part, without those that would be unset."""
    table = tables.PARTS[kind].get(where.type)
    if table is None:
        raise PlanError(f"{where}: a {kind} has no {where.type} at Proxmox VE")
    volume: Mapping[str, str] = {}
    if where.type == "disk":
        volume = disks.new_volume(str(where), slot_of(where, table, attributes), attributes, storage)
    return {name: text for name, text in part_options(where, kind, attributes, volume).items() if text}


def params_of(options: Options, removed: Iterable[str] = ()) -> list[tuple[str, Param]]:
    """The parameters of a configuration call: values, and one list of what is unset."""
    params: list[tuple[str, Param]] = [
        (name, value) for name, value in sorted(options.items()) if value is not None
    ]
    gone = sorted({*removed, *(name for name, value in options.items() if value is None)})
    return params + ([("delete", ",".join(gone))] if gone else [])


def boot_call(place: Place, desired: Desired, set_types: Iterable[str]) -> list[Call]:
    """The boot order once more, where CD drives are set: the server appends each of them to the order."""
    if desired.type != "vm" or "cd_drive" not in set_types or not desired.attributes.get("boot_order"):
        return []
    found = guest_options("vm", desired.attributes, ["boot_order"])
    return [place.config(params_of(found), "set the boot order again, without CD drives")]


def whole_texts(value: Value | None, separator: str) -> str:
    return separator.join(fields.texts(value))
