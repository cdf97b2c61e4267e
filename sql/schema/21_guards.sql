-- Guards: what a row may never become, whoever writes it.

CREATE FUNCTION guard_resource_update()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF (new.id, new.uid, new.resource_type_id, new.is_root)
    IS DISTINCT FROM (old.id, old.uid, old.resource_type_id, old.is_root) THEN
    RAISE EXCEPTION 'the identity of % (id, uid, type, root or part) cannot be changed', old.address
      USING ERRCODE = 'RC003', HINT = 'Mark it as deleted and insert another resource.';
  END IF;
  IF new.presence <> 'unknown' THEN
    new.presence_reason := NULL;
  END IF;
  new.version := old.version + 1;
  new.updated_at := now();
  RETURN new;
END
$$;
COMMENT ON FUNCTION guard_resource_update() IS
'Counts a change that a plan must not overlook, and refuses one of the identity.';

CREATE TRIGGER guard_update BEFORE UPDATE ON resources FOR EACH ROW
WHEN (
    old.recorded_hash IS DISTINCT FROM new.recorded_hash
    OR old.external_id IS DISTINCT FROM new.external_id
    OR old.management IS DISTINCT FROM new.management
    OR old.presence IS DISTINCT FROM new.presence
    OR old.prevent_destroy IS DISTINCT FROM new.prevent_destroy
    OR old.on_remove IS DISTINCT FROM new.on_remove
    OR old.allow_downtime IS DISTINCT FROM new.allow_downtime
    OR old.replace_policy IS DISTINCT FROM new.replace_policy
    OR old.create_before_destroy IS DISTINCT FROM new.create_before_destroy
    OR old.source_id IS DISTINCT FROM new.source_id
    OR old.location_id IS DISTINCT FROM new.location_id
    OR old.datacenter_id IS DISTINCT FROM new.datacenter_id
    OR old.deleted_at IS DISTINCT FROM new.deleted_at
    OR old.id IS DISTINCT FROM new.id
    OR old.uid IS DISTINCT FROM new.uid
    OR old.resource_type_id IS DISTINCT FROM new.resource_type_id
    OR old.is_root IS DISTINCT FROM new.is_root
)
EXECUTE FUNCTION guard_resource_update();

CREATE FUNCTION guard_first_states()
RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  v_found record;
BEGIN
  -- However many rows there are, they are of few types and begin in few states.
  SELECT n.address, s.name INTO v_found
  FROM (
    SELECT r.resource_type_id, r.state_id, min(r.address) AS address
    FROM new_rows AS r
    GROUP BY r.resource_type_id, r.state_id
  ) AS n
  INNER JOIN public.resource_types AS t ON n.resource_type_id = t.id
  INNER JOIN public.resource_states AS s ON n.state_id = s.id
  WHERE NOT EXISTS (
    SELECT FROM public.resource_initial_states AS i WHERE i.family = t.family AND i.state_id = n.state_id
  )
  LIMIT 1;
  IF FOUND AND NOT public.is_archive_move() THEN
    RAISE EXCEPTION 'a resource (%) cannot begin in the state %', v_found.address, v_found.name
      USING ERRCODE = 'RC001';
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION guard_first_states() IS 'Refuses first states that are not in resource_initial_states.';

CREATE FUNCTION guard_states()
RETURNS trigger
LANGUAGE plpgsql SET enable_nestloop = off
AS $$
DECLARE
  v_moved record;
  v_by_hand boolean;
  v_from text;
  v_to text;
BEGIN
  -- However many rows there are, they are of few types and make few moves. Of most statements there is none.
  FOR v_moved IN
    SELECT
      n.resource_type_id, o.state_id AS from_state_id, n.state_id AS to_state_id,
      n.management = 'quarantined' AS is_quarantined, min(n.address) AS address
    FROM new_rows AS n
    INNER JOIN old_rows AS o ON n.id = o.id
    WHERE n.state_id <> o.state_id
    GROUP BY 1, 2, 3, 4
  LOOP
    SELECT m.by_hand INTO v_by_hand
    FROM public.resource_types AS t
    INNER JOIN public.resource_state_transitions AS m ON t.family = m.family
    WHERE
      t.id = v_moved.resource_type_id
      AND m.from_state_id = v_moved.from_state_id AND m.to_state_id = v_moved.to_state_id;
    -- Once a person has decided whose it is, the state follows what is seen.
    CONTINUE WHEN NOT v_by_hand OR (
      v_by_hand AND (NOT v_moved.is_quarantined OR (SELECT c.cause FROM public.change_context() AS c) = 'manual')
    );
    SELECT s.name INTO v_from FROM public.resource_states AS s WHERE s.id = v_moved.from_state_id;
    IF v_by_hand THEN
      RAISE EXCEPTION '% can leave the state % only by a person''s decision', v_moved.address, v_from
        USING ERRCODE = 'RC001', HINT = 'Look whose the object is, then adopt or forget it by hand.';
    END IF;
    SELECT s.name INTO v_to FROM public.resource_states AS s WHERE s.id = v_moved.to_state_id;
    RAISE EXCEPTION '% cannot go from the state % to %', v_moved.address, v_from, v_to
      USING ERRCODE = 'RC001', HINT = 'What may follow what is in resource_state_transitions.';
  END LOOP;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION guard_states() IS 'Refuses moves between states that are not in resource_state_transitions.';

