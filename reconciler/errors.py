"""What went wrong, said so that a person can act on it.

Every error of ours carries what, where, why and what to do; the faces print it, they never guess.
This module imports nothing of ours, so that every layer may raise and report in the same words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a manifest: `line` and `column` count from 1; 0 where only the file is known."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an input, of which there may be many.

    `code` is stable and dotted (`manifest.unknown_attribute`), so that tools can tell problems apart.
    """

    code: str
    message: str
    location: Location | None = None
    address: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        where = f"{self.location}: " if self.location else ""
        whom = f"{self.address}: " if self.address else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{where}{whom}{self.message}{hint}"


class ReconcilerError(Exception):
    """The base of all our errors; `hint` says what to do about it."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class ManifestError(ReconcilerError):
    """A set of manifests that cannot be used; all that is wrong is listed, not just the first.

    `problems` are the first MOST of them, `count` is how many there are.
    """

    MOST = 1_000

    def __init__(self, problems: Sequence[Problem], count: int | None = None) -> None:
        self.count = len(problems) if count is None else count
        self.problems = tuple(problems[: self.MOST])
        noun = "problem" if self.count == 1 else "problems"
        super().__init__(f"{self.count} {noun} in the manifests; nothing was changed")

    @property
    def unlisted(self) -> str | None:
        """What to say of the problems that are only counted; None where all are listed."""
        more = self.count - len(self.problems)
        return f"… and {more} more; these are the first {len(self.problems)}" if more > 0 else None


class CatalogError(ReconcilerError):
    """A driver's catalog, or one written by a user, that contradicts itself or the database."""


class PlanError(ReconcilerError):
    """A plan cannot be made, for example because references form a cycle."""


class BrokenPlanError(ReconcilerError):
    """A plan that does not keep what the planner promises: a fault of ours, or of a driver, found in time."""


class StalePlanError(ReconcilerError):
    """An approved plan whose ground has moved: it is applied as approved or not at all."""


class DatabaseUnavailable(ReconcilerError):
    """No PostgreSQL can be reached, found or started."""


class DatabaseError(ReconcilerError):
    """PostgreSQL refused something; the constraint's meaning is in the message."""


class MigrationError(ReconcilerError):
    """The database's schema is not one that this version can use or bring up to date."""


class ArchiveError(ReconcilerError):
    """A file of the archive that cannot be written, is damaged, or does not belong here."""


class ConfigurationError(ReconcilerError):
    """A setting, an environment variable or a key file is missing or unusable."""


class CredentialError(ReconcilerError):
    """A secret cannot be resolved or decrypted. The message never holds the secret."""


class ClaimLost(ReconcilerError):
    """Another worker holds the resource now; whoever raises this has written nothing."""


class ErrorCode(StrEnum):
    """The classes that drivers sort providers' errors into; the executor's policy is by class."""

    NOT_FOUND = "not_found"
    ALREADY_EXISTS = "already_exists"  # the name or id is taken: whose the object is must be looked up
    CONFLICT = "conflict"  # another change is under way there
    LOCKED = "locked"
    RATE_LIMITED = "rate_limited"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    INVALID = "invalid"
    PROTECTED = "protected"
    NO_CAPACITY = "no_capacity"
    LIMIT_EXCEEDED = "limit_exceeded"
    UNAVAILABLE = "unavailable"  # the provider's own trouble: 5xx, an offline node, a proxy's page
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    OTHER = "other"


class ProviderError(ReconcilerError):
    """A provider's answer, classified by its driver.

    `transient`: the same call may succeed later. `ambiguous`: it is not known whether the call took
    effect, so it may be neither repeated nor written down as failed before looking.
    `retry_after`: seconds the provider asked to wait, where it said so. `patient`: something else is about
    to give back what is wanted, which can take minutes: worth more attempts than other failures.
    """

    def __init__(
        self,
        message: str,
        *,
        code: ErrorCode = ErrorCode.OTHER,
        transient: bool = False,
        ambiguous: bool = False,
        retry_after: float | None = None,
        patient: bool = False,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.patient = patient
        self.code = code
        self.transient = transient
        self.ambiguous = ambiguous
        self.retry_after = retry_after


class Stopped(ProviderError):
    """A wait was given up because of a stop request; nothing was sent in its place."""
