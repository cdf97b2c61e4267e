"""What PostgreSQL's own programs inherit from this one."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.redaction import KEY_VARIABLES
from reconciler.store.care.programs import Program


def test_no_program_of_postgresql_is_given_what_opens_the_vault(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*KEY_VARIABLES, "PGOPTIONS"):
        monkeypatch.setenv(name, "x")
    _, environment = Program(Path("pg_dump"), 18).command("dbname=x")
    assert not environment.keys() & set(KEY_VARIABLES)
    assert environment["PGOPTIONS"] == "x"
