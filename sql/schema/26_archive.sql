-- Old months of the histories leave the database for files, and come back from them. Only the tables' owner can: the
-- program's own role takes nothing out of a history. A month is detached when its file is on disk and was read again, and
-- its table is dropped when it was compared with the file once more; each step is a transaction that says how far it came.

CREATE TABLE history_archives (
    id bigint GENERATED ALWAYS AS IDENTITY,
    history text NOT NULL,
    partition_name text NOT NULL,
    from_at timestamptz NOT NULL,
    to_at timestamptz NOT NULL,
    file text NOT NULL,
    row_count bigint NOT NULL,
    byte_count bigint NOT NULL,
    sha256 bytea NOT NULL,
    last_epoch integer,
    last_xact xid8,
    detached_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    dropped_at timestamptz,
    restored_at timestamptz,
    archived_by text NOT NULL DEFAULT session_user,
    CONSTRAINT history_archives_pkey PRIMARY KEY (id),
    CONSTRAINT history_archives_sha256 CHECK (octet_length(sha256) = 32),
    CONSTRAINT history_archives_bounds CHECK (from_at < to_at)
);

COMMENT ON TABLE history_archives IS
'The months of histories that went into files. Written by reconciler db archive, as the tables'' owner.';
COMMENT ON COLUMN history_archives.id IS 'Key.';
COMMENT ON COLUMN history_archives.history IS 'The history.';
COMMENT ON COLUMN history_archives.partition_name IS 'The partition that was detached.';
COMMENT ON COLUMN history_archives.from_at IS 'The first instant that it took.';
COMMENT ON COLUMN history_archives.to_at IS 'The first instant that it no longer took.';
COMMENT ON COLUMN history_archives.file IS 'The file''s path when it was written.';
COMMENT ON COLUMN history_archives.row_count IS 'How many rows it holds.';
COMMENT ON COLUMN history_archives.byte_count IS 'How many bytes they are before they are compressed.';
COMMENT ON COLUMN history_archives.sha256 IS 'SHA-256 of these bytes.';
COMMENT ON COLUMN history_archives.last_epoch IS 'The epoch of the month''s last changeset; null for a month without.';
COMMENT ON COLUMN history_archives.last_xact IS
'The last transaction of that epoch in the month: no mark that does not see it can be read without the file.';
COMMENT ON COLUMN history_archives.detached_at IS 'When it was taken from the history.';
COMMENT ON COLUMN history_archives.dropped_at IS 'When its table was dropped; null while it is there.';
COMMENT ON COLUMN history_archives.restored_at IS 'When it was brought back; null while it is away.';
COMMENT ON COLUMN history_archives.archived_by IS 'The database user that did it.';

CREATE FUNCTION history_key(p_table text)
RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY array_position(ARRAY['changed_at', 'change', 'id'], a.attname::text))
  FROM pg_attribute AS a
  WHERE a.attrelid = to_regclass(format('public.%I', p_table)) AND a.attname IN ('changed_at', 'change', 'id')
$$;
COMMENT ON FUNCTION history_key(text) IS
'The columns that number the rows of a history, as a statement lists them: the largest history has them and no index of them.';

CREATE FUNCTION copy_out_statement(p_table text)
RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT format(
    'COPY (SELECT %s FROM public.%I ORDER BY %s) TO STDOUT (FORMAT csv, HEADER, ENCODING ''UTF8'')',
    copy_columns(format('public.%I', p_table)::regclass), p_table, history_key(p_table)
  )
$$;
COMMENT ON FUNCTION copy_out_statement(text) IS
'The statement that gives a partition''s rows as CSV in the order of its key: the same rows, the same bytes.';

CREATE FUNCTION copy_in_statement(p_table text, p_columns text[])
RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_unknown text;
BEGIN
  SELECT string_agg(c.name, ', ') INTO v_unknown
  FROM unnest(p_columns) AS c (name)
  WHERE NOT EXISTS (
    SELECT FROM pg_attribute AS a
    WHERE a.attrelid = to_regclass(format('public.%I', p_table)) AND a.attname = c.name AND a.attnum > 0 AND NOT a.attisdropped
  );
  IF v_unknown IS NOT NULL THEN
    RAISE EXCEPTION 'the file has columns that % no longer has: %', p_table, v_unknown
      USING ERRCODE = 'RC023', HINT = 'Restore it with the version of reconciler that wrote it, or load it by hand: it is CSV.';
  END IF;
  RETURN format(
    'COPY public.%I (%s) FROM STDIN (FORMAT csv, HEADER MATCH, ENCODING ''UTF8'')', p_table,
    (SELECT string_agg(quote_ident(c.name), ', ' ORDER BY c.place) FROM unnest(p_columns) WITH ORDINALITY AS c (name, place))
  );
