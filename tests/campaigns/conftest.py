"""The campaigns play on the same stages as the scenarios."""

from tests.scenario.conftest import place, quick

__all__ = ["place", "quick"]
