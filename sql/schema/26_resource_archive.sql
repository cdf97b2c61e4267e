-- Deleted resources leave the database for files, and come back from them: what they were, with their parts, attributes,
-- tags, ties and ended operations. What happened to them stays in the histories and leaves with its months. A narrow row of
-- each stays for ever, so that its uid, its id at the provider and its address are known as before.
--
-- Taking a row out, or putting it back, is no change of a resource, and no history says that it was one. The triggers are
-- told so by a row in archive_moves, which nobody but the tables' owner can write; it is gone before the commit.

CREATE TABLE resource_archives (
    id bigint GENERATED ALWAYS AS IDENTITY,
    file text NOT NULL,
    planned_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    removed_at timestamptz,
    restored_at timestamptz,
    first_deleted_at timestamptz,
    last_deleted_at timestamptz,
    resource_count integer,
    row_count bigint,
    byte_count bigint,
    sha256 bytea,
    archived_by text NOT NULL DEFAULT session_user,
    CONSTRAINT resource_archives_pkey PRIMARY KEY (id),
    CONSTRAINT resource_archives_sha256 CHECK (octet_length(sha256) = 32),
    CONSTRAINT resource_archives_removed CHECK ((removed_at IS NULL) = (sha256 IS NULL)),
    CONSTRAINT resource_archives_restored CHECK (restored_at IS NULL OR removed_at IS NOT NULL)
);

COMMENT ON TABLE resource_archives IS
'The files that deleted resources went into. Written by reconciler db archive, as the tables'' owner.';
COMMENT ON COLUMN resource_archives.id IS 'Key.';
COMMENT ON COLUMN resource_archives.file IS 'The file''s path when it was written.';
COMMENT ON COLUMN resource_archives.planned_at IS 'When it was begun. Nothing is taken out by that.';
COMMENT ON COLUMN resource_archives.removed_at IS 'When its rows left the database; null until then.';
COMMENT ON COLUMN resource_archives.restored_at IS 'When they were brought back; null while they are away.';
COMMENT ON COLUMN resource_archives.first_deleted_at IS 'When the first of its resources was deleted; null until its rows left.';
COMMENT ON COLUMN resource_archives.last_deleted_at IS 'When the last of them was; null until its rows left.';
COMMENT ON COLUMN resource_archives.resource_count IS 'How many resources and parts it holds; null until its rows left.';
COMMENT ON COLUMN resource_archives.row_count IS 'How many rows of all tables; null until its rows left.';
COMMENT ON COLUMN resource_archives.byte_count IS 'How many bytes it is before it is compressed; null until its rows left.';
COMMENT ON COLUMN resource_archives.sha256 IS 'SHA-256 of these bytes; null until its rows left.';
COMMENT ON COLUMN resource_archives.archived_by IS 'The database user that did it.';

CREATE TABLE archived_resources (
    id bigint NOT NULL,
    uid uuid NOT NULL,
    resource_type_id integer NOT NULL REFERENCES resource_types (id),
    provider_endpoint_id integer NOT NULL REFERENCES provider_endpoints (id),
    datacenter_id integer REFERENCES datacenters (id),
    address text NOT NULL,
    external_id text,
    management text NOT NULL,
    is_root boolean NOT NULL,
    parent_id bigint,
    root_id bigint NOT NULL,
    created_at timestamptz NOT NULL,
    deleted_at timestamptz NOT NULL,
    epoch integer NOT NULL,
    xact xid8 NOT NULL,
    is_known boolean NOT NULL,
    archive_id bigint NOT NULL REFERENCES resource_archives (id),
    restored_at timestamptz,
    CONSTRAINT archived_resources_pkey PRIMARY KEY (id),
    CONSTRAINT archived_resources_uid UNIQUE (uid)
);

