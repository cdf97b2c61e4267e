"""Comparing one desired resource with its recorded one, by the catalog's rules."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diff.parts import pair
from reconciler.model.catalog import OWN_NAME, Catalog, Mutability, TypeAttribute
from reconciler.model.diff import AttributeChange, Diff, PartAction, PartChange, Reason, TagChange
from reconciler.model.resource import Desired, Recorded
from reconciler.model.values import Value

TAGS = "tags"  # what `ignore_changes` calls the tags


def diff(desired: Desired, recorded: Recorded, catalog: Catalog) -> Diff:
    """All that separates the two. Attributes that nobody asked for are not compared, nor are ignored ones."""
    drifted = recorded.applied_desired_hash is not None and recorded.applied_desired_hash == desired.hash()
    ignored = desired.lifecycle.ignore_changes
    tags = TAGS not in ignored
    return Diff(
        address=desired.address,
        changes=tuple(_attributes(desired, recorded, catalog, drifted, ignored)),
        parts=tuple(_parts(desired, recorded, catalog, drifted, ignored)),
        tags=tuple(_tags(desired, recorded, drifted)) if tags else (),
    )


def _attributes(
    desired: Desired, recorded: Recorded, catalog: Catalog, drifted: bool, ignored: frozenset[str]
) -> Iterator[AttributeChange]:
    for name, rule in sorted(catalog.attributes(desired.type, desired.provider_type).items()):
        if not rule.compared or name in ignored:
            continue
        after = desired.attributes.get(name)
        if after is None and not rule.clear_when_unset:
            continue
        before = recorded.attributes.get(name)
        if _same(before, after):
            if name in recorded.pending and after is not None:
                # What is in force is as wanted, and something else waits to take its place.
                secret = rule.definition.secret
                yield AttributeChange(name, before, after, Reason.DRIFT, Mutability.IN_PLACE, secret)
            continue
        if _untold(before, rule) or _also(recorded, after, rule):
            continue
        reason = _reason(drifted, name in desired.explicit)
        yield _change(rule, before, after, reason)


def _change(
    rule: TypeAttribute, before: Value | None, after: Value | None, reason: Reason
) -> AttributeChange:
    return AttributeChange(rule.name, before, after, reason, rule.mutability, rule.definition.secret)


def _same(before: Value | None, after: Value | None) -> bool:
    """No value and no elements are the same thing: neither has a row."""
    return (before == after and type(before) is type(after)) or (before in (None, ()) and after in (None, ()))


def _also(recorded: Recorded, after: Value | None, rule: TypeAttribute) -> bool:
    """Whether what is wanted is the other name of what there is."""
    return rule.also is not None and after is not None and recorded.attributes.get(rule.also) == after


def _untold(before: Value | None, rule: TypeAttribute) -> bool:
    """What an object must have and keeps for life, and its provider does not tell, is not known to differ.

    A server's image, once the provider has deleted the image: nothing may be replaced on that.
    """
    return before is None and rule.required and rule.mutability is Mutability.REPLACE


def _reason(drifted: bool, explicit: bool) -> Reason:
    if drifted:
        return Reason.DRIFT
    return Reason.MANIFEST if explicit else Reason.DEFAULT


def _tags(desired: Desired, recorded: Recorded, drifted: bool) -> Iterator[TagChange]:
    for key in sorted({*desired.tags, *recorded.tags}):
        before, after = recorded.tags.get(key), desired.tags.get(key)
        if before != after:
            yield TagChange(key, before, after, _reason(drifted, explicit=True))


def _parts(
    desired: Desired, recorded: Recorded, catalog: Catalog, drifted: bool, ignored: frozenset[str]
) -> Iterator[PartChange]:
    for part_type in sorted(desired.collections):
        kind = catalog.resource_types[part_type]
        if kind.collection in ignored:
            continue
        rules = catalog.attributes(part_type, desired.provider_type)
        wanted = [part for part in desired.parts if part.type == part_type]
        there = [part for part in recorded.parts if part.type == part_type]
        pairs, missing, surplus = pair(kind, rules, wanted, there)
        for gone in surplus:
            yield PartChange(gone.address, PartAction.DELETE, (), kind.holds_data)
        for want, have in sorted(pairs, key=lambda each: each[0].address):
            yield from _part_update(want, have, catalog, drifted, kind.holds_data)
        for want in missing:
            yield _part_create(want, catalog, drifted)


def _part_update(
    desired: Desired, recorded: Recorded, catalog: Catalog, drifted: bool, holds_data: bool
) -> Iterator[PartChange]:
    changes = tuple(_attributes(desired, recorded, catalog, drifted, frozenset()))
    if not changes:
        return
    if any(change.mutability is Mutability.REPLACE for change in changes):
        # An immutable part that differs goes and comes again within its parent's step.
        yield PartChange(recorded.address, PartAction.DELETE, (), holds_data)
        yield _part_create(desired, catalog, drifted)
    else:
        yield PartChange(desired.address, PartAction.UPDATE, changes, holds_data)


def _part_create(desired: Desired, catalog: Catalog, drifted: bool) -> PartChange:
    return PartChange(desired.address, PartAction.CREATE, tuple(_new(desired, catalog, drifted)))


def _new(desired: Desired, catalog: Catalog, drifted: bool) -> Iterator[AttributeChange]:
    rules = catalog.attributes(desired.type, desired.provider_type)
    for name, value in sorted(desired.attributes.items()):
        # That a thing is called like its manifest says nothing new.
        named = rules[name].default == OWN_NAME and name not in desired.explicit
        if value != () and not named:
            yield _change(rules[name], None, value, _reason(drifted, name in desired.explicit))


def creation(desired: Desired, catalog: Catalog) -> Diff:
    """What a create sets, in the form of a diff against nothing, for a plan to show."""
    return Diff(
        address=desired.address,
        changes=tuple(_new(desired, catalog, drifted=False)),
        parts=tuple(_part_create(part, catalog, drifted=False) for part in desired.parts),
        tags=tuple(TagChange(key, None, desired.tags[key], Reason.MANIFEST) for key in sorted(desired.tags)),
    )


def removal(recorded: Recorded, catalog: Catalog) -> Diff:
    """What a delete takes away: the parts that go with their parent."""
    return Diff(
        address=recorded.address,
        parts=tuple(
            PartChange(part.address, PartAction.DELETE, (), catalog.resource_types[part.type].holds_data)
            for part in recorded.parts
        ),
    )