END
$$;
COMMENT ON FUNCTION copy_in_statement(text, text[]) IS
'The statement that takes such rows back: columns that the table has gained since are filled by their defaults.';

CREATE FUNCTION detach_history_month(
    p_history text, p_partition text, p_file text, p_rows bigint, p_bytes bigint, p_sha256 bytea
)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '500ms'
AS $$
DECLARE
  v_id bigint;
BEGIN
  INSERT INTO history_archives (
    history, partition_name, from_at, to_at, file, row_count, byte_count, sha256, last_epoch, last_xact
  )
  SELECT p.history, p.partition_name, p.from_at, p.to_at, p_file, p_rows, p_bytes, p_sha256, l.epoch, l.xact
  FROM v_history_partitions AS p
  LEFT JOIN LATERAL (
    SELECT s.epoch, s.xact FROM changesets AS s
    WHERE s.changed_at >= p.from_at AND s.changed_at < p.to_at
    ORDER BY s.epoch DESC, s.xact DESC LIMIT 1
  ) AS l ON TRUE
  WHERE p.history = p_history AND p.partition_name = p_partition AND p.to_at <= date_trunc('month', now())
  RETURNING id INTO STRICT v_id;
  EXECUTE format('ALTER TABLE public.%I DETACH PARTITION public.%I', p_history, p_partition);
  RETURN v_id;
END
$$;
COMMENT ON FUNCTION detach_history_month(text, text, text, bigint, bigint, bytea) IS
'Takes a month from its history and writes down in which file it is. Its table stays.';

CREATE FUNCTION drop_detached_month(p_archive bigint)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_partition CONSTANT text := (
    SELECT a.partition_name FROM history_archives AS a WHERE a.id = p_archive AND a.dropped_at IS NULL FOR UPDATE
  );
BEGIN
  -- Of a partition that is attached this is refused: DROP TABLE would take it from its history without a word.
  IF (SELECT c.relispartition FROM pg_class AS c WHERE c.oid = to_regclass(format('public.%I', v_partition))) THEN
    RAISE EXCEPTION 'the partition % is a part of its history and is not dropped', v_partition
      USING ERRCODE = 'RC023', HINT = 'Run the archiving again: it begins anew with this month.';
  END IF;
  EXECUTE format('DROP TABLE public.%I', v_partition);
  UPDATE history_archives SET dropped_at = clock_timestamp() WHERE id = p_archive;
END
$$;
COMMENT ON FUNCTION drop_detached_month(bigint) IS
'Drops the table of a month that is in its file. Whoever calls it has compared the two.';

CREATE FUNCTION give_up_archive(p_archive bigint)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' SET lock_timeout = '500ms'
AS $$
DECLARE
  v_archive record;
BEGIN
  DELETE FROM history_archives WHERE id = p_archive AND dropped_at IS NULL RETURNING * INTO STRICT v_archive;
  IF NOT (
    SELECT c.relispartition FROM pg_class AS c WHERE c.oid = to_regclass(format('public.%I', v_archive.partition_name))
  ) THEN
    PERFORM attach_partition(
      v_archive.history, v_archive.partition_name,
      format('FOR VALUES FROM (%L) TO (%L)', v_archive.from_at, v_archive.to_at)
    );
  END IF;
END
$$;
COMMENT ON FUNCTION give_up_archive(bigint) IS
'Puts a month back into its history whose table is still there, as if it had never been detached.';

CREATE FUNCTION begin_restore(p_history text, p_from timestamptz, p_to timestamptz)
RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
  v_partition text := (
    SELECT p.partition_name FROM v_history_partitions AS p
    WHERE p.history = p_history AND p.from_at <= p_from AND p.to_at >= p_to
  );
  v_strays bigint;
