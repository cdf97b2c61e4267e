-- Who did at a provider what a look found there, as the provider's own log of tasks has it: beside the changeset of the
-- look, never in place of its actor or database user. It is a history: one row a task, written once. It grows with what
-- people do behind our back and not with the fleet, so that it is in no months, and stays where a month of changes is
-- archived. With a deleted resource it goes into a file (26_resource_moves.sql).

CREATE TABLE observed_tasks (
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    resource_id bigint NOT NULL REFERENCES resources (id),
    happening text NOT NULL,
    task text NOT NULL,
    kind text NOT NULL,
    provider_user text NOT NULL,
    began_at timestamptz NOT NULL,
    ended_at timestamptz,
    is_sure boolean NOT NULL,
    CONSTRAINT observed_tasks_pkey PRIMARY KEY (changed_at, changeset_id, resource_id, happening, task),
    CONSTRAINT observed_tasks_happening CHECK (happening IN ('appeared', 'vanished', 'started', 'stopped', 'changed')),
    CONSTRAINT observed_tasks_sure CHECK (NOT is_sure OR (happening <> 'changed' AND ended_at IS NOT NULL))
);

COMMENT ON TABLE observed_tasks IS
'Tasks at a provider, begun by somebody else, that may have made what a look found. Written by record_observed_tasks.';
COMMENT ON COLUMN observed_tasks.changed_at IS
'When the transaction began that recorded what was found: that of the changeset.';
COMMENT ON COLUMN observed_tasks.changeset_id IS
'The changeset of the look.';
COMMENT ON COLUMN observed_tasks.resource_id IS
'The resource that was found otherwise than before; where it was a part of it, its root.';
COMMENT ON COLUMN observed_tasks.happening IS
'What the task may have brought about: the object appeared, vanished, was started, stopped, or changed in any other way.';
COMMENT ON COLUMN observed_tasks.task IS
'The provider''s id of the task.';
COMMENT ON COLUMN observed_tasks.kind IS
'The provider''s word for what it does, such as qmstop.';
COMMENT ON COLUMN observed_tasks.provider_user IS
'Who began it, as the provider names its users: root@pam, or jane@pve!laptop by a token.';
COMMENT ON COLUMN observed_tasks.began_at IS
'When it began, by the provider''s clock.';
COMMENT ON COLUMN observed_tasks.ended_at IS
'When it ended, by the provider''s clock; null if it ran still.';
COMMENT ON COLUMN observed_tasks.is_sure IS
'Whether it was this task, or another of the same changeset, resource and happening. Otherwise it may have been, and so may something that left no task.';
CREATE INDEX observed_tasks_resource ON observed_tasks (resource_id);

CREATE FUNCTION record_observed_tasks(
    p_changed_at timestamptz, p_changeset bigint, p_resource bigint[], p_happening text[], p_task text[], p_kind text[],
    p_user text[], p_began_at timestamptz[], p_ended_at timestamptz[], p_sure boolean[]
)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_written integer;
BEGIN
  IF NOT EXISTS (
    SELECT FROM changesets AS s
    WHERE
      s.changed_at = p_changed_at AND s.id = p_changeset AND s.cause = 'observation' AND s.operation_id IS NULL
      AND s.db_user = session_user
  ) THEN
    RAISE EXCEPTION 'changeset % was made by no look of %', p_changeset, session_user
      USING ERRCODE = 'RC024', HINT = 'Only what a look found is explained by tasks, and by whoever looked.';
  END IF;
  INSERT INTO observed_tasks (
    changed_at, changeset_id, resource_id, happening, task, kind, provider_user, began_at, ended_at, is_sure
  )
  SELECT
    p_changed_at, p_changeset, t.resource_id, t.happening, t.task, t.kind, t.provider_user, t.began_at, t.ended_at, t.is_sure
  FROM unnest(p_resource, p_happening, p_task, p_kind, p_user, p_began_at, p_ended_at, p_sure)
    AS t (resource_id, happening, task, kind, provider_user, began_at, ended_at, is_sure);
  GET DIAGNOSTICS v_written = ROW_COUNT;
  RETURN v_written;
END
$$;
COMMENT ON FUNCTION record_observed_tasks(
    timestamptz, bigint, bigint[], text[], text[], text[], text[], timestamptz[], timestamptz[], boolean[]
) IS
'Writes which tasks may have made what a changeset''s look found, and gives their number. Raises RC024 for any other changeset.';
REVOKE ALL ON FUNCTION record_observed_tasks(
    timestamptz, bigint, bigint[], text[], text[], text[], text[], timestamptz[], timestamptz[], boolean[]
) FROM public;
