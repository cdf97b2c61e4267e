-- Which roots may differ: whoever asks for drift, or for what is pending, looks at these and not at the fleet.
--
-- What moves on the recorded side alone is told by the row itself, and has an index. What the two sides say of each other
-- is noted here by triggers: what is wanted, no more wanted, or gone. A note may be of what agrees, because whoever reads
-- it compares; that of what differs is never missing. Who found that an address agrees takes its note away first, which
-- waits for whoever is noting it, and looks again afterwards (resources.settle); who notes what is noted already writes
-- it anew, so that the two meet.

CREATE TABLE unsettled_addresses (
    address text NOT NULL,
    CONSTRAINT unsettled_addresses_pkey PRIMARY KEY (address)
);

COMMENT ON TABLE unsettled_addresses IS
'Addresses of roots that may differ, because something moved since they were found to agree. Written by triggers; taken out by whoever finds that they agree.';
COMMENT ON COLUMN unsettled_addresses.address IS
'The root''s address.';

CREATE INDEX resources_unsettled ON resources (address)
WHERE
deleted_at IS NULL
AND is_root
AND management <> 'unmanaged'
AND (
    recorded_hash IS NULL
    OR settled_desired_hash IS NULL
    OR settled_recorded_hash IS DISTINCT FROM recorded_hash
    OR presence = 'absent'
);

CREATE FUNCTION unsettled_roots()
RETURNS TABLE (address text)
LANGUAGE sql STABLE ROWS 100
-- The planner cannot tell how few they are, and would read the fleet.
SET enable_seqscan = off
AS $$
  SELECT u.address FROM public.unsettled_addresses AS u
  UNION
  SELECT r.address
  FROM public.resources AS r
  WHERE
    r.deleted_at IS NULL
    AND r.is_root
    AND r.management <> 'unmanaged'
    AND (
      r.recorded_hash IS NULL
      OR r.settled_desired_hash IS NULL
      OR r.settled_recorded_hash IS DISTINCT FROM r.recorded_hash
      OR r.presence = 'absent'
    )
$$;
COMMENT ON FUNCTION unsettled_roots() IS
'The addresses of roots that may differ: all that do, and perhaps some that agree.';

CREATE FUNCTION note_unsettled(p_addresses text[])
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
  -- In one order, so that two never wait for each other.
  INSERT INTO unsettled_addresses AS u (address)
  SELECT DISTINCT noted.address FROM unnest(p_addresses) AS noted (address) ORDER BY noted.address
  ON CONFLICT (address) DO UPDATE SET address = excluded.address
$$;
COMMENT ON FUNCTION note_unsettled(text[]) IS 'Notes that roots may differ.';
REVOKE ALL ON FUNCTION note_unsettled(text[]) FROM public;

CREATE FUNCTION note_new_desired()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  PERFORM note_unsettled(array_agg(n.address))
  FROM new_rows AS n
  WHERE n.parent_id IS NULL AND n.valid_to_revision IS NULL
  HAVING count(*) > 0;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION note_new_desired() IS 'Notes the roots that manifests want anew, or otherwise than before.';
CREATE TRIGGER note_new_desired AFTER INSERT ON desired_resources
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION note_new_desired();

CREATE FUNCTION note_changed_desired()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  PERFORM note_unsettled(array_agg(moved.address))
  FROM (
    SELECT unnest(ARRAY[o.address, n.address]) AS address
    FROM old_rows AS o
    INNER JOIN new_rows AS n ON o.id = n.id
    WHERE
      (o.parent_id IS NULL OR n.parent_id IS NULL)
      AND (o.valid_to_revision IS NULL OR n.valid_to_revision IS NULL)
      AND (o.address, o.spec_hash, o.valid_to_revision, o.parent_id)
      IS DISTINCT FROM (n.address, n.spec_hash, n.valid_to_revision, n.parent_id)
  ) AS moved
  HAVING count(*) > 0;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION note_changed_desired() IS 'Notes the roots of which manifests say something else, or nothing any more.';
CREATE TRIGGER note_changed_desired AFTER UPDATE ON desired_resources
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION note_changed_desired();

CREATE FUNCTION note_removed_desired()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  PERFORM note_unsettled(array_agg(o.address))
  FROM old_rows AS o
  WHERE o.parent_id IS NULL AND o.valid_to_revision IS NULL
  HAVING count(*) > 0;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION note_removed_desired() IS 'Notes the roots whose row of what is wanted was taken out.';
CREATE TRIGGER note_removed_desired AFTER DELETE ON desired_resources
REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION note_removed_desired();

CREATE FUNCTION note_moved_root()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  PERFORM note_unsettled(ARRAY[OLD.address, NEW.address]);
  IF NEW.deleted_at IS NOT NULL THEN
    -- Of what is gone on both sides no note stays. Its row is ours now, so nobody else can be noting it.
    DELETE FROM unsettled_addresses AS u
    WHERE
      u.address = NEW.address
      AND NOT EXISTS (
        SELECT FROM desired_resources AS d
        WHERE d.address = u.address AND d.valid_to_revision IS NULL AND d.parent_id IS NULL
      )
      AND NOT EXISTS (
        SELECT FROM resources AS r
        WHERE r.address = u.address AND r.deleted_at IS NULL AND r.management <> 'unmanaged'
      );
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION note_moved_root() IS 'Notes a root that is gone, or is another''s than before.';
CREATE TRIGGER note_moved_root
AFTER UPDATE OF deleted_at, management, address, source_id, is_root ON resources
FOR EACH ROW
WHEN (
    (old.is_root OR new.is_root)
    AND (
        old.deleted_at IS DISTINCT FROM new.deleted_at
        OR old.management <> new.management
        OR old.address <> new.address
        OR old.source_id IS DISTINCT FROM new.source_id
        OR old.is_root <> new.is_root
    )
)
EXECUTE FUNCTION note_moved_root();
