"""What the provider sells: locations, server types, images, ISOs, load balancer types and their prices.

The figures are plausible, not current; a simulator needs their shape and their relations (a bigger type
has a bigger disk, an arm type boots an arm image only, not every type is sold everywhere).
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

# What messages call one member of each collection.
NOUNS = {
    "isos": "iso",
    "locations": "location",
    "server_types": "server_type",
    "load_balancer_types": "load_balancer_type",
}

VAT_PERCENT = 19
TERABYTE = 1024**4

_LOCATIONS = (
    ("fsn1", "Falkenstein DC Park 1", "DE", "Falkenstein", 50.47612, 12.370071, "eu-central"),
    ("nbg1", "Nuremberg DC Park 1", "DE", "Nuremberg", 49.452102, 11.076665, "eu-central"),
    ("hel1", "Helsinki DC Park 1", "FI", "Helsinki", 60.169855, 24.938379, "eu-central"),
    ("ash", "Ashburn, VA", "US", "Ashburn, VA", 39.045821, -77.487073, "us-east"),
    ("hil", "Hillsboro, OR", "US", "Hillsboro, OR", 45.54222, -122.951924, "us-west"),
    ("sin", "Singapore", "SG", "Singapore", 1.283333, 103.833333, "ap-southeast"),
)
_EUROPE = ("fsn1", "nbg1", "hel1")
_EVERYWHERE = tuple(row[0] for row in _LOCATIONS)

# name, cores, memory GB, disk GB, net price a month in EUR, where it is sold
_SERVER_TYPES = (
    ("cx22", 2, 4, 40, 3.79, _EUROPE),
    ("cx32", 4, 8, 80, 6.80, _EUROPE),
    ("cx42", 8, 16, 160, 16.40, _EUROPE),
    ("cx52", 16, 32, 320, 32.40, _EUROPE),
    ("cx23", 2, 4, 40, 2.99, _EUROPE),
    ("cx33", 4, 8, 80, 4.99, _EUROPE),
    ("cpx11", 2, 2, 40, 4.35, _EVERYWHERE),
    ("cpx21", 3, 4, 80, 7.55, _EVERYWHERE),
    ("cpx31", 4, 8, 160, 13.60, _EVERYWHERE),
    ("cpx41", 8, 16, 240, 25.20, _EVERYWHERE),
    ("cpx51", 16, 32, 360, 54.90, _EVERYWHERE),
    ("cax11", 2, 4, 40, 3.79, _EUROPE),
    ("cax21", 4, 8, 80, 6.49, _EUROPE),
    ("cax31", 8, 16, 160, 12.49, _EUROPE),
    ("cax41", 16, 32, 320, 24.49, _EUROPE),
    ("ccx13", 2, 8, 80, 12.49, _EVERYWHERE),
    ("ccx23", 4, 16, 160, 24.49, _EVERYWHERE),
    ("ccx33", 8, 32, 240, 48.49, _EVERYWHERE),
)

# name, kind, flavour, version, description, deprecated since
_IMAGES: tuple[tuple[str, str, str, str, str, str | None], ...] = (
    ("ubuntu-24.04", "system", "ubuntu", "24.04", "Ubuntu 24.04", None),
    ("ubuntu-22.04", "system", "ubuntu", "22.04", "Ubuntu 22.04", None),
    ("debian-13", "system", "debian", "13", "Debian 13", None),
    ("debian-12", "system", "debian", "12", "Debian 12", None),
    ("debian-11", "system", "debian", "11", "Debian 11", "2026-05-01T00:00:00Z"),
    ("rocky-9", "system", "rocky", "9", "Rocky Linux 9", None),
    ("alma-9", "system", "alma", "9", "AlmaLinux 9", None),
    ("fedora-42", "system", "fedora", "42", "Fedora 42", None),
    ("docker-ce", "app", "ubuntu", "24.04", "Docker CE on Ubuntu 24.04", None),
)

_ISOS = (
    ("debian-12.5.0-amd64-netinst.iso", "Debian 12.5 (amd64/netinstall)", "x86"),
    ("debian-12.5.0-arm64-netinst.iso", "Debian 12.5 (arm64/netinstall)", "arm"),
    ("systemrescue-11.00-amd64.iso", "SystemRescue 11.00 (amd64)", "x86"),
    ("netboot.xyz.iso", "netboot.xyz", None),
)

_LOAD_BALANCER_TYPES = (
    ("lb11", "LB11", 10_000, 5, 25, 10, 5.39),
    ("lb21", "LB21", 20_000, 15, 75, 25, 15.39),
    ("lb31", "LB31", 40_000, 30, 150, 50, 32.49),
)


class Catalogue:
    """One simulated provider's offer, by id; a test may change it (a type sold out somewhere)."""

    def __init__(self) -> None:
        self.locations = {row["id"]: row for row in _locations()}
        self.server_types = {row["id"]: row for row in _server_types(self.locations)}
        self.images = {row["id"]: row for row in _images()}
        self.isos = {row["id"]: row for row in _isos()}
        self.load_balancer_types = {row["id"]: row for row in _load_balancer_types()}

    def table(self, kind: str) -> dict[int, Json]:
        """One collection's rows by id; no copy, so what is changed in one is in force."""
        rows: dict[int, Json] = getattr(self, kind)
        return rows

    def find(self, kind: str, reference: object) -> Json | None:
        """By id (a number or its digits) or by name."""
        rows = self.table(kind)
        if isinstance(reference, int) or (isinstance(reference, str) and reference.isdecimal()):
            return rows.get(int(reference))
        return next((row for row in rows.values() if row["name"] == reference), None)

    def pricing(self) -> Json:
        """The body of `GET /pricing`: net and gross prices in EUR, as decimal strings."""
        monthly = {"location": "fsn1", "price_monthly": _price(0.5), "price_hourly": _price(0.0008)}
        floating = {"location": "fsn1", "price_monthly": _price(3)}
        return {
            "currency": "EUR",
            "vat_rate": f"{VAT_PERCENT}.000000",
            "primary_ips": [{"type": kind, "prices": [monthly]} for kind in ("ipv4", "ipv6")],
            "floating_ips": [{"type": kind, "prices": [floating]} for kind in ("ipv4", "ipv6")],
            "floating_ip": {"price_monthly": _price(3)},
            "image": {"price_per_gb_month": _price(0.0119)},
            "volume": {"price_per_gb_month": _price(0.044)},
            "server_backup": {"percentage": "20.0000000000"},
            "server_types": [_prices_only(row) for row in self.server_types.values()],
            "load_balancer_types": [_prices_only(row) for row in self.load_balancer_types.values()],
        }


