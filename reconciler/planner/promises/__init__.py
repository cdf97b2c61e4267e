"""What the planner promises of every plan, one function a promise. `planner/check.py` runs them all.

Each promise is read off a plan and what it was made from, and decides nothing: it asks no decision's code, so
that a fault there is not repeated here. Where the planner has an exception, the promise has it too.
Each says what it checks, by the numbers of docs/safety.md or by another page, and what comes of a plan that
breaks it.
"""
