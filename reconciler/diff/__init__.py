"""The difference between desired and recorded. Pure: no I/O, no clock, no randomness."""

from reconciler.diff.compare import creation, diff, removal
from reconciler.diff.parts import part_key

__all__ = ["creation", "diff", "part_key", "removal"]