CREATE TRIGGER guard_state_insert AFTER INSERT ON resources
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION guard_first_states();
CREATE TRIGGER guard_state_update AFTER UPDATE ON resources
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION guard_states();

CREATE FUNCTION guard_operation_status()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF tg_op = 'INSERT' THEN
    IF new.status <> 'intended' AND NOT public.is_archive_move() THEN
      RAISE EXCEPTION 'an operation begins as intended, not as %', new.status USING ERRCODE = 'RC004';
    END IF;
    RETURN new;
  END IF;
  IF (old.status, new.status) NOT IN (
    ('intended', 'sending'), ('intended', 'failed'), ('intended', 'interrupted'),
    -- A step that needs no call, of a resource that no provider has.
    ('intended', 'done'),
    ('sending', 'accepted'), ('sending', 'done'), ('sending', 'failed'), ('sending', 'ambiguous'),
    ('sending', 'interrupted'),
    -- The next call of the same step is sent.
    ('accepted', 'sending'), ('accepted', 'done'), ('accepted', 'failed'), ('accepted', 'ambiguous'),
    ('accepted', 'interrupted'),
    -- Somebody looked, and it is no longer in doubt.
    ('ambiguous', 'sending'), ('ambiguous', 'accepted'), ('ambiguous', 'done'), ('ambiguous', 'failed'),
    ('ambiguous', 'interrupted')
  ) THEN
    RAISE EXCEPTION 'operation % cannot go from % to %', old.id, old.status, new.status
      USING ERRCODE = 'RC004', HINT = 'What has ended stays as it ended; make a new operation.';
  END IF;
  RETURN new;
END
$$;
COMMENT ON FUNCTION guard_operation_status() IS 'Refuses moves of an operation''s status that no execution makes.';

CREATE TRIGGER guard_status_insert BEFORE INSERT ON resource_operations FOR EACH ROW
EXECUTE FUNCTION guard_operation_status();
CREATE TRIGGER guard_status_update BEFORE UPDATE OF status ON resource_operations FOR EACH ROW
WHEN (old.status IS DISTINCT FROM new.status)
EXECUTE FUNCTION guard_operation_status();

CREATE FUNCTION guard_ended_operation()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  RAISE EXCEPTION 'operation % has ended as %, and what has ended is never changed', old.id, old.status
    USING ERRCODE = 'RC004', HINT = 'What has ended stays as it ended; make a new operation.';
END
$$;
COMMENT ON FUNCTION guard_ended_operation() IS 'Refuses any change of an operation that has ended, as the histories do.';

-- Where it is the status that moves, the guard of the status refuses it.
CREATE TRIGGER guard_ended BEFORE UPDATE ON resource_operations FOR EACH ROW
WHEN (old.status IN ('done', 'failed', 'interrupted') AND old.status = new.status AND old.* IS DISTINCT FROM new.*)
EXECUTE FUNCTION guard_ended_operation();

CREATE FUNCTION guard_ended_operation_row()
RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  v_operation uuid := new.operation_id;
  v_ended timestamptz;
BEGIN
  IF tg_op = 'UPDATE' AND old.operation_id IS DISTINCT FROM new.operation_id THEN
    RAISE EXCEPTION 'a row of operation % cannot become one of another', old.operation_id USING ERRCODE = 'RC004';
  END IF;
  SELECT finished_at INTO v_ended FROM public.resource_operations
  WHERE id = v_operation AND status IN ('done', 'failed', 'interrupted');
  -- In the transaction that ends it, what belongs to its end may still be written.
  IF v_ended IS NOT NULL AND v_ended <> transaction_timestamp() AND NOT public.is_archive_move() THEN
    RAISE EXCEPTION 'operation % has ended at %, and nothing is added to it or changed in it', v_operation, v_ended
      USING ERRCODE = 'RC004', HINT = 'What has ended stays as it ended; make a new operation.';
  END IF;
  RETURN new;
