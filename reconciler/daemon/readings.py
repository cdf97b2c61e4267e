"""What a source's reading came to, in a form to be compared with that of the next one. No I/O."""

from __future__ import annotations

import hashlib

from reconciler.errors import ManifestError, ReconcilerError
from reconciler.manifest.source.state import SourceState


def problems_of(error: ReconcilerError | OSError) -> tuple[str, ...]:
    """What is wrong with a source, a text each."""
    if isinstance(error, ManifestError):
        return (*map(str, error.problems), *([error.unlisted] if error.unlisted else []))
    return (str(error),)


def digest_of(state: SourceState) -> bytes:
    """Equal exactly where a reading is the same: the same files with the same content at the same commit."""
    found = hashlib.sha256(repr((state.name, state.commit)).encode())
    for file in state.files:
        found.update(repr((file.display_name, len(file.content))).encode())
        found.update(file.content)
    return found.digest()
