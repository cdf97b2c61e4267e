"""Labels carry two things: our mark, under a prefix of our own, and a manifest's tags, all the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import UUID

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.diff import TagChange
from reconciler.model.plan import MarkValue, Param
from reconciler.model.resource import Mark

PREFIX = "reconciler/"
OWNER, RESOURCE, OPERATION = f"{PREFIX}owner", f"{PREFIX}resource", f"{PREFIX}operation"

# The provider's rules: https://docs.hetzner.cloud/reference/cloud#labels
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_PREFIX = r"(?=[^/]{1,253}/)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*/"
_KEY = re.compile(rf"(?:{_PREFIX})?{_NAME}")
_VALUE = re.compile(rf"(?:{_NAME})?")
_RESERVED = (PREFIX, "hetzner.cloud/")


def marked(address: Address, tags: Mapping[str, str]) -> dict[str, Param]:
    """The labels of an object of ours. Raises PlanError for a tag that cannot be a label."""
    for key, value in tags.items():
        if not _KEY.fullmatch(key) or key.startswith(_RESERVED):
            raise PlanError(
                f"{address}: tag `{key}` cannot be a Hetzner label",
                hint="letters, digits, `-_.` (at most 63), not beginning with reconciler/ or hetzner.cloud/",
            )
        if not _VALUE.fullmatch(value):
            raise PlanError(
                f"{address}: the value of tag `{key}` cannot be a Hetzner label's: `{value}`",
                hint="at most 63 letters, digits and `-_.`, with a letter or digit at both ends",
            )
    mark: dict[str, Param] = {
        OWNER: MarkValue("owner"),
        RESOURCE: MarkValue("resource"),
        OPERATION: MarkValue("operation"),
    }
    return {**dict(sorted(tags.items())), **mark}


def changed(tags: Mapping[str, str], changes: tuple[TagChange, ...]) -> dict[str, str]:
    """Recorded tags after the changes of a diff, and no others."""
    result = dict(tags)
    for change in changes:
        if change.after is None:
            result.pop(change.key, None)
        else:
            result[change.key] = change.after
    return result


def tags_of(labels: Mapping[str, str]) -> dict[str, str]:
    """A manifest's tags among an object's labels: all that are not under our prefix."""
    return {key: value for key, value in labels.items() if not key.startswith(PREFIX)}


def mark_of(labels: Mapping[str, str]) -> Mark | None:
    """The mark, or None where there is none or somebody has damaged it beyond reading."""
    try:
        operation = labels.get(OPERATION)
        return Mark(UUID(labels[OWNER]), UUID(labels[RESOURCE]), UUID(operation) if operation else None)
    except (KeyError, ValueError):
        return None
