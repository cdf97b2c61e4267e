"""Whatever is written, the outcome is a whole set or a list of problems, each with its place."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import ManifestError, Problem
from reconciler.manifest.load import load
from reconciler.manifest.read.envelope import INVENTORY_KINDS, KEYS
from reconciler.manifest.source.files import SourceFile
from tests.rigs.examples import often
from tests.rigs.manifest import KNOWN, catalog

KINDS = [*INVENTORY_KINDS, *(each.kind for each in catalog().resource_types.values())]
WORDS = sorted(
    {*catalog().definitions, *KEYS, "endpoint", "settings", "offers", "applies_to", "attributes", "logical"}
    | {each.collection for each in catalog().resource_types.values() if each.collection}
    | {"name", "tags", "from", "kind", "provider", "environment", "providers", "adopt", "ignore_changes"}
)
VALUES = [
    "hetzner-1",
    "proxmox-1",
    "logical",
    "credential/db-password",
    "vm/web",
    "8GiB",
    "1h",
    "fsn1",
    "a b",
    "/",
]

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False, places=2).map(float)
    | st.sampled_from(VALUES)
    | st.text(max_size=8)
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=8,
)
documents = st.fixed_dictionaries(
    {
        "apiVersion": st.just("reconciler/v1") | anything,
        "kind": st.sampled_from(KINDS),
        "metadata": st.just({"name": "web"})
        | st.fixed_dictionaries({"name": st.sampled_from(VALUES)})
        | anything,
        "spec": st.dictionaries(st.sampled_from(WORDS), anything, max_size=6) | anything,
    },
    optional=dict.fromkeys(KEYS[4:], anything),
)


@settings(max_examples=often(25), deadline=None)
@given(st.lists(documents, min_size=1, max_size=3))
def test_no_manifest_makes_the_loader_fail_in_another_way(items: list[dict[str, Any]]) -> None:
    text = yaml.safe_dump_all(items, allow_unicode=True)
    problems: tuple[Problem, ...] = ()
    try:
        found = load([SourceFile("a.yaml", text.encode("utf-8", "replace"))], catalog(), KNOWN)
    except ManifestError as error:
        problems = error.problems
    else:
        assert all(desired.hash() for desired in found.desired.values())
        return
    assert problems
    assert all(problem.location is not None and problem.location.line > 0 for problem in problems)
