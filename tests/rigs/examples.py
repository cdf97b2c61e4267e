"""How many examples a property is tried with: few in the suite, many in a campaign.

`RECONCILER_EXAMPLES` multiplies them all; `make campaigns` sets it.
"""

from __future__ import annotations

import os

TIMES = "RECONCILER_EXAMPLES"


def often(examples: int) -> int:
    return max(1, round(examples * float(os.environ.get(TIMES, "1"))))
