"""The fixed forms of what is around a spec: metadata and lifecycle."""

from __future__ import annotations

from typing import Any

from pydantic import Field, StrictBool

from reconciler.manifest.read.forms import Form
from reconciler.model.resource import OnRemove, ReplacePolicy


class MetadataForm(Form):
    """`tags` is None where none are written; `null` is written, and says that there shall be none."""

    name: str
    tags: dict[str, str] | None = None
    annotations: dict[str, Any] = Field(default_factory=dict)


class LifecycleForm(Form):
    """What may happen to a resource. Editors and `explain lifecycle` show the descriptions."""

    prevent_destroy: StrictBool = Field(
        default=False, description="Never destroy it, nor replace it; holds when its manifest is gone too."
    )
    on_remove: OnRemove | None = Field(
        default=None,
        description="When its manifest is gone: delete the object, retain it and cease to manage it, or "
        "block (leave it until the manifest is back). Where not set it is deleted; what holds data, only "
        "once approved.",
    )
    ignore_changes: tuple[str, ...] = Field(
        default=(),
        description="Attributes, or tags, that others may change: given when it is made, not compared "
        "afterwards.",
    )
    allow_downtime: StrictBool = Field(
        default=False, description="Whether it may be stopped or restarted for a change that needs that."
    )
    replace: ReplacePolicy = Field(
        default=ReplacePolicy.NEVER,
        description="Whether it may be destroyed and made anew for a change that is not possible in place: "
        "never, or allowed. What was in it is lost.",
    )
    create_before_destroy: StrictBool = Field(
        default=False, description="In a replacement, make the new one before the old one is destroyed."
    )
    adopt: str | None = Field(
        default=None,
        description="The provider's id of an object that exists already and is to be taken over. Without "
        "effect once that is done; `reconciler get unmanaged` lists the ids.",
    )
