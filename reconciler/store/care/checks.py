"""What is examined, in which order, why each thing matters, and how it is mended: a table of words."""

from __future__ import annotations

from dataclasses import dataclass

_RECORD = "It cannot be rewritten. Look at the row and its history, and set the value right with triggers on."


@dataclass(frozen=True, slots=True)
class Check:
    """One query for what is wrong: named, or a file of `sql/care`. `mendable`: `--mend` can set it right."""

    name: str
    query: str
    why: str
    mend: str
    mendable: bool = False


CHECKS = (
    Check(
        "projections",
        "doctor.projections",
        "reports that read the extension tables show something else than what is recorded",
        "--mend works the columns out from the attributes again, as a superuser.",
        mendable=True,
    ),
    Check(
        "unsettled",
        "doctor.unsettled",
        "what is not listed as perhaps differing is missing from v_drift and v_pending",
        "--mend lists it.",
        mendable=True,
    ),
    Check(
        "parts",
        "doctor.parts",
        "a plan is made of roots with their parts; what hangs nowhere, or in a circle, is never planned",
        "Let the endpoint be looked at again: UPDATE resources SET recorded_hash = NULL WHERE … of the root, "
        "then reconciler observe.",
    ),
    Check(
        "orphans",
        "doctor.orphans",
        "order and safety of a plan rest on ties and places that are no more",
        "Forget or restore what is named: reconciler forget ADDRESS, or put its manifest back.",
    ),
    Check(
        "operations",
        "doctor.operations",
        "whether its request took effect is not known, and its resource waits for that",
        "It is brought to an end by the next apply, plan or cycle of the daemon: reconciler observe.",
    ),
    Check(
        "claims",
        "doctor.claims",
        "the process that held it was killed; it keeps nobody out",
        "Nothing has to be done: the next step on it takes it over.",
    ),
    Check(
        "partitions",
        "doctor.partitions",
        "what has no month of its own goes into the default, and without that it fails",
        "--mend makes the months ahead and the default. Rows without a month: check the server's clock, then "
        "reconciler db partitions --move. A month whose archiver was killed: reconciler db archive takes it "
        "up. A table that only has the name of one: attach it, or rename it away.",
        mendable=True,
    ),
    Check(
        "archive",
        "doctor.archive",
        "what was deleted is either in the database or in a file",
        "A file that was begun is taken up, or begun anew, by: reconciler db archive. Otherwise look at the "
        "row and the file, and take the resource from a backup.",
    ),
    Check(
        "sequences",
        "07_behind.sql",
        "the next new row gets a number that is taken, and is refused",
        "--mend moves the sequence on.",
        mendable=True,
    ),
    Check(
        "roles",
        "doctor.roles",
        "the guards of the database hold for roles that own nothing and can bypass nothing",
        "As an administrator: ALTER ROLE … NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB, or REVOKE.",
    ),
    Check(
        "grants",
        "doctor.grants",
        "histories and the vault are only as safe as who may write or read them",
        "As an administrator: REVOKE the right, or ALTER … OWNER TO, as sql/schema/91_grants.sql has it.",
    ),
    Check(
        "guards",
        "doctor.guards",
        "what it keeps is not kept, or not found quickly",
        "ALTER TABLE … ENABLE TRIGGER … or VALIDATE CONSTRAINT …, or REINDEX INDEX CONCURRENTLY ….",
    ),
    Check(
        "history",
        "doctor.history",
        "the past is read backwards from the present, and is wrong where the two do not meet",
        _RECORD,
    ),
    Check(
        "attribute history",
        "doctor.attribute_history",
        "the past is read backwards from the present, and is wrong where the two do not meet",
        _RECORD,
    ),
)
