"""What the credentials may see. Proxmox VE hides what one may not see and still answers 200, so that an
object missing from a list is gone only if seeing it would have been allowed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def sees_all(tree: str, privilege: str, granted: Mapping[str, Any]) -> bool:
    """Whether everything in a tree is visible, which takes a privilege to see one. `granted` is the answer of
    `GET /access/permissions`.

    A privilege counts only if it is passed on below its path, and is void below a path whose own entry
    leaves it out: an entry further down replaces what is inherited.
    """
    above: Mapping[str, Any] = next((granted[path] for path in (tree, "/") if path in granted), {})
    if not _truth(above.get(privilege)):
        return False
    below = (entry for path, entry in granted.items() if path.startswith(f"{tree}/"))
    return all(privilege in entry for entry in below)


def may(path: str, privilege: str, granted: Mapping[str, Any]) -> bool:
    """Whether a privilege is held on one path: by its own entry, else by the nearest above that passes on."""
    if path in granted:
        return privilege in granted[path]
    above = path.rpartition("/")[0] or "/"
    while above not in granted and above != "/":
        above = above.rpartition("/")[0] or "/"
    return _truth(granted.get(above, {}).get(privilege))


def _truth(value: Any) -> bool:
    return value not in (None, 0, "0", False, "")