BEGIN
  IF NOT EXISTS (SELECT FROM v_histories AS h WHERE h.history = p_history) THEN
    RAISE EXCEPTION 'there is no history that is called %', p_history
      USING ERRCODE = 'RC023', HINT = 'Restore it with the version of reconciler that wrote it, or load it by hand: it is CSV.';
  END IF;
  IF v_partition IS NULL THEN
    v_partition := p_history || to_char(p_from, '_YYYY_MM');
    IF to_regclass('public.' || quote_ident(v_partition)) IS NOT NULL THEN
      RAISE EXCEPTION 'the table of that month, %, is still there: an archiving was cut off', v_partition
        USING ERRCODE = 'RC023', HINT = 'It is brought to its end by: reconciler db archive';
    END IF;
    EXECUTE format('SELECT count(*) FROM public.%I WHERE changed_at >= $1 AND changed_at < $2', p_history)
    INTO v_strays USING p_from, p_to;
    IF v_strays > 0 THEN
      RAISE EXCEPTION '% has % rows of that month where no month was there for them', p_history, v_strays
        USING ERRCODE = 'RC023', HINT = 'First: reconciler db partitions --move; then again.';
    END IF;
    EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL)', v_partition, p_history);
    -- So that it need not be read again when it is attached, while others wait.
    EXECUTE format(
      'ALTER TABLE public.%I ADD CONSTRAINT restored_month CHECK (changed_at >= %L AND changed_at < %L)',
      v_partition, p_from, p_to
    );
  END IF;
  RETURN v_partition;
END
$$;
COMMENT ON FUNCTION begin_restore(text, timestamptz, timestamptz) IS
'The table into which a file''s rows go: the attached partition of that time, or a new table that end_restore attaches.';

CREATE FUNCTION end_restore(p_history text, p_partition text, p_from timestamptz, p_to timestamptz)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' SET lock_timeout = '500ms'
AS $$
DECLARE
  v_is_twice boolean;
BEGIN
  EXECUTE format(
    'SELECT EXISTS (SELECT FROM public.%I GROUP BY %s HAVING count(*) > 1)', p_partition, history_key(p_partition)
  ) INTO v_is_twice;
  IF v_is_twice THEN
    RAISE EXCEPTION 'rows of that file are in % already', p_partition
      USING ERRCODE = 'RC023', HINT = 'It was brought back before: reconciler db archive list';
  END IF;
  IF NOT EXISTS (
    SELECT FROM v_history_partitions AS p WHERE p.history = p_history AND p.partition_name = p_partition
  ) THEN
    PERFORM attach_partition(p_history, p_partition, format('FOR VALUES FROM (%L) TO (%L)', p_from, p_to));
    EXECUTE format('ALTER TABLE public.%I DROP CONSTRAINT restored_month', p_partition);
  END IF;
END
$$;
COMMENT ON FUNCTION end_restore(text, text, timestamptz, timestamptz) IS
'Makes a restored month a part of its history again.';

CREATE FUNCTION archived_after(p_epoch integer, p_snapshot pg_snapshot, p_taken_at timestamptz)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT string_agg(DISTINCT to_char(a.from_at AT TIME ZONE 'UTC', 'YYYY-MM'), ' ')
  FROM history_archives AS a
  WHERE
    a.restored_at IS NULL AND (a.last_epoch, a.last_xact) >= (p_epoch, pg_snapshot_xmin(p_snapshot))
    -- What was detached before the mark had ended before it, whatever else was under way then.
    AND a.detached_at >= p_taken_at
$$;
COMMENT ON FUNCTION archived_after(integer, pg_snapshot, timestamptz) IS
'The months, in an archive, of which a mark does not see everything; null for none.';

CREATE FUNCTION is_within_reach(p_epoch integer, p_snapshot pg_snapshot, p_taken_at timestamptz)
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE
AS $$
DECLARE
  v_month text := archived_after(p_epoch, p_snapshot, p_taken_at);
BEGIN
  IF v_month IS NOT NULL THEN
    RAISE EXCEPTION 'what changed after that time is in the archive: %', v_month
      USING ERRCODE = 'RC023', HINT = format('Bring it back: reconciler db archive restore %s', v_month);
  END IF;
  RETURN TRUE;
END
$$;
COMMENT ON FUNCTION is_within_reach(integer, pg_snapshot, timestamptz) IS
'True where all that a mark''s snapshot does not see is in the histories; raises RC023 where some is in an archive.';

REVOKE ALL ON FUNCTION
history_key(text), copy_out_statement(text), copy_in_statement(text, text[]),
detach_history_month(text, text, text, bigint, bigint, bytea), drop_detached_month(bigint), give_up_archive(bigint),
begin_restore(text, timestamptz, timestamptz), end_restore(text, text, timestamptz, timestamptz) FROM public;
