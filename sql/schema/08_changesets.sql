-- Who changed something, when and why: one row a transaction (and one more for each operation or reason that it names in
-- between), to which the rows of all histories refer. And marks: instants at which the whole database can be read again.
--
-- An instant alone does not say what a reader saw then, because transactions overlap. A transaction's number and a
-- snapshot do, for ever: `pg_visible_in_snapshot` compares the two and needs nothing else of the server. Numbers begin
-- anew in another cluster, as after a restore; `epoch` keeps the clusters apart.

CREATE TABLE cluster_epochs (
    id integer NOT NULL,
    system_identifier bigint NOT NULL,
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT cluster_epochs_pkey PRIMARY KEY (id)
);

COMMENT ON TABLE cluster_epochs IS
'The clusters that this database lived in, in order: transactions are numbered by each of its own. Written by current_epoch.';
COMMENT ON COLUMN cluster_epochs.id IS
'Counts from 1; what has a smaller one happened before what has a greater one.';
COMMENT ON COLUMN cluster_epochs.system_identifier IS
'The cluster''s own identifier, as pg_control_system() has it.';
COMMENT ON COLUMN cluster_epochs.began_at IS
'When the first change was made there.';

CREATE SEQUENCE changeset_id AS bigint;
COMMENT ON SEQUENCE changeset_id IS 'Numbers changesets.';

CREATE TABLE changesets (
    id bigint NOT NULL DEFAULT nextval('changeset_id'),
    changed_at timestamptz NOT NULL,
    xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
    revision_id bigint,
    operation_id uuid,
    epoch integer NOT NULL,
    actor text NOT NULL,
    reason text,
    cause text NOT NULL,
    db_user text NOT NULL,
    CONSTRAINT changesets_pkey PRIMARY KEY (changed_at, id)
) PARTITION BY RANGE (changed_at);

COMMENT ON TABLE changesets IS
'Who changed something, when and why. The rows of the histories refer to it by changed_at and changeset_id. Written by current_changeset.';
COMMENT ON COLUMN changesets.id IS
'Its number.';
COMMENT ON COLUMN changesets.changed_at IS
'When the transaction began.';
COMMENT ON COLUMN changesets.xact IS
'The transaction, as the cluster of its epoch numbers it.';
COMMENT ON COLUMN changesets.revision_id IS
'The revision that it makes true; null for none.';
COMMENT ON COLUMN changesets.operation_id IS
'The operation that it belongs to; null for none.';
COMMENT ON COLUMN changesets.epoch IS
'The cluster that numbered the transaction: cluster_epochs.';
COMMENT ON COLUMN changesets.actor IS
'Who did it, as the session says; the database user where it does not.';
COMMENT ON COLUMN changesets.reason IS
'Why, as the session says.';
COMMENT ON COLUMN changesets.cause IS
'What brought it about: manifest, observation, operation and so on; manual where the session does not say.';
COMMENT ON COLUMN changesets.db_user IS
'The session''s database user, whatever the actor claims.';
CREATE INDEX changesets_xact ON changesets (epoch, xact);
CREATE INDEX changesets_operation ON changesets (operation_id) WHERE operation_id IS NOT NULL;
CREATE INDEX changesets_revision ON changesets (revision_id, changed_at) WHERE revision_id IS NOT NULL;
CREATE INDEX changesets_actor ON changesets (actor, changed_at);
CREATE INDEX changesets_db_user ON changesets (db_user, changed_at);

CREATE TABLE marks (
    id bigint GENERATED ALWAYS AS IDENTITY,
    taken_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    epoch integer NOT NULL REFERENCES cluster_epochs (id),
    snapshot pg_snapshot NOT NULL DEFAULT pg_current_snapshot(),
    kind text NOT NULL,
    revision_id bigint REFERENCES revisions (id),
    actor text NOT NULL,
    db_user text NOT NULL,
    CONSTRAINT marks_pkey PRIMARY KEY (id),
    CONSTRAINT marks_kind CHECK (kind IN ('revision', 'apply', 'change', 'hand')),
    CONSTRAINT marks_revision CHECK (revision_id IS NOT NULL OR kind <> 'revision')
);

COMMENT ON TABLE marks IS
'Instants at which the database can be read again exactly as it was: resources_as_of and its like. Written by take_mark.';
COMMENT ON COLUMN marks.id IS
'Key, and the marks'' order.';
COMMENT ON COLUMN marks.taken_at IS
'When it was taken. What a mark sees was committed before.';
COMMENT ON COLUMN marks.epoch IS
'The cluster whose transactions the snapshot tells apart: cluster_epochs.';
COMMENT ON COLUMN marks.snapshot IS
'Which transactions had ended by then.';
COMMENT ON COLUMN marks.kind IS
'What it was taken after: a revision was recorded, an apply ended, a look or the daemon found that something had changed; or by hand.';
COMMENT ON COLUMN marks.revision_id IS
'The revision that was recorded, or that was applied; null for none.';
COMMENT ON COLUMN marks.actor IS
'Who took it, as the session says; the database user where it does not.';
COMMENT ON COLUMN marks.db_user IS
'The session''s database user, whatever the actor claims.';
CREATE INDEX marks_taken_at ON marks (taken_at);
CREATE INDEX marks_revision ON marks (revision_id) WHERE revision_id IS NOT NULL;
