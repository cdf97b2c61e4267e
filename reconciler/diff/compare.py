"""Comparing one desired resource with its recorded one, by the catalog's rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.diff.parts import pair
from reconciler.model.catalog import OWN_NAME, Catalog, Mutability, TypeAttribute
from reconciler.model.diff import AttributeChange, Diff, PartAction, PartChange, Reason, TagChange
from reconciler.model.resource import Desired, Recorded
from reconciler.model.values import Cardinality, Value

TAGS = "tags"  # what `ignore_changes` calls the tags


@dataclass(frozen=True, slots=True)
class _Applied:
    """What was applied last tells what a manifest has changed since from what moved by itself.

    `same`: this very specification was. `item` is that of the resource or part, None where it is not known
    or was not there. `carried`: what our last step did a part of.
    """

    same: bool
    item: Desired | None
    carried: Desired | None = None

    def reason(self, name: str, after: Value | None, *, explicit: bool) -> Reason:
        if self.same or (self.item is not None and self._held(self.item, name, after, explicit=explicit)):
            return Reason.DRIFT
        return Reason.MANIFEST if explicit else Reason.DEFAULT

    @staticmethod
    def _held(item: Desired, name: str, after: Value | None, *, explicit: bool) -> bool:
        if after in (None, ()) and explicit and name not in item.explicit | item.unset:
            return False  # it left open what is said to be none now
        return name not in item.lifecycle.ignore_changes and _same(item.attributes.get(name), after)

    def tag(self, key: str, after: str | None) -> Reason:
        item = self.item
        minded = item is not None and item.names_tags and TAGS not in item.lifecycle.ignore_changes
        held = minded and item is not None and item.tags.get(key) == after
        return Reason.DRIFT if self.same or held else Reason.MANIFEST

    def named(self, name: str) -> bool:
        """Whether it gave an attribute a value, and minded it."""
        item = self.item
        return (
            item is not None
            and name in item.explicit
            and name in item.attributes
            and name not in item.lifecycle.ignore_changes
        )

    def without(self, rule: TypeAttribute, before: Value | None) -> Value | None:
        """What is left of a value when that is taken off which it gave; all of it where nothing can be."""
        given = self.item.attributes[rule.name] if self.item else None
        if isinstance(given, tuple) and isinstance(before, tuple):
            others = tuple(each for each in before if each not in given)
            return others if rule.definition.cardinality is Cardinality.SET else ()
        return None if rule.unset else before

    def tags(self) -> frozenset[str]:
        """The tags that it gave, and minded."""
        item = self.item
        return frozenset(item.tags) if item and TAGS not in item.lifecycle.ignore_changes else frozenset()

    def had(self, part_type: str, collection: str | None) -> bool:
        """Whether it listed the parts of this type."""
        item = self.item
        return (
            item is not None
            and part_type in item.collections
            and collection not in item.lifecycle.ignore_changes
        )


def diff(
    desired: Desired,
    recorded: Recorded,
    catalog: Catalog,
    applied: Desired | None = None,
    carried: Desired | None = None,
) -> Diff:
    """All that separates the two. What nobody asked for is not compared, nor is what is ignored.

    `applied`: what was last applied, where that is another specification than `desired`. What it says
    alike is drift; without it, all is the manifest's. What it named and `desired` names no more was ours,
    and is taken off: attributes that can be, tags, and parts that hold no data. `carried`: what our last step
    did a part of; parts that it made are ours too.
    """
    same = recorded.applied_desired_hash is not None and recorded.applied_desired_hash == desired.hash()
    before = _Applied(same, applied, carried)
    ignored = desired.lifecycle.ignore_changes
    tags = TAGS not in ignored
    return Diff(
        address=desired.address,
        changes=tuple(_attributes(desired, recorded, catalog, before, ignored)),
        parts=tuple(_parts(desired, recorded, catalog, before, ignored)),
        tags=tuple(_tags(desired, recorded, before)) if tags else (),
    )


def _attributes(
    desired: Desired, recorded: Recorded, catalog: Catalog, applied: _Applied, ignored: frozenset[str]
) -> Iterator[AttributeChange]:
    for name, rule in sorted(catalog.attributes(desired.type, desired.provider_type).items()):
        if not rule.compared or name in ignored:
            continue
        before = recorded.attributes.get(name)
        after = desired.attributes.get(name)
        if after is None and name not in desired.unset and not rule.clear_when_unset:
            if not applied.named(name):
                continue
            after = applied.without(rule, before)
        if _same(before, after):
            if name in recorded.pending and desired.attributes.get(name) is not None:
                # What is in force is as wanted, and something else waits to take its place.
                secret = rule.definition.secret
                yield AttributeChange(name, before, after, Reason.DRIFT, Mutability.IN_PLACE, secret)
            continue
        if _untold(before, rule) or _also(recorded, after, rule):
            continue
        reason = applied.reason(name, after, explicit=name in desired.explicit | desired.unset)
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


def _tags(desired: Desired, recorded: Recorded, applied: _Applied) -> Iterator[TagChange]:
    keys = {*desired.tags, *recorded.tags} if desired.names_tags else applied.tags()
    for key in sorted(keys):
        before, after = recorded.tags.get(key), desired.tags.get(key)
        if before != after:
            yield TagChange(key, before, after, applied.tag(key, after))


def _parts(
    desired: Desired, recorded: Recorded, catalog: Catalog, applied: _Applied, ignored: frozenset[str]
) -> Iterator[PartChange]:
    yield from _parts_dropped(desired, recorded, catalog, applied, ignored)
    for part_type in sorted(desired.collections):
        kind = catalog.resource_types[part_type]
        if kind.collection in ignored:
            continue
        rules = catalog.attributes(part_type, desired.provider_type)
        wanted = [part for part in desired.parts if part.type == part_type]
        there = [part for part in recorded.parts if part.type == part_type]
        had = applied.had(part_type, kind.collection)
        before = [p for p in applied.item.parts if p.type == part_type] if applied.item and had else []
        pairs, missing, surplus = pair(kind, rules, wanted, there)
        # What was applied and is not there any more went by itself; what came by itself was never applied.
        was = {want.address: old for want, old in pair(kind, rules, wanted, before)[0]}
        made = [p for p in applied.carried.parts if p.type == part_type] if applied.carried else []
        dropped = {gone.address for ours in (before, made) for gone, _ in pair(kind, rules, surplus, ours)[0]}
        for gone in surplus:
            drifted = applied.same or (had and gone.address not in dropped)
            reason = Reason.DRIFT if drifted else Reason.MANIFEST
            yield PartChange(gone.address, PartAction.DELETE, (), kind.holds_data, reason)
        for want, have in sorted(pairs, key=lambda each: each[0].address):
            own = _Applied(applied.same, was.get(want.address))
            yield from _part_update(want, have, catalog, own, kind.holds_data)
        for want in missing:
            drifted = applied.same or want.address in was
            yield _part_create(want, catalog, drifted=drifted)


def _parts_dropped(
    desired: Desired, recorded: Recorded, catalog: Catalog, applied: _Applied, ignored: frozenset[str]
) -> Iterator[PartChange]:
    """The parts of a list that is gone from the manifest as a whole; what holds data stays."""
    item = applied.item
    for part_type in sorted(item.collections - desired.collections) if item else ():
        kind = catalog.resource_types[part_type]
        if kind.holds_data or kind.collection in ignored or not applied.had(part_type, kind.collection):
            continue
        rules = catalog.attributes(part_type, desired.provider_type)
        ours = [part for part in item.parts if part.type == part_type] if item else []
        there = [part for part in recorded.parts if part.type == part_type]
        for _, gone in sorted(pair(kind, rules, ours, there)[0], key=lambda each: each[1].address):
            yield PartChange(gone.address, PartAction.DELETE, (), kind.holds_data, Reason.MANIFEST)


def _part_update(
    desired: Desired, recorded: Recorded, catalog: Catalog, applied: _Applied, holds_data: bool
) -> Iterator[PartChange]:
    changes = tuple(_attributes(desired, recorded, catalog, applied, frozenset()))
    if not changes:
        return
    fixed = [change for change in changes if change.mutability is Mutability.REPLACE]
    if fixed:
        # An immutable part that differs goes and comes again within its parent's step.
        drifted = all(change.reason is Reason.DRIFT for change in fixed)
        reason = Reason.DRIFT if drifted else Reason.MANIFEST
        yield PartChange(recorded.address, PartAction.DELETE, (), holds_data, reason)
        yield _part_create(desired, catalog, drifted=drifted)
    else:
        yield PartChange(desired.address, PartAction.UPDATE, changes, holds_data)


def _part_create(desired: Desired, catalog: Catalog, *, drifted: bool) -> PartChange:
    changes = tuple(_new(desired, catalog, drifted=drifted))
    reason = Reason.DRIFT if drifted else Reason.MANIFEST
    return PartChange(desired.address, PartAction.CREATE, changes, reason=reason)


def _new(desired: Desired, catalog: Catalog, *, drifted: bool) -> Iterator[AttributeChange]:
    rules = catalog.attributes(desired.type, desired.provider_type)
    for name, value in sorted(desired.attributes.items()):
        # That a thing is called like its manifest says nothing new.
        named = rules[name].default == OWN_NAME and name not in desired.explicit
        if value != () and not named:
            reason = Reason.MANIFEST if name in desired.explicit else Reason.DEFAULT
            yield _change(rules[name], None, value, Reason.DRIFT if drifted else reason)


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
