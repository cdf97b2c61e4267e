"""Reads the kinds of the inventory, one by one; `check.inventory` sees that what they name is there."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StrictInt, WithJsonSchema

from reconciler.manifest.findings import Scope, listed, position
from reconciler.manifest.model import ProviderTypeDeclaration
from reconciler.manifest.read.attribute_values import read_setting
from reconciler.manifest.read.envelope import Envelope
from reconciler.manifest.read.forms import Form, find, read_form
from reconciler.manifest.read.times import Instant, TimeZone, instant
from reconciler.manifest.read.urls import ALLOWED, UrlProblem, check_endpoint, check_written
from reconciler.manifest.yaml.nodes import Entry, Mapping, Position
from reconciler.model.catalog import Catalog
from reconciler.model.inventory import Credential, Datacenter, Endpoint, Location, Provider
from reconciler.model.values import Scalar


def _a_number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise ValueError("it should be a number")  # noqa: TRY004 - what pydantic turns into a problem
    return value


def _number(bound: int) -> WithJsonSchema:
    """What an editor is told of it, since pydantic would also tell of texts."""
    return WithJsonSchema({"type": "number", "minimum": -bound, "maximum": bound})


def _a_url(value: object) -> object:
    """Says what is wrong in words, where the pattern alone would only show itself."""
    if isinstance(value, str):
        try:
            check_written(value)
        except UrlProblem as problem:
            raise ValueError(f"it cannot be used: {problem} ({ALLOWED})") from None
    return value


Number = Annotated[Decimal, BeforeValidator(_a_number)]
CAPABILITY = r"^[a-z][a-z0-9_-]{0,62}$"
ENVIRONMENT = r"^[A-Za-z_][A-Za-z0-9_]*$"
# Any scheme, for a plug-in's provider may have its own; never a user or a password in it.
URL = r"^[a-z][a-z0-9+.-]*://[^\s/?#@]+(/[^\s?#]*)?$"


class ProviderTypeForm(Form):
    """How a provider type is called; its driver brings all else."""

    display_name: str = ""
    description: str = ""


class ProviderForm(Form):
    """`type` is the name of a provider type, for which a driver has to be installed."""

    type: str
    display_name: str = ""
    description: str = ""


class EndpointForm(Form):
    """All of an endpoint but its `settings`: which there are, its provider type says."""

    provider: str = Field(description="The name of a Provider.")
    display_name: str = ""
    url: Annotated[str, BeforeValidator(_a_url), Field(pattern=URL, max_length=2048)] | None = Field(
        default=None, description="Where its API is; http:// is for this machine only."
    )
    credential: str | None = Field(default=None, description="The name of a Credential.")
    ca_file: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        description="The certificate authority of a server that no public one vouches for, such as a copy of "
        "/etc/pve/pve-root-ca.pem; relative to the manifest, or absolute where the source is a git URL.",
    )
    drift: Literal["heal", "report"] = Field(
        default="heal", description="Whether changes by others are undone (heal) or only told (report)."
    )
    rate_limit_per_hour: Annotated[StrictInt, Field(ge=1, le=2**31 - 1)] | None = Field(
        default=None, description="Requests an hour at most."
    )


class CredentialForm(Form):
    """Where a secret is: exactly one of the three, which is checked once the form is read."""

    environment: Annotated[str, Field(pattern=ENVIRONMENT)] | None = Field(
        default=None, description="The environment variable that holds it."
    )
    file: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        description="The file that holds it; relative to the manifest, or absolute where the source is a "
        "git URL.",
    )
    stored: Literal[True] | None = Field(
        default=None, description="It is in the encrypted vault, put there by `reconciler credentials set`."
    )
    expires: Instant | None = Field(
        default=None,
        description='When it is to be replaced: a day ("2027-01-31") or an instant ("2027-01-31T12:00:00Z"). '
        "From 30 days before, every plan says so.",
    )


class LocationForm(Form):
    """A place in the world: degrees north and east, an ISO 3166 code, an IANA time zone."""

    display_name: str = ""
    country_code: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    city: str | None = None
    latitude: Annotated[Number, Field(ge=-90, le=90), _number(90)] | None = None
    longitude: Annotated[Number, Field(ge=-180, le=180), _number(180)] | None = None
    time_zone: TimeZone | None = None


class DatacenterForm(Form):
    """A building: the names of its location and of the providers in it, and what it can do."""

    location: str
    display_name: str = ""
    description: str = ""
    time_zone: TimeZone | None = None
    capabilities: tuple[Annotated[str, Field(pattern=CAPABILITY)], ...] = ()
    providers: tuple[str, ...] = ()


def spec_entry(envelope: Envelope, key: str) -> Position:
    """The place of a value in the spec, or of the spec where the key is not written."""
    return position(find(envelope.spec, [key])[0])


def provider_type(envelope: Envelope, catalog: Catalog) -> ProviderTypeDeclaration | None:
    """How it is called; None, with problems. It is given even if there is no driver for it."""
    name = envelope.address.name
    if name not in catalog.provider_types:
        no_driver(name, catalog, envelope.scope, position(envelope.spec))
    form = read_form(ProviderTypeForm, envelope.spec, envelope.scope, "spec")
    if form is None:
        return None
    return ProviderTypeDeclaration(name, form.display_name or name, form.description, envelope.origin)


def no_driver(name: str, catalog: Catalog, scope: Scope, at: Position) -> None:
    """Report that nothing here can speak to such a provider."""
    hint = scope.suggestion(name, catalog.provider_types) or (
        f"there are drivers for {listed(sorted(catalog.provider_types))}; install the package that brings "
        "one for it, or, where nobody needs asking, keep its things in the books: `kind: ResourceType` at a "
        "provider of type logical"
    )
    message = (
        f"no driver is installed for the provider type `{name}`, so nothing can be observed or changed there"
    )
    scope.report("no_driver", message, at, hint)


def provider(envelope: Envelope, catalog: Catalog) -> Provider | None:
    """The provider; None, with problems, also where there is no driver for its type."""
    form = read_form(ProviderForm, envelope.spec, envelope.scope, "spec")
    if form is None:
        return None
    if form.type not in catalog.provider_types:
        no_driver(form.type, catalog, envelope.scope, spec_entry(envelope, "type"))
        return None
    name = envelope.address.name
    return Provider(name, form.type, form.display_name or name, form.description, envelope.origin)


def endpoint(
    envelope: Envelope, catalog: Catalog, provider_types: dict[str, str], *, in_folder: bool
) -> Endpoint | None:
    """`provider_types` gives the type of each provider; one that is not in it is reported elsewhere."""
    settings = next((entry for entry in envelope.spec.entries if entry.key == "settings"), None)
    rest = tuple(entry for entry in envelope.spec.entries if entry.key != "settings")
    spec = Mapping(rest, envelope.spec.line, envelope.spec.column)
    form = read_form(EndpointForm, spec, envelope.scope, "spec")
    if form is None:
        return None
    kind = provider_types.get(form.provider, "")
    if form.url is not None:
        try:
            check_endpoint(form.url, kind)
        except UrlProblem as problem:
            at = spec_entry(envelope, "url")
            envelope.scope.report("url", f"spec.url cannot be used: {problem}", at, ALLOWED)
    return Endpoint(
        name=envelope.address.name,
        provider=form.provider,
        provider_type=kind,
        display_name=form.display_name or envelope.address.name,
        url=form.url or "",
        credential=form.credential,
        ca_file=_path(form.ca_file, envelope, "ca_file", in_folder=in_folder),
        drift_policy=form.drift,
        request_limit_per_hour=form.rate_limit_per_hour,
        settings=_settings(settings, kind, catalog, envelope.scope) if kind else {},
        origin=envelope.origin,
    )


def _settings(entry: Entry | None, kind: str, catalog: Catalog, scope: Scope) -> dict[str, Scalar]:
    if entry is None:
        return {}
    if not isinstance(entry.node, Mapping):
        scope.report("type", "settings must be a mapping", entry.position)
        return {}
    known = {definition.name: definition for definition in catalog.provider_types[kind].settings}
    found: dict[str, Scalar] = {}
    for each in entry.node.entries:
        if each.key not in known:
            hint = scope.suggestion(each.key, known) or f"known: {', '.join(sorted(known)) or 'none'}"
            scope.report("unknown_setting", f"{kind} has no setting `{each.key}`", each.position, hint)
            continue
        value = read_setting(known[each.key], each.node, scope)
        if value is not None:
            found[each.key] = value
    return found


def credential(envelope: Envelope, *, in_folder: bool) -> Credential | None:
    """Where the secret is; None, with problems. One that stands here itself is never shown."""
    form = read_form(CredentialForm, envelope.spec, envelope.scope, "spec")
    if form is None:
        envelope.scope.hide(envelope.spec)
        return None
    if len(form.model_fields_set - {"expires"}) != 1:
        message = "a credential says in exactly one way where the secret is"
        hint = "write one of environment: NAME, file: path, stored: true"
        envelope.scope.report("credential", message, position(envelope.spec), hint)
        return None
    return Credential(
        name=envelope.address.name,
        environment=form.environment,
        file=_path(form.file, envelope, "file", in_folder=in_folder),
        expires_at=instant(form.expires) if form.expires else None,
        origin=envelope.origin,
    )


def _path(text: str | None, envelope: Envelope, key: str, *, in_folder: bool) -> str | None:
    if text is None or Path(text).is_absolute():
        return text
    if not in_folder:
        message = f"{key} is a relative path, but this source is in no folder that it could start from"
        envelope.scope.report("relative_path", message, spec_entry(envelope, key), "write an absolute path")
        return None
    return os.path.normpath(Path.cwd() / Path(envelope.scope.file).parent / text)


def location(envelope: Envelope) -> Location | None:
    """The place; None, with problems. It is given even if half its coordinates are missing."""
    form = read_form(LocationForm, envelope.spec, envelope.scope, "spec")
    if form is None:
        return None
    if (form.latitude is None) != (form.longitude is None):
        hint = "write both or none"
        envelope.scope.report("required", "half of the coordinates is missing", position(envelope.spec), hint)
    name = envelope.address.name
    return Location(
        name,
        form.display_name or name,
        form.country_code,
        form.city,
        form.latitude,
        form.longitude,
        form.time_zone,
        envelope.origin,
    )


def datacenter(envelope: Envelope) -> Datacenter | None:
    """The building, its capabilities and providers sorted, each once; None, with problems."""
    form = read_form(DatacenterForm, envelope.spec, envelope.scope, "spec")
    if form is None:
        return None
    name = envelope.address.name
    return Datacenter(
        name,
        form.location,
        form.display_name or name,
        form.description,
        form.time_zone,
        dict.fromkeys(sorted(set(form.capabilities)), True),
        tuple(sorted(set(form.providers))),
        envelope.origin,
    )