END
$$;
COMMENT ON FUNCTION guard_ended_operation_row() IS
'Refuses to write calls, tasks or results of an operation that ended in an earlier transaction.';

CREATE TRIGGER guard_ended BEFORE INSERT OR UPDATE ON resource_operation_calls FOR EACH ROW
EXECUTE FUNCTION guard_ended_operation_row();
CREATE TRIGGER guard_ended BEFORE INSERT OR UPDATE ON resource_operation_tasks FOR EACH ROW
EXECUTE FUNCTION guard_ended_operation_row();
CREATE TRIGGER guard_ended BEFORE INSERT OR UPDATE ON resource_operation_results FOR EACH ROW
EXECUTE FUNCTION guard_ended_operation_row();

CREATE FUNCTION guard_approval_use()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  RAISE EXCEPTION 'the approval of plan % by % was used at % and cannot be used again',
    old.plan_id, old.approved_by, old.used_at
    USING ERRCODE = 'RC005', HINT = 'Approve the plan again.';
END
$$;
COMMENT ON FUNCTION guard_approval_use() IS 'Refuses to use an approval twice, or to take its use back.';

CREATE TRIGGER guard_use BEFORE UPDATE OF used_at ON plan_approvals FOR EACH ROW
WHEN (old.used_at IS NOT NULL AND old.used_at IS DISTINCT FROM new.used_at)
EXECUTE FUNCTION guard_approval_use();

CREATE FUNCTION guard_pin()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM public.revisions AS r WHERE r.id = new.revision_id AND r.back_to_revision IS NOT NULL
  ) THEN
    RAISE EXCEPTION 'the pin of % is of revision %, which went back to nothing', new.address, new.revision_id
      USING ERRCODE = 'RC003', HINT = 'A pin is of the revision of a rollback, not of the end of one.';
  END IF;
  RETURN new;
END
$$;
COMMENT ON FUNCTION guard_pin() IS 'Refuses a pin of a revision that is no rollback: no list of pins would show it.';

CREATE TRIGGER guard_revision BEFORE INSERT OR UPDATE OF revision_id ON pins FOR EACH ROW
EXECUTE FUNCTION guard_pin();

CREATE FUNCTION guard_time_zone()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_timezone_names AS z WHERE z.name = new.time_zone) THEN
    RAISE EXCEPTION '%: there is no time zone %', new.name, new.time_zone
      USING ERRCODE = 'RC006', HINT = 'Use a name of the IANA time zone database, such as Europe/Berlin.';
  END IF;
  RETURN new;
END
$$;
COMMENT ON FUNCTION guard_time_zone() IS 'Refuses a time zone that the server does not know.';

CREATE TRIGGER guard_time_zone BEFORE INSERT OR UPDATE OF time_zone ON locations FOR EACH ROW
WHEN (new.time_zone IS NOT NULL)
EXECUTE FUNCTION guard_time_zone();
CREATE TRIGGER guard_time_zone BEFORE INSERT OR UPDATE OF time_zone ON datacenters FOR EACH ROW
WHEN (new.time_zone IS NOT NULL)
EXECUTE FUNCTION guard_time_zone();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON resources EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON resource_attributes EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON resource_tags EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON resource_relationships EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON external_id_reservations EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON resource_history EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON resource_state_history EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON resource_attribute_history EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON resource_tag_history EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON resource_relationship_history EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON changesets EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON marks EXECUTE FUNCTION refuse_truncate();

CREATE FUNCTION drop_uncontained()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF is_archive_move() THEN
    RETURN NULL;
  END IF;
  UPDATE resources AS part
  SET deleted_at = now()
  FROM old_ties AS tie, relationship_types AS kind
  WHERE kind.id = tie.relationship_type_id AND kind.name = 'contains'
    AND part.id = tie.child_resource_id AND part.deleted_at IS NULL;
  UPDATE resources AS whole
  SET recorded_hash = NULL
  FROM old_ties AS tie, relationship_types AS kind
  WHERE kind.id = tie.relationship_type_id AND kind.name = 'contains'
    AND whole.id = tie.parent_resource_id AND whole.recorded_hash IS NOT NULL;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION drop_uncontained() IS
'A part that nothing contains any more is gone, and what contained it is looked at again.';

CREATE TRIGGER drop_uncontained AFTER DELETE ON resource_relationships
REFERENCING OLD TABLE AS old_ties FOR EACH STATEMENT
EXECUTE FUNCTION drop_uncontained();
