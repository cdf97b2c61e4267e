"""What the API calls a type of resource, and the calls that are put together from that alone. Pure.

A tree of a request's body is flattened here; its leaves may be placeholders.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.address import Address
from reconciler.model.plan import Call, ExternalId, Impact, Param
from reconciler.model.resource import Desired
from reconciler.providers.flat import flatten
from reconciler.providers.hetzner.calls import Calls, Change, Tree, plain
from reconciler.providers.hetzner.labels import changed, marked


@dataclass(frozen=True, slots=True)
class Wire:
    """The wire names of one resource type.

    `noun` is the key of one object in an answer and the first half of an operation's name, `collection`
    the path and the key of a list, `words` what people read. `name` is the attribute that is the `name` of
    such an object. `numbers` are the keys in its requests that hold ids: numbers on the wire, texts
    everywhere in here.
    """

    resource_type: str
    noun: str
    collection: str
    words: str
    name: str = "name"
    numbers: frozenset[str] = frozenset()

    def create(self, desired: Desired, body: Mapping[str, Any], *, timeout: int = 600) -> Call:
        """The call that makes an object: its name, its tags and our mark go with it. `timeout` in seconds."""
        name = desired.attributes.get(self.name)
        tree = {
            "name": desired.address.name if name is None else str(name),
            **body,
            "labels": marked(desired.address, desired.tags),
        }
        return Call(
            operation=f"{self.noun}.create",
            method="POST",
            path=f"/{self.collection}",
            summary=f"create {self.words} {desired.address.name}",
            params=flatten(tree),
            creates=True,
            timeout=timeout,
        )

    def put(self, address: Address, body: Mapping[str, Any]) -> Calls:
        """One update of an object's plain fields; nothing where there is nothing to write."""
        if not body:
            return ()
        return (
            Call(
                operation=f"{self.noun}.update",
                method="PUT",
                path=f"/{self.collection}/{{id}}",
                summary=f"write {', '.join(body)} of {self.words} {address.name}",
                path_params=(("id", ExternalId(address)),),
                params=flatten(body),
            ),
        )

    def delete(self, address: Address, *, impact: Impact = Impact.ONLINE) -> Call:
        """The call that deletes an object."""
        return Call(
            operation=f"{self.noun}.delete",
            method="DELETE",
            path=f"/{self.collection}/{{id}}",
            summary=f"delete {self.words} {address.name}",
            path_params=(("id", ExternalId(address)),),
            impact=impact,
            deletes=True,
        )

    def act(
        self,
        target: Address | Param,
        action: str,
        summary: str,
        body: Mapping[str, Any] | None = None,
        *,
        impact: Impact = Impact.ONLINE,
        best_effort: bool = False,
        timeout: int = 600,
    ) -> Call:
        """An action on an object: a resource by its address, or any by its id. `timeout` in seconds."""
        return Call(
            operation=f"{self.noun}.{action}",
            method="POST",
            path=f"/{self.collection}/{{id}}/actions/{action}",
            summary=summary,
            path_params=(("id", ExternalId(target) if isinstance(target, Address) else target),),
            params=flatten(body or {}),
            impact=impact,
            best_effort=best_effort,
            timeout=timeout,
        )

    def protect(self, address: Address, *, on: bool, **along: bool) -> Call:
        """Switch deletion protection, and what must go `along` with it."""
        words = "protect against deletion" if on else "no longer protect against deletion"
        return self.act(address, "change_protection", f"{address.name}: {words}", {"delete": on, **along})

    def protect_new(self, desired: Desired) -> Calls:
        """Protect what was just made, where it shall be."""
        wanted = desired.attributes.get("protected") is True
        return (self.protect(desired.address, on=True),) if wanted else ()

    def change_protection(self, change: Change) -> Calls:
        """What a change says of deletion protection."""
        wanted = change.diff.change("protected")
        return () if wanted is None else (self.protect(change.recorded.address, on=wanted.after is True),)

    def naming(self, change: Change) -> Tree:
        """The name to write where it changes, and the labels where tags do: the recorded ones, changed."""
        recorded, body = change.recorded, Tree()
        if name := change.diff.change(self.name):
            body["name"] = plain(name.after)
        if change.diff.tags:
            body["labels"] = marked(recorded.address, changed(recorded.tags, change.diff.tags))
        return body