COMMENT ON TABLE archived_resources IS
'What is left here of a deleted resource or part that is in a file: whose it was, and when it went. Written with resource_archives.';
COMMENT ON COLUMN archived_resources.id IS 'The key that it had in resources, by which the histories name it.';
COMMENT ON COLUMN archived_resources.uid IS 'Its identity for ever, as in the mark on the provider''s object.';
COMMENT ON COLUMN archived_resources.resource_type_id IS 'What it was.';
COMMENT ON COLUMN archived_resources.provider_endpoint_id IS 'Where it lived.';
COMMENT ON COLUMN archived_resources.datacenter_id IS 'In which datacenter it or its root stood, if that was known.';
COMMENT ON COLUMN archived_resources.address IS 'Its address when it was deleted.';
COMMENT ON COLUMN archived_resources.external_id IS 'The provider''s id; null where it had none.';
COMMENT ON COLUMN archived_resources.management IS 'managed, unmanaged or quarantined, as it was last.';
COMMENT ON COLUMN archived_resources.is_root IS 'False for a part.';
COMMENT ON COLUMN archived_resources.parent_id IS 'What contained it; null for a root.';
COMMENT ON COLUMN archived_resources.root_id IS 'The root that it was in; itself, where it was one.';
COMMENT ON COLUMN archived_resources.created_at IS 'When its row was first written.';
COMMENT ON COLUMN archived_resources.deleted_at IS 'When it was found or made to be gone.';
COMMENT ON COLUMN archived_resources.epoch IS 'The cluster that numbered the transaction that deleted it.';
COMMENT ON COLUMN archived_resources.xact IS
'That transaction, or where is_known is false, the last one that it can have been: no mark that does not see it can be read without the file.';
COMMENT ON COLUMN archived_resources.is_known IS
'False where the month of its deletion was in a file already, so that the transaction could not be told.';
COMMENT ON COLUMN archived_resources.archive_id IS 'The file that it is in, or was.';
COMMENT ON COLUMN archived_resources.restored_at IS 'When it was brought back; null while it is away.';
CREATE INDEX archived_resources_address ON archived_resources (address) WHERE restored_at IS NULL;
CREATE INDEX archived_resources_parent ON archived_resources (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX archived_resources_root ON archived_resources (root_id);
CREATE INDEX archived_resources_external_id ON archived_resources (provider_endpoint_id, external_id)
WHERE is_root AND external_id IS NOT NULL;
CREATE INDEX archived_resources_xact ON archived_resources (epoch, xact) WHERE restored_at IS NULL;
CREATE INDEX archived_resources_archive ON archived_resources (archive_id);
CREATE INDEX archived_resources_type ON archived_resources (resource_type_id);
CREATE INDEX archived_resources_datacenter ON archived_resources (datacenter_id) WHERE datacenter_id IS NOT NULL;

CREATE TABLE archive_moves (
    xact xid8 NOT NULL,
    CONSTRAINT archive_moves_pkey PRIMARY KEY (xact)
);

COMMENT ON TABLE archive_moves IS
'The transaction that moves rows between tables and files right now. None is ever committed, so nobody else sees a row. Written by begin_archive_move.';
COMMENT ON COLUMN archive_moves.xact IS 'The transaction.';

CREATE FUNCTION has_archive_move()
RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT EXISTS (SELECT FROM archive_moves AS m WHERE m.xact = pg_current_xact_id_if_assigned())
$$;
COMMENT ON FUNCTION has_archive_move() IS 'Whether the owner of the tables said that this transaction moves rows.';

CREATE FUNCTION is_archive_move()
RETURNS boolean
LANGUAGE sql STABLE
-- The setting alone is nobody's word: it spares every other transaction the look into the table.
RETURN coalesce(current_setting('reconciler.archive', TRUE), '') = 'moving' AND has_archive_move();
COMMENT ON FUNCTION is_archive_move() IS
'Whether rows are being taken out into a file or put back, which is no change of what they say. For triggers.';

CREATE FUNCTION begin_archive_move()
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  INSERT INTO archive_moves (xact) VALUES (pg_current_xact_id());
  PERFORM set_config('reconciler.archive', 'moving', TRUE);
END
$$;
COMMENT ON FUNCTION begin_archive_move() IS 'From here on the transaction moves rows. For the tables'' owner.';

CREATE FUNCTION end_archive_move()
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  PERFORM set_config('reconciler.archive', '', TRUE);
  DELETE FROM archive_moves WHERE xact = pg_current_xact_id();
END
$$;
COMMENT ON FUNCTION end_archive_move() IS 'From here on it changes what it writes, as any other.';

CREATE FUNCTION address_of(p_resource bigint)
RETURNS text
LANGUAGE sql STABLE
AS $$
  SELECT coalesce(
    (SELECT r.address FROM public.resources AS r WHERE r.id = p_resource),
    (SELECT a.address FROM public.archived_resources AS a WHERE a.id = p_resource AND a.restored_at IS NULL)
  )
$$;
COMMENT ON FUNCTION address_of(bigint) IS
'The address of a resource or part, also of one that is in the archive; null where there is none, or none that may be seen.';

REVOKE ALL ON FUNCTION begin_archive_move(), end_archive_move() FROM public;
