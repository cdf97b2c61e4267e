"""What a test is given of its database; apart from conftest so that tests can name the type."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.store.embedded import EmbeddedServer


@dataclass(frozen=True, slots=True)
class TestDatabase:
    """A test's own database, with the connection strings of the superuser and of the program's role."""

    __test__ = False

    server: EmbeddedServer
    name: str

    @property
    def admin(self) -> str:
        return self.server.superuser_dsn(self.name)

    @property
    def runtime(self) -> str:
        return f"{self.admin} user=reconciler_runtime"
