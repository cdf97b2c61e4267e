"""Flat parameters: every tree comes back, whatever its keys are."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.providers.flat import flatten, unflatten

leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5))
keys = st.text(min_size=1, max_size=6)
trees = st.dictionaries(
    keys,
    st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


@given(trees)
def test_every_tree_comes_back(tree: dict[str, Any]) -> None:
    assert unflatten(dict(flatten(tree))) == tree


def test_names_read_as_a_path() -> None:
    tree = {"rules": [{"port": "80", "ips": []}], "labels": {"example.com/role": "web"}, "empty": {}}
    assert flatten(tree) == (
        ("rules[0].port", "80"),
        ("rules[0].ips[]", None),
        ('labels."example.com/role"', "web"),
        ("empty{}", None),
    )
