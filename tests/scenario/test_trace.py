"""A trace that breaks is said once, and the apply goes on."""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.providers.trace import Trace
from tests.rigs.stage import Stage, document


def test_a_full_disk_ends_the_trace_and_nothing_else(stage: Stage) -> None:
    said: list[str] = []
    device = os.open("/dev/full", os.O_WRONLY)
    try:
        stage.engine.trace = Trace(device, Path("trace.jsonl"), said.append)
        stage.want(document("Network", "net", "endpoint: hetzner-1, ip_range: 10.0.0.0/16"))
        stage.settle()
    finally:
        os.close(device)
    assert stage.hcloud.sent() == ["POST /networks"]
    assert said == ["the trace in trace.jsonl ends here, all else goes on: No space left on device"]
