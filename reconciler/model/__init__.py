"""The vocabulary: what a resource, an attribute, a plan and an operation are.

Frozen values only, no I/O and nothing of ours but this package: every other layer speaks in these words.
"""