def _locations() -> list[Json]:
    names = ("name", "description", "country", "city", "latitude", "longitude", "network_zone")
    return [{"id": number, **dict(zip(names, row, strict=True))} for number, row in enumerate(_LOCATIONS, 1)]


def _server_types(locations: dict[int, Json]) -> list[Json]:
    rows = []
    for number, (name, cores, memory, disk, price, sold_in) in enumerate(_SERVER_TYPES, 1):
        dedicated = name.startswith("ccx")
        rows.append(
            {
                "id": number + 100,
                "name": name,
                "description": name.upper(),
                "cores": cores,
                "memory": memory,
                "disk": disk,
                "deprecated": False,
                "deprecation": None,
                "prices": _prices(price, sold_in),
                "storage_type": "local",
                "cpu_type": "dedicated" if dedicated else "shared",
                "category": "General Purpose" if dedicated else "Cost-Optimized",
                "architecture": "arm" if name.startswith("cax") else "x86",
                "locations": [
                    {
                        "id": location["id"],
                        "name": location["name"],
                        "deprecation": None,
                        "recommended": True,
                        "available": True,
                    }
                    for location in locations.values()
                    if location["name"] in sold_in
                ],
            }
        )
    return rows


def _images() -> list[Json]:
    rows = []
    for offset, architecture in ((0, "x86"), (1, "arm")):
        for number, (name, kind, flavour, version, description, deprecated) in enumerate(_IMAGES):
            rows.append(
                {
                    "id": 10_000 + 10 * number + offset,
                    "type": kind,
                    "status": "available",
                    "name": name,
                    "description": description,
                    "image_size": None,
                    "disk_size": 5,
                    "created": "2026-01-15T08:00:00Z",
                    "created_from": None,
                    "bound_to": None,
                    "os_flavor": flavour,
                    "os_version": version,
                    "rapid_deploy": kind == "system",
                    "protection": {"delete": False},
                    "deprecated": deprecated,
                    "deprecation": deprecated
                    and {"announced": deprecated, "unavailable_after": "2027-05-01T00:00:00Z"},
                    "deleted": None,
                    "labels": {},
                    "architecture": architecture,
                }
            )
    return sorted(rows, key=lambda row: int(row["id"]))


def _isos() -> list[Json]:
    return [
        {
            "id": 20_000 + number,
            "name": name,
            "description": description,
            "type": "public",
            "deprecation": None,
            "architecture": architecture,
        }
        for number, (name, description, architecture) in enumerate(_ISOS)
    ]


def _load_balancer_types() -> list[Json]:
    return [
        {
            "id": number,
            "name": name,
            "description": description,
            "max_connections": connections,
            "max_services": services,
            "max_targets": targets,
            "max_assigned_certificates": certificates,
            "deprecated": None,
            "deprecation": None,
            "prices": _prices(price, _EVERYWHERE),
        }
        for number, (name, description, connections, services, targets, certificates, price) in enumerate(
            _LOAD_BALANCER_TYPES, 1
        )
    ]


def _prices(monthly: float, sold_in: tuple[str, ...]) -> list[Json]:
    return [
        {
            "location": location,
            "price_hourly": _price(monthly / 624),
            "price_monthly": _price(monthly),
            "included_traffic": (20 if location in _EUROPE else 1) * TERABYTE,
            "price_per_tb_traffic": _price(1),
        }
        for location in sold_in
    ]


def _price(net: float) -> Json:
    return {"net": f"{net:.10f}", "gross": f"{net * (100 + VAT_PERCENT) / 100:.16f}"}


def _prices_only(row: Json) -> Json:
    return {"id": row["id"], "name": row["name"], "prices": row["prices"]}
