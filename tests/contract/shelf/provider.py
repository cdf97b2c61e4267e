"""The provider: a folder with a file for each object, and the rules by which one comes, changes and goes.

Boxes get their number from the provider and keep it; no two have one name. A grant stands at its person's
name and holds nothing else than what it grants. A change takes effect at once. Who does not know the word in
the file `password` is shown nothing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Answer = Any  # parsed JSON


class Refused(Exception):
    """The provider's no, in the numbers that everybody knows."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Shelf:
    """One folder, for those who know its password."""

    def __init__(self, folder: Path, password: str) -> None:
        self.folder = folder
        self.password = password

    @classmethod
    def built(cls, folder: Path, password: str) -> Shelf:
        """A new one, empty."""
        for name in ("boxes", "grants"):
            (folder / name).mkdir()
        (folder / "password").write_text(password)
        return cls(folder, password)

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        """The answer to a request. Raises Refused, and OSError where nobody can say what became of it."""
        if (self.folder / "password").read_text() != self.password:
            raise Refused(401, "wrong password")
        kind, _, key = path.strip("/").partition("/")
        match method, key:
            case "GET", "":
                return [json.loads(file.read_text()) for file in sorted((self.folder / kind).iterdir())]
            case "POST", "":
                return self._make(kind, body or {})
        file = self.folder / kind / key
        if not file.exists():
            raise Refused(404, f"there is no {path}")
        if method == "DELETE":
            file.unlink()
            return None
        found = json.loads(file.read_text())
        if method == "PATCH":
            found |= body or {}
            file.write_text(json.dumps(found))
        return found

    def _make(self, kind: str, body: dict[str, Any]) -> Answer:
        there = self.call("GET", f"/{kind}")
        if any(one.get("name") == body.get("name") and one.get("who") == body.get("who") for one in there):
            raise Refused(409, "there is one already")
        if kind == "boxes":
            body = {"id": 1 + max((one["id"] for one in there), default=0), **body}
        (self.folder / kind / str(body.get("id") or body["who"])).write_text(json.dumps(body))
        return body
