"""The campaigns play on the same stages as the scenarios, and end with a table of their figures."""

from __future__ import annotations

import pytest

from tests.scenario.conftest import place, quick

__all__ = ["place", "quick"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line a campaign, as `record_property("campaign", …)` has it, and how it ended."""
    lines = [
        f"{value}  {outcome}"
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if report.when == "call"
        for name, value in report.user_properties
        if name == "campaign"
    ]
    if lines:
        terminalreporter.section("campaigns")
        for line in sorted(lines):
            terminalreporter.write_line(line)
