"""Writes the facts anew from the published descriptions: `python -m tests.facts.distil FOLDER`.

FOLDER holds `hetzner/cloud.spec.*.json` (OpenAPI 3.1) and `proxmox/pve-api-*.flat.json` (path → method →
description). Only what a program checks is taken: which operations and parameters there are, of which type,
which values are allowed, and the limits. To be run when a description or the simulators' scope changes.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reconciler.sim.hetzner.routes import ROUTES
from reconciler.sim.proxmox.routing import OPERATIONS
from tests.facts import FOLDER

Json = dict[str, Any]

_PLAIN = (
    *("type", "enum", "const", "required", "minimum", "maximum", "minLength", "maxLength", "minItems"),
    *("maxItems", "pattern", "$ref"),
)
_SCHEMAS = ("items", "additionalProperties")
_LISTS = ("oneOf", "anyOf", "allOf", "prefixItems")
_PROXMOX = ("type", "optional", "enum", "minimum", "maximum", "maxLength", "requires", "default_key", "alias")
_SHARED = 200  # characters: a shape as long as this and used more than once is written once


def main(folder: Path) -> None:
    described = next((folder / "hetzner").glob("cloud.spec.*.json"))
    tree = next((folder / "proxmox").glob("pve-api-*.flat.json"))
    _write("hetzner", _hetzner(json.loads(described.read_text(encoding="utf-8"))))
    _write("proxmox", _proxmox(json.loads(tree.read_text(encoding="utf-8"))))


def _write(name: str, facts: Json) -> None:
    (FOLDER / f"{name}.json").write_text(_laid_out(facts), encoding="utf-8")


def _laid_out(facts: Json, depth: int = 0) -> str:
    """One operation or shape a line, so that a change of one is a change of one line."""
    if depth == 2 or not facts:
        return json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    inner = (f"{json.dumps(key)}: {_laid_out(value, depth + 1)}" for key, value in sorted(facts.items()))
    end = "\n" if depth == 0 else ""
    return "{\n" + ",\n".join(inner) + "\n}" + end


def _hetzner(spec: Json) -> Json:
    served = {re.sub(r"\{\w+\}", "{}", key) for key in ROUTES}
    paths: Json = {}
    for template, operations in spec["paths"].items():
        paths[template] = {
            method: _operation(found)
            if f"{method.upper()} {re.sub(r'{[a-z_]+}', '{}', template)}" in served
            else {}
            for method, found in operations.items()
        }
    named = {name: _schema(found) for name, found in spec["components"]["schemas"].items()}
    shared = _Shared(Counter(_sizeable([paths, named])))
    paths = {
        path: {method: shared.rewritten(found) for method, found in each.items()}
        for path, each in paths.items()
    }
    named = {name: shared.rewritten(found) for name, found in named.items()}
    return {"paths": paths, "shapes": named | shared.shapes}


def _operation(found: Json) -> Json:
    facts: Json = {"responses": {status: _content(answer) for status, answer in found["responses"].items()}}
    if "requestBody" in found:
        facts["requestBody"] = _content(found["requestBody"])
    return facts


def _content(found: Json) -> Json | None:
    schema = found.get("content", {}).get("application/json", {}).get("schema")
    return None if schema is None else _schema(schema)


def _schema(found: Any) -> Any:
    if not isinstance(found, dict):
        return found
    kept = {key: found[key] for key in _PLAIN if key in found}
    if "$ref" in kept:
        kept["$ref"] = f"#/shapes/{kept['$ref'].rsplit('/', 1)[1]}"
    kept |= {key: _schema(found[key]) for key in _SCHEMAS if key in found}
    kept |= {key: [_schema(each) for each in found[key]] for key in _LISTS if key in found}
    if "properties" in found:
        kept["properties"] = {name: _schema(each) for name, each in found["properties"].items()}
    return kept


def _sizeable(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for each in node:
            yield from _sizeable(each)
    elif isinstance(node, dict):
        if "properties" in node and len(text := json.dumps(node, sort_keys=True)) >= _SHARED:
            yield text
        for each in node.values():
            yield from _sizeable(each)


class _Shared:
    """Shapes that are used more than once, each named by its place in their order."""

    def __init__(self, uses: Counter[str]) -> None:
        repeated = sorted(text for text, times in uses.items() if times > 1)
        self._names = {text: f"shape{number}" for number, text in enumerate(repeated, 1)}
        self.shapes = {name: self._inside(json.loads(text)) for text, name in self._names.items()}

    def rewritten(self, node: Any) -> Any:
        if isinstance(node, dict) and "properties" in node:
            name = self._names.get(json.dumps(node, sort_keys=True))
            if name is not None:
                return {"$ref": f"#/shapes/{name}"}
        return self._inside(node)

    def _inside(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self.rewritten(each) for each in node]
        if isinstance(node, dict):
            return {key: self.rewritten(each) for key, each in node.items()}
        return node


def _proxmox(tree: Json) -> Json:
    facts: Json = {}
    for operation in OPERATIONS:
        found = tree[operation.path][operation.method]
        check = found.get("permissions", {}).get("check")
        facts.setdefault(operation.path, {})[operation.method] = {
            "parameters": {"properties": _properties(found.get("parameters", {}).get("properties", {}))},
            "returns": _described(found.get("returns", {})),
            "permissions": {"check": check} if check else {},
        }
    return facts


def _properties(found: Json) -> Json:
    return {name: _described(each) for name, each in found.items()}


def _described(found: Json) -> Json:
    kept: Json = {key: found[key] for key in _PROXMOX if key in found}
    if "properties" in found:
        kept["properties"] = _properties(found["properties"])
    if "items" in found:
        kept["items"] = _described(found["items"])
    if isinstance(found.get("format"), dict):  # a text made of keys and values
        kept["format"] = _properties(found["format"])
    return kept


if __name__ == "__main__":
    main(Path(sys.argv[1]))
