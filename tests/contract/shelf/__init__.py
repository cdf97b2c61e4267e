"""A driver as anybody might write one, for a provider that is a folder of files. Its tests use what ships.

It has what no provider of ours has together: a type whose objects are told by a key of their own and have no
room for a mark (a grant), a type with parts that are known by a key (a box and its slots), and a reference
from one to the other.
"""

from .driver import ShelfDriver

__all__ = ["ShelfDriver"]
