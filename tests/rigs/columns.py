"""Looks through every text column of every table for a structure that was made into a text.

A column that holds people's or a provider's own words is named here with the reason. A new one that this
finds is either of that kind, or it is to be rows or columns of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

OWN_WORDS = {
    # people's
    "*.description": "what people write of a thing",
    "*.display_name": "what people call a thing",
    "*.message": "a sentence for people",
    "*.error_message": "a sentence for people",
    "*.hint": "a sentence for people",
    "*.summary": "a sentence for people",
    "*.reason": "a sentence for people",
    "*.presence_reason": "a sentence for people",
    "*.file": "a file's name, which its owner chose",
    "provider_type_attributes.unset_meaning": "a sentence for people",
    "provider_type_attribute_history.pattern": "a regular expression",
    "provider_type_attributes.pattern": "a regular expression: text with a grammar of its own",
    # a scalar by another's standard
    "*.url": "an address by RFC 3986",
    "attribute_definitions.unit": "a unit's name",
    # a provider's
    "plan_calls.path": "the provider's path, whose parameters are rows beside it",
    "plan_call_parameters.template": "a text with braces in it, for one field",
    "resource_operation_tasks.task": "the provider's id of a task, which it takes back as it gave it",
    "observed_tasks.task": "the provider's id of a task",
    "observed_tasks.provider_user": "a user as the provider names its own",
}
"""By table and column, `*` for any table."""

VALUES = {
    # What a person writes and a machine reads, as a whole.
    "user_data": "a document for cloud-init",
    "public_key": "a key by RFC 4253, and its comment",
    "ssh_public_keys": "keys by RFC 4253",
    "ci_ssh_keys": "keys by RFC 4253",
    "environment": "each a NAME=value, as the process sees it and as people write it",
    "label_selectors": "each a selector in the provider's own query language",
    "qemu_args": "a command line",
    "description": "what people write of a thing",
    "mount_options": "each an option of mount(8)",
    "cpu_affinity": "processors in the notation of cpuset(7)",
    "numa_cpus": "each a processor or a range in the notation of cpuset(7)",
    "smbios_manufacturer": "a name that its owner chose",
    "smbios_product": "a name that its owner chose",
}
"""Attributes whose texts have a grammar of their own, which is not ours to take apart."""

PROVIDERS_TEXT = frozenset({"proxmox"})
"""Provider types whose API takes several fields in one text: their requests' parameters hold it as sent."""

SUSPECT: dict[str, Callable[[str], object]] = {
    "JSON": re.compile(r"\s*(\{.*\}|\[.*\])\s*", re.DOTALL).fullmatch,
    "a name and a hash": re.compile(r"[\w./-]+#\w+").fullmatch,
    "an index": re.compile(r"\w\[\d*\]").search,
    "key=value": re.compile(r"[\w.:-]+=.*", re.DOTALL).fullmatch,
    "a joined list": re.compile(r"[^\s,;|]+([,;|]\s?[^\s,;|]+)+").fullmatch,
    "control characters": re.compile(r"[\x00-\x08\x0e-\x1f]").search,
}

Rows = Callable[..., list[tuple[Any, ...]]]


def text_columns(rows: Rows) -> list[tuple[str, str, str]]:
    """(schema, table, column) of every text column of ours, partitions by their parents."""
    return rows(
        "SELECT n.nspname, c.relname, a.attname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " WHERE n.nspname IN ('public', 'vault') AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        " AND a.atttypid IN ('text'::regtype, 'varchar'::regtype) ORDER BY 1, 2, 3"
    )


def serialized(rows: Rows) -> list[str]:
    """Every column that holds such a text, with an example."""
    found: list[str] = []
    for schema, table, column in text_columns(rows):
        if {f"*.{column}", f"{table}.{column}"} & OWN_WORDS.keys():
            continue
        for text in _texts(rows, schema, table, column):
            kinds = [kind for kind, matches in SUSPECT.items() if matches(text)]
            if kinds:
                found.append(f"{table}.{column}: {text!r} looks like {kinds[0]}")
                break
    return found


def _texts(rows: Rows, schema: str, table: str, column: str) -> Iterable[str]:
    query = f'SELECT DISTINCT t."{column}" FROM {schema}."{table}" AS t'  # noqa: S608 - names of the catalog
    if table == "plan_call_parameters" and column == "value_string":
        query += (
            " JOIN plan_steps s ON s.id = t.plan_step_id"
            " JOIN provider_endpoints e ON e.name = s.endpoint AND e.deleted_at IS NULL"
            " JOIN providers p ON p.id = e.provider_id JOIN provider_types pt ON pt.id = p.provider_type_id"
            " WHERE pt.name <> ALL(%s) AND t.name <> ALL(%s) AND"
        )
        given: tuple[object, ...] = (sorted(PROVIDERS_TEXT), sorted(VALUES))
    elif column in ("value_string", "old_string", "new_string") and table.startswith(
        ("resource_a", "desired_a")
    ):
        query += (
            " JOIN attribute_definitions ad ON ad.id = t.attribute_definition_id WHERE ad.name <> ALL(%s) AND"
        )
        given = (sorted(VALUES),)
    elif table == "plan_step_change_values" and column == "value_string":
        query += (
            " JOIN plan_step_changes c ON c.plan_step_id = t.plan_step_id AND c.position = t.change_position"
            " WHERE coalesce(c.attribute, '') <> ALL(%s) AND"
        )
        given = (sorted(VALUES),)
    else:
        query, given = f"{query} WHERE", ()
    return [text for (text,) in rows(f'{query} t."{column}" IS NOT NULL', *given)]
