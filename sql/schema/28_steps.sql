-- The commits of a step, each by one function: what it rests on is checked and what follows is written where the rows are,
-- so that a commit costs one statement. Who acts and why are parameters, because the statement is the whole transaction.
-- Whoever has lost the resource to another worker is refused with RC031, and nothing is written.

CREATE FUNCTION act_as(p_actor text, p_reason text, p_cause text, p_operation text, p_revision text)
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM
    set_config('reconciler.actor', p_actor, TRUE), set_config('reconciler.reason', p_reason, TRUE),
    set_config('reconciler.cause', p_cause, TRUE), set_config('reconciler.operation', p_operation, TRUE),
    set_config('reconciler.revision', p_revision, TRUE);
END
$$;
COMMENT ON FUNCTION act_as(text, text, text, text, text) IS
'Tells the histories who acts and why, until the transaction ends. What is empty is not said.';

CREATE FUNCTION refuse_lost_claim(p_operation uuid)
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  RAISE EXCEPTION 'operation % was taken over by another worker; nothing was written', p_operation
    USING ERRCODE = 'RC031';
END
$$;
COMMENT ON FUNCTION refuse_lost_claim(uuid) IS
'Refuses a write of a worker that has lost its claim.';

CREATE FUNCTION claim_resource(
    p_resource_id bigint, p_worker uuid, p_address text, p_expected_version bigint, p_state text, p_is_made_anew boolean
)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_epoch bigint;
  v_holder record;
BEGIN
  UPDATE resources AS r
  SET
    claim_epoch = r.claim_epoch + 1,
    claimed_by = p_worker,
    claimed_at = now(),
    -- What leaves the quarantine shows its state when it is next seen.
    state_id = coalesce(
      (
        SELECT st.id FROM resource_states AS st
        WHERE
          st.name = p_state
          AND r.state_id <> (SELECT was.id FROM resource_states AS was WHERE was.name = 'quarantined')
      ),
      r.state_id
    ),
    external_id = CASE WHEN p_is_made_anew THEN NULL ELSE r.external_id END
  WHERE
    r.id = p_resource_id
    AND (p_expected_version IS NULL OR r.version = p_expected_version)
    AND (
      r.claimed_by IS NULL
      OR r.claimed_by = p_worker
      OR (SELECT pg_try_advisory_xact_lock(w.lock_key) FROM workers AS w WHERE w.id = r.claimed_by)
    )
  RETURNING r.claim_epoch INTO v_epoch;
  IF FOUND THEN
    RETURN v_epoch;
  END IF;
  SELECT r.version, w.host, w.pid, r.claimed_at INTO v_holder
  FROM resources AS r LEFT JOIN workers AS w ON r.claimed_by = w.id
  WHERE r.id = p_resource_id;
  IF v_holder.version <> p_expected_version THEN
    RAISE EXCEPTION '% changed after the plan was made', p_address USING ERRCODE = 'RC030', HINT = 'plan again';
  END IF;
  RAISE EXCEPTION '% is being worked on by %', p_address,
    CASE
      WHEN v_holder.host IS NULL THEN 'another worker'
      ELSE format(
        'process %s on %s since %s UTC', v_holder.pid, v_holder.host,
        to_char(v_holder.claimed_at AT TIME ZONE 'UTC', 'HH24:MI:SS')
      )
    END
    USING ERRCODE = 'RC031', HINT = 'wait for it; nothing needs unlocking';
END
$$;
COMMENT ON FUNCTION claim_resource(bigint, uuid, text, bigint, text, boolean) IS
'Takes a resource for a worker, if it is as the plan saw it (null: however it is) and nobody who is alive holds it. Gives the new epoch, which fences everybody else. It has the state from then on, if one is given; what is made anew has no object any more.';
REVOKE ALL ON FUNCTION claim_resource(bigint, uuid, text, bigint, text, boolean) FROM public;

CREATE FUNCTION next_reserved_id(p_endpoint_id integer, p_low bigint, p_high bigint)
RETURNS bigint
LANGUAGE sql STABLE
AS $$
  -- One after another is tried, from the last that was given out, and each is a look into an index.
  WITH RECURSIVE given AS (
    SELECT max(last.id) AS id
    FROM (
      SELECT res.external_id::bigint AS id
      FROM public.external_id_reservations AS res
      WHERE
        res.provider_endpoint_id = p_endpoint_id
        AND res.external_id ~ '^[0-9]{1,18}$'
        AND res.external_id::bigint BETWEEN p_low AND p_high
      ORDER BY res.external_id::bigint DESC
      LIMIT 1
    ) AS last
  ),

  candidate (id, is_used) AS (
    SELECT coalesce(given.id, p_low - 1), TRUE FROM given
    UNION ALL
    SELECT
      next.id,
      EXISTS (
        SELECT FROM public.resources AS r
        WHERE r.provider_endpoint_id = p_endpoint_id AND r.is_root AND r.external_id = next.id::text
      )
      OR EXISTS (
        SELECT FROM public.archived_resources AS a
        WHERE a.provider_endpoint_id = p_endpoint_id AND a.is_root AND a.external_id = next.id::text
      )
    FROM (SELECT c.id + 1 AS id FROM candidate AS c WHERE c.is_used AND c.id < p_high) AS next
  )

  SELECT c.id FROM candidate AS c WHERE NOT c.is_used
$$;
COMMENT ON FUNCTION next_reserved_id(integer, bigint, bigint) IS
'The first id of a range at an endpoint that was never given out and that nothing is known to use; null where none is left.';

CREATE FUNCTION reserve_external_id(p_resource_id bigint, p_low bigint, p_high bigint, p_is_another boolean)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_resource record;
  v_chosen text;
BEGIN
  SELECT r.uid, r.provider_endpoint_id, r.resource_type_id, e.name AS endpoint INTO STRICT v_resource
  FROM resources AS r JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
  WHERE r.id = p_resource_id;
  PERFORM pg_advisory_xact_lock(hashtextextended('external id at ' || v_resource.endpoint, 0));
  IF NOT p_is_another THEN
    SELECT last.external_id INTO v_chosen
    FROM (
      SELECT res.external_id
      FROM external_id_reservations AS res
      WHERE
        res.resource_uid = v_resource.uid
        AND res.provider_endpoint_id = v_resource.provider_endpoint_id
        AND res.resource_type_id = v_resource.resource_type_id
      ORDER BY res.external_id::bigint DESC
      LIMIT 1
    ) AS last
    WHERE
      last.external_id::bigint BETWEEN p_low AND p_high
      AND NOT EXISTS (
        SELECT FROM resource_history AS h
        WHERE h.resource_id = p_resource_id AND h.external_id = last.external_id
      )
      AND NOT EXISTS (
        SELECT
        FROM resource_operation_results AS found JOIN resource_operations AS o ON found.operation_id = o.id
        WHERE
          o.resource_id = p_resource_id AND found.name = 'external_id' AND found.value_string = last.external_id
      );
    IF FOUND THEN
      RETURN v_chosen;
    END IF;
  END IF;
  v_chosen := next_reserved_id(v_resource.provider_endpoint_id, p_low, p_high)::text;
  IF v_chosen IS NULL THEN
    RAISE EXCEPTION '%: no id is left between % and %', v_resource.endpoint, p_low, p_high
      USING ERRCODE = 'RC030', HINT = 'widen the endpoint''s id range in its settings';
  END IF;
  INSERT INTO external_id_reservations (provider_endpoint_id, resource_type_id, external_id, resource_uid)
  VALUES (v_resource.provider_endpoint_id, v_resource.resource_type_id, v_chosen, v_resource.uid);
  RETURN v_chosen;
END
$$;
COMMENT ON FUNCTION reserve_external_id(bigint, bigint, bigint, boolean) IS
'The id for an object to be made: the one that was last chosen for its resource, if no object was ever known by it (a creation that was cut off is sent again with the same identity, so that there cannot be two); or a new one. Where another is asked for, always a new one.';
REVOKE ALL ON FUNCTION reserve_external_id(bigint, bigint, bigint, boolean) FROM public;

CREATE FUNCTION resource_to_work_on(p_uid uuid, p_address text, p_spec_hash bytea)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_id bigint;
BEGIN
  IF p_uid IS NOT NULL THEN
    SELECT r.id INTO v_id FROM resources AS r WHERE r.uid = p_uid AND r.deleted_at IS NULL;
  ELSE
    INSERT INTO resources (
      resource_type_id, provider_endpoint_id, address, name, state_id, management, presence, is_root, source_id,
      prevent_destroy, on_remove, allow_downtime, replace_policy, create_before_destroy, location_id, datacenter_id
    )
    SELECT
      d.resource_type_id, d.provider_endpoint_id, d.address, d.name, st.id, 'managed', 'absent', TRUE, d.source_id,
      d.prevent_destroy, d.on_remove, d.allow_downtime, d.replace_policy, d.create_before_destroy, l.id, dc.id
    FROM desired_resources AS d
    JOIN resource_states AS st ON st.name = 'pending'
    LEFT JOIN locations AS l ON d.location = l.name
    LEFT JOIN datacenters AS dc ON d.datacenter = dc.name
    WHERE
      d.valid_to_revision IS NULL AND d.parent_id IS NULL AND d.address = p_address AND d.spec_hash = p_spec_hash
    -- Another worker was faster with the same resource: then there is nothing to begin.
    ON CONFLICT (address) WHERE deleted_at IS NULL AND management <> 'unmanaged' DO NOTHING
    RETURNING id INTO v_id;
  END IF;
  IF v_id IS NULL THEN
    RAISE EXCEPTION '% is not what the plan was made for any more', p_address
      USING ERRCODE = 'RC030', HINT = 'plan again';
  END IF;
  RETURN v_id;
END
$$;
COMMENT ON FUNCTION resource_to_work_on(uuid, text, bytea) IS
'The live row of a uid; without one a new row for what manifests want at an address, as that specification has it.';
REVOKE ALL ON FUNCTION resource_to_work_on(uuid, text, bytea) FROM public;

CREATE FUNCTION take_over_object(p_resource_id bigint, p_address text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_before text;
BEGIN
  SELECT r.address INTO STRICT v_before FROM resources AS r WHERE r.id = p_resource_id;
  -- A row that never had an object makes room for the one that is taken over at its address.
  UPDATE resources AS r
  SET deleted_at = now(), presence = 'absent', state_id = st.id
  FROM resource_states AS st
  WHERE
    r.address = p_address AND r.deleted_at IS NULL AND r.management = 'managed' AND r.presence = 'absent'
    AND r.external_id IS NULL AND r.claimed_by IS NULL AND st.name = 'deleted';
  UPDATE resources AS r
  SET
    address = d.address,
    management = 'managed',
    source_id = d.source_id,
    prevent_destroy = d.prevent_destroy,
    on_remove = d.on_remove,
    allow_downtime = d.allow_downtime,
    replace_policy = d.replace_policy,
    create_before_destroy = d.create_before_destroy,
    location_id = l.id,
    datacenter_id = dc.id
  FROM desired_resources AS d
  LEFT JOIN locations AS l ON d.location = l.name
  LEFT JOIN datacenters AS dc ON d.datacenter = dc.name
  WHERE
    r.id = p_resource_id AND r.deleted_at IS NULL AND r.management <> 'managed'
    AND d.valid_to_revision IS NULL AND d.parent_id IS NULL AND d.address = p_address
    -- Another worker was faster, and makes an object of that address.
    AND NOT EXISTS (
      SELECT FROM resources AS other
      WHERE
        other.address = p_address AND other.deleted_at IS NULL AND other.management <> 'unmanaged'
        AND other.id <> r.id
    );
  IF NOT FOUND THEN
    RAISE EXCEPTION '% is not what the plan was made for any more', p_address
      USING ERRCODE = 'RC030', HINT = 'plan again';
  END IF;
  IF v_before = p_address THEN
    RETURN;
  END IF;
  -- Its parts follow it to the other address, and so does what points at it, which is recorded by address.
  UPDATE resources AS r
  SET address = p_address || substr(r.address, length(v_before) + 1)
  FROM resource_relationships AS rr
  WHERE
    rr.parent_resource_id = p_resource_id AND rr.relationship_type_id = 1 AND r.id = rr.child_resource_id
    AND r.deleted_at IS NULL AND starts_with(r.address, v_before || '/');
  UPDATE resource_attributes AS a
  SET value_string = p_address
  FROM resource_relationships AS rr, attribute_definitions AS ad
  WHERE
    rr.parent_resource_id = p_resource_id AND a.resource_id = rr.child_resource_id
    AND a.attribute_definition_id = ad.id AND ad.format = 'reference' AND a.value_string = v_before
    AND a.value_target_type IS NULL;
END
$$;
COMMENT ON FUNCTION take_over_object(bigint, text) IS
'An object that was nobody''s becomes the managed resource of an address, and so does what hangs on it.';
REVOKE ALL ON FUNCTION take_over_object(bigint, text) FROM public;

CREATE FUNCTION objects_at(p_addresses text[])
RETURNS TABLE (address text, external_id text, provider_endpoint_id integer)
LANGUAGE sql STABLE
AS $$
  -- An object that is not ours counts where nothing of ours has its address and no other shares it: a resource of ours
  -- may have to let go of it.
  SELECT r.address, min(r.external_id), min(r.provider_endpoint_id)
  FROM public.resources AS r
  WHERE
    r.deleted_at IS NULL AND r.is_root AND r.address = ANY(p_addresses)
    AND (
      r.management = 'managed'
      OR NOT EXISTS (
        SELECT FROM public.resources AS ours
        WHERE ours.address = r.address AND ours.deleted_at IS NULL AND ours.management = 'managed'
      )
    )
  GROUP BY r.address
  HAVING count(*) = 1
$$;
COMMENT ON FUNCTION objects_at(text[]) IS
'What stands for an address in a call: the provider''s id of the object there, null while it has none, and its endpoint.';

CREATE FUNCTION step_intended(
    p_actor text, p_reason text, p_cause text, p_cause_operation text, p_revision text,
    p_operation uuid, p_action text, p_uid uuid, p_address text, p_spec_hash bytea, p_expected_version bigint,
    p_worker uuid, p_plan_step_id bigint, p_revision_id bigint, p_request_hash bytea, p_name text,
    p_low bigint, p_high bigint, p_addresses text[]
)
RETURNS TABLE (
    resource_id bigint, uid uuid, epoch bigint, reserved text, external_id text, is_repeated boolean,
    address text[], address_id text[], is_here boolean[]
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
  v_id bigint;
  v_epoch bigint;
  v_reserved text;
  v_status text;
  v_is_repeated boolean;
BEGIN
  PERFORM act_as(p_actor, p_reason, p_cause, p_cause_operation, p_revision);
  v_id := resource_to_work_on(p_uid, p_address, p_spec_hash);
  v_epoch := claim_resource(
    v_id, p_worker, p_address, p_expected_version,
    CASE p_action
      WHEN 'create' THEN 'creating' WHEN 'delete' THEN 'deleting' WHEN 'adopt' THEN NULL WHEN 'forget' THEN NULL
      ELSE 'updating'
    END,
    p_action = 'create'
  );
  SELECT o.status INTO v_status
  FROM resource_operations AS o
  WHERE o.resource_id = v_id AND o.status IN ('intended', 'sending', 'accepted');
  IF FOUND THEN
    RAISE EXCEPTION '%: its last operation is still open (%)', p_address, v_status
      USING ERRCODE = 'RC031', HINT = 'it is looked at again before the next plan; nothing needs unlocking';
  END IF;
  IF p_action = 'adopt' THEN
    PERFORM take_over_object(v_id, p_address);
    UPDATE resources AS r
    SET state_id = st.id
    FROM resource_states AS st
    WHERE
      r.id = v_id AND st.name = 'updating'
      -- What leaves the quarantine shows its state when it is next seen.
      AND r.state_id <> (SELECT was.id FROM resource_states AS was WHERE was.name = 'quarantined');
  END IF;
  IF p_low IS NOT NULL THEN
    v_reserved := reserve_external_id(v_id, p_low, p_high, FALSE);
  END IF;
  SELECT o.status = 'done' AND s.desired_hash = p_spec_hash INTO v_is_repeated
  FROM resource_operations AS o LEFT JOIN plan_steps AS s ON o.plan_step_id = s.id
  WHERE o.resource_id = v_id
  ORDER BY o.intended_at DESC
  LIMIT 1;
  INSERT INTO resource_operations (
    id, resource_id, operation_type_id, plan_step_id, status, worker_id, claim_epoch, request_hash, identity,
    rests_on_version, actor, revision_id
  )
  SELECT
    p_operation, v_id, t.id, p_plan_step_id, 'intended', p_worker, v_epoch, p_request_hash,
    coalesce(v_reserved, p_name), p_expected_version, p_actor, p_revision_id
  FROM operation_types AS t
  WHERE t.name = p_action;
  RETURN QUERY
  SELECT
    v_id, r.uid, v_epoch, v_reserved, r.external_id, coalesce(v_is_repeated, FALSE), n.address, n.external_id, n.is_here
  FROM resources AS r
  CROSS JOIN LATERAL (
    SELECT
      array_agg(f.address) AS address,
      array_agg(f.external_id) AS external_id,
      array_agg(f.provider_endpoint_id = r.provider_endpoint_id) AS is_here
    FROM objects_at(p_addresses) AS f
  ) AS n
  WHERE r.id = v_id;
END
$$;
COMMENT ON FUNCTION step_intended(
    text, text, text, text, text, uuid, text, uuid, text, bytea, bigint, uuid, bigint, bigint, bytea, text, bigint, bigint,
    text[]
) IS
'T1 of a step: its row, its claim, the id reserved for its object (where a range is given), and the intent. Gives these, whether the operation before it did the same, and which objects stand at the addresses that its calls or its specification name; is_here says which of them are at the same endpoint.';
REVOKE ALL ON FUNCTION step_intended(
    text, text, text, text, text, uuid, text, uuid, text, bytea, bigint, uuid, bigint, bigint, bytea, text, bigint, bigint,
    text[]
) FROM public;

CREATE FUNCTION end_call(p_operation uuid, p_position smallint, p_status text, p_code text, p_message text)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
  UPDATE resource_operation_calls
  SET status = p_status, finished_at = now(), error_code = p_code, error_message = p_message
  WHERE operation_id = p_operation AND position = p_position
$$;
COMMENT ON FUNCTION end_call(uuid, smallint, text, text, text) IS
'A call''s own end: done, failed, ambiguous or skipped.';
REVOKE ALL ON FUNCTION end_call(uuid, smallint, text, text, text) FROM public;

CREATE FUNCTION step_call_ended(
    p_actor text, p_reason text, p_cause text, p_cause_operation text, p_revision text,
    p_operation uuid, p_epoch bigint, p_position smallint, p_status text, p_code text, p_message text
)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  PERFORM act_as(p_actor, p_reason, p_cause, p_cause_operation, p_revision);
  IF NOT EXISTS (
    SELECT FROM resource_operations AS o JOIN resources AS r ON o.resource_id = r.id
    WHERE o.id = p_operation AND r.claim_epoch = p_epoch
    FOR SHARE OF r
  ) THEN
    PERFORM refuse_lost_claim(p_operation);
  END IF;
  PERFORM end_call(p_operation, p_position, p_status, p_code, p_message);
END
$$;
COMMENT ON FUNCTION step_call_ended(
    text, text, text, text, text, uuid, bigint, smallint, text, text, text
) IS
'A call''s own end, where it is told by itself.';
REVOKE ALL ON FUNCTION step_call_ended(
    text, text, text, text, text, uuid, bigint, smallint, text, text, text
) FROM public;

CREATE FUNCTION step_sending(
    p_actor text, p_reason text, p_cause text, p_cause_operation text, p_revision text,
    p_operation uuid, p_epoch bigint, p_position smallint, p_ended smallint, p_addresses text[], p_ids text[],
    p_login_as text, p_login text
)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
DECLARE
  v_moved boolean;
BEGIN
  PERFORM act_as(p_actor, p_reason, p_cause, p_cause_operation, p_revision);
  SELECT bool_or(f.external_id IS DISTINCT FROM n.external_id) INTO v_moved
  FROM unnest(p_addresses, p_ids) AS n (address, external_id)
  LEFT JOIN objects_at(p_addresses) AS f ON n.address = f.address;
  IF v_moved THEN
    RETURN FALSE;
  END IF;
  UPDATE resource_operations AS o
  SET status = 'sending', current_call = p_position, sent_at = coalesce(o.sent_at, now())
  FROM resources AS r
  WHERE
    o.id = p_operation AND o.resource_id = r.id AND r.claim_epoch = p_epoch
    AND o.status IN ('intended', 'sending', 'accepted');
  IF NOT FOUND THEN
    PERFORM refuse_lost_claim(p_operation);
  END IF;
  IF p_ended IS NOT NULL THEN
    PERFORM end_call(p_operation, p_ended, 'done', NULL, NULL);
  END IF;
  INSERT INTO resource_operation_calls (operation_id, position, status) VALUES (p_operation, p_position, 'sending');
  IF p_login_as IS NOT NULL THEN
    INSERT INTO resource_operation_results (operation_id, name, data_type, value_string)
    VALUES (p_operation, p_login_as, 'string', p_login)
    ON CONFLICT (operation_id, name) DO UPDATE SET value_string = excluded.value_string;
  END IF;
  RETURN TRUE;
END
$$;
COMMENT ON FUNCTION step_sending(
    text, text, text, text, text, uuid, bigint, smallint, smallint, text[], text[], text, text
) IS
'T2 of a call: from here on it may have been sent. The call before it, if one is given, is done. False, and nothing is written, where another object than the one that the call is filled with stands at one of the addresses. The login that sends it is kept under the name that p_login_as gives.';
REVOKE ALL ON FUNCTION step_sending(
    text, text, text, text, text, uuid, bigint, smallint, smallint, text[], text[], text, text
) FROM public;

CREATE FUNCTION object_known(p_operation uuid, p_resource_id bigint, p_external_id text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_stranger bigint;
BEGIN
  -- Somebody else's look at the endpoint may have recorded our new object as nobody's, before its mark was on it; or
  -- as of unknown ownership, where the object that it replaces was still there. Now it is known whose it is.
  SELECT other.id INTO v_stranger
  FROM resources AS r
  JOIN resources AS other
    ON r.provider_endpoint_id = other.provider_endpoint_id AND r.resource_type_id = other.resource_type_id
  WHERE
    r.id = p_resource_id
    AND other.external_id = p_external_id
    AND other.id <> r.id
    AND other.is_root
    AND other.deleted_at IS NULL
    AND other.management IN ('unmanaged', 'quarantined');
  IF FOUND THEN
    UPDATE resources SET deleted_at = now() WHERE id = v_stranger;
  END IF;
  UPDATE resources SET external_id = p_external_id, presence = 'present' WHERE id = p_resource_id;
  IF p_operation IS NOT NULL THEN
    INSERT INTO resource_operation_results (operation_id, name, data_type, value_string)
    VALUES (p_operation, 'external_id', 'string', p_external_id)
    ON CONFLICT (operation_id, name) DO UPDATE SET value_string = excluded.value_string;
  END IF;
END
$$;
COMMENT ON FUNCTION object_known(uuid, bigint, text) IS
'A resource''s object is this one from now on; it is a result of the operation, if one is given.';
REVOKE ALL ON FUNCTION object_known(uuid, bigint, text) FROM public;

CREATE FUNCTION step_accepted(
    p_actor text, p_reason text, p_cause text, p_cause_operation text, p_revision text,
    p_operation uuid, p_epoch bigint, p_position smallint, p_external_id text, p_tasks text[]
)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
DECLARE
  v_id bigint;
BEGIN
  PERFORM act_as(p_actor, p_reason, p_cause, p_cause_operation, p_revision);
  UPDATE resource_operations AS o
  SET status = 'accepted', accepted_at = coalesce(o.accepted_at, now())
  FROM resources AS r
  WHERE o.id = p_operation AND o.resource_id = r.id AND r.claim_epoch = p_epoch AND o.status = 'sending'
  RETURNING r.id INTO v_id;
  IF NOT FOUND THEN
    PERFORM refuse_lost_claim(p_operation);
  END IF;
  UPDATE resource_operation_calls
  SET status = 'accepted', accepted_at = now()
  WHERE operation_id = p_operation AND position = p_position;
  IF cardinality(p_tasks) > 0 THEN
    INSERT INTO resource_operation_tasks (operation_id, call_position, task)
    SELECT p_operation, p_position, t.task FROM unnest(p_tasks) AS t (task)
    ON CONFLICT DO NOTHING;
  END IF;
  IF p_external_id IS NOT NULL THEN
    PERFORM object_known(p_operation, v_id, p_external_id);
  END IF;
END
$$;
COMMENT ON FUNCTION step_accepted(
    text, text, text, text, text, uuid, bigint, smallint, text, text[]
) IS
'T3 of a call: the provider took it. Its object''s id, where it made one, and its tasks are known before any waiting.';
REVOKE ALL ON FUNCTION step_accepted(
    text, text, text, text, text, uuid, bigint, smallint, text, text[]
) FROM public;

CREATE FUNCTION record_written(p_address text, p_spec_hash bytea)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
  -- The rows of the one manifest are gathered first, so that the rest are look-ups from there.
  INSERT INTO resource_attributes (
    resource_id, resource_type_id, attribute_definition_id, ordinal, data_type,
    value_string, value_integer, value_decimal, value_boolean, value_datetime, value_credential, value_fingerprint
  )
  SELECT
    r.id, a.resource_type_id, a.attribute_definition_id, a.ordinal, a.data_type,
    a.value_string, a.value_integer, a.value_decimal, a.value_boolean, a.value_datetime, a.value_credential,
    a.value_fingerprint
  FROM desired_attributes AS a
  JOIN desired_resources AS d ON a.desired_resource_id = d.id
  CROSS JOIN LATERAL (
    SELECT managed.id, managed.provider_endpoint_id
    FROM resources AS managed
    WHERE managed.address = d.address AND managed.deleted_at IS NULL AND managed.management = 'managed'
    ORDER BY managed.address
    LIMIT 1
  ) AS r
  JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
  JOIN providers AS p ON e.provider_id = p.id
  JOIN provider_type_attributes AS rule
    ON a.resource_type_id = rule.resource_type_id
    AND a.attribute_definition_id = rule.attribute_definition_id
    AND p.provider_type_id = rule.provider_type_id
    AND rule.mutability = 'write_only'
  WHERE
    a.desired_resource_id = ANY(array(
      SELECT root.id
      FROM desired_resources AS root
      WHERE
        root.valid_to_revision IS NULL AND root.parent_id IS NULL
        AND root.spec_hash = p_spec_hash AND root.address = p_address
      UNION ALL
      SELECT part.id
      FROM desired_resources AS root JOIN desired_resources AS part ON root.id = part.parent_id
      WHERE
        root.valid_to_revision IS NULL AND root.parent_id IS NULL
        AND root.spec_hash = p_spec_hash AND root.address = p_address
    ))
  ON CONFLICT (resource_id, attribute_definition_id, ordinal) DO UPDATE
  SET
    value_string = excluded.value_string,
    value_integer = excluded.value_integer,
    value_decimal = excluded.value_decimal,
    value_boolean = excluded.value_boolean,
    value_datetime = excluded.value_datetime,
    value_credential = excluded.value_credential,
    value_fingerprint = excluded.value_fingerprint
$$;
COMMENT ON FUNCTION record_written(text, bytea) IS
'Records the write-only attributes of a specification as written: no provider will ever show them.';
REVOKE ALL ON FUNCTION record_written(text, bytea) FROM public;

-- What was seen of an object, as parameters of the functions below: the root is item 0, its parts follow, and what hangs on
-- them says by number on which.
CREATE TYPE seen_item AS (
    n integer, id bigint, type text, address text, name text, state text, external_id text, kept text []
);
COMMENT ON TYPE seen_item IS
'A root or part as it shall be recorded. Of a part without a row the id is null. kept: attributes that stay as they were written.';
CREATE TYPE seen_value AS (
    n integer, name text, ordinal smallint, value_string text, value_integer bigint, value_decimal numeric,
    value_boolean boolean, value_datetime timestamptz, value_credential text, value_fingerprint text,
    value_target_type text, value_key text, value_inner_key text
);
COMMENT ON TYPE seen_value IS 'An element of an attribute of an item, in the columns of resource_attributes.';
CREATE TYPE seen_tag AS (n integer, key text, value text);
COMMENT ON TYPE seen_tag IS 'A tag of an item.';
CREATE TYPE seen_pending AS (n integer, name text);
COMMENT ON TYPE seen_pending IS 'An attribute of an item whose new value waits for a restart.';
CREATE TYPE seen_tie AS (n integer, type text, address text);
COMMENT ON TYPE seen_tie IS 'What an item is tied to by a reference: the relationship type, and the address of the other.';

CREATE TYPE wanted_tie AS (n integer, type_id integer, parent_id bigint);
COMMENT ON TYPE wanted_tie IS 'What an item shall be tied to, by keys.';

CREATE FUNCTION write_parts(p_root_id bigint, p_items seen_item[])
RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_ids bigint[];
  v_gone bigint[];
BEGIN
  -- The row of item n is element n + 1; the root is item 0. Those of new parts are drawn here.
  SELECT array_agg(coalesce(i.id, nextval('resources_id_seq')) ORDER BY i.n) INTO v_ids
  FROM unnest(p_items) AS i;
  -- What is gone goes first: it frees its address.
  SELECT array_agg(r.id) INTO v_gone
  FROM resource_relationships AS rr JOIN resources AS r ON rr.child_resource_id = r.id
  WHERE
    rr.parent_resource_id = p_root_id AND rr.relationship_type_id = 1 AND r.deleted_at IS NULL
    AND r.id <> ALL(v_ids);
  IF v_gone IS NOT NULL THEN
    UPDATE resources AS r SET deleted_at = now() WHERE r.id = ANY(v_gone);
  END IF;
  IF cardinality(v_ids) = 1 THEN
    RETURN v_ids;
  END IF;
  IF EXISTS (SELECT FROM unnest(p_items) AS i WHERE i.n > 0 AND i.id IS NOT NULL) THEN
    UPDATE resources AS r
    SET
      address = i.address,
      name = i.name,
      state_id = st.id,
      external_id = i.external_id,
      management = root.management,
      presence = 'present',
      observed_at = now()
    FROM unnest(p_items) AS i
    JOIN resource_states AS st ON i.state = st.name
    JOIN resources AS root ON root.id = p_root_id
    WHERE
      i.n > 0 AND r.id = i.id
      AND (r.address, r.name, r.state_id, r.external_id, r.management, r.presence)
      IS DISTINCT FROM (i.address, i.name, st.id, i.external_id, root.management, 'present');
  END IF;
  IF NOT EXISTS (SELECT FROM unnest(p_items) AS i WHERE i.id IS NULL) THEN
    RETURN v_ids;
  END IF;
  INSERT INTO resources (
    id, resource_type_id, provider_endpoint_id, address, name, state_id, external_id, management, presence, is_root,
    observed_at
  )
  OVERRIDING SYSTEM VALUE
  SELECT
    v_ids[i.n + 1], t.id, root.provider_endpoint_id, i.address, i.name, st.id, i.external_id, root.management, 'present',
    FALSE, now()
  FROM unnest(p_items) AS i
  JOIN resource_types AS t ON i.type = t.name
  JOIN resource_states AS st ON i.state = st.name
  JOIN resources AS root ON root.id = p_root_id
  WHERE i.id IS NULL;
  INSERT INTO resource_relationships (parent_resource_id, child_resource_id, relationship_type_id)
  SELECT p_root_id, v_ids[i.n + 1], 1
  FROM unnest(p_items) AS i
  WHERE i.id IS NULL;
  RETURN v_ids;
END
$$;
COMMENT ON FUNCTION write_parts(bigint, seen_item[]) IS
'Makes the parts of a root those that were seen; gives the rows of all items, the root''s first.';
REVOKE ALL ON FUNCTION write_parts(bigint, seen_item[]) FROM public;

CREATE FUNCTION write_values(p_ids bigint[], p_items seen_item[], p_attributes seen_value[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_has_gone boolean;
  v_has_changed boolean;
  v_has_new boolean;
BEGIN
  -- It is looked first, because a statement that writes nothing runs its triggers all the same.
  IF NOT EXISTS (SELECT FROM resource_attributes AS a WHERE a.resource_id = ANY(p_ids)) THEN
    v_has_new := cardinality(p_attributes) > 0;
  ELSE
    SELECT
      bool_or(
        s.n IS NULL
        AND NOT EXISTS (
          SELECT FROM unnest(p_items) AS i WHERE p_ids[i.n + 1] = a.resource_id AND a.name = ANY(i.kept)
        )
      ),
      bool_or(
        s.n IS NOT NULL AND a.resource_id IS NOT NULL
        AND (
          a.value_string, a.value_integer, a.value_decimal, a.value_boolean, a.value_datetime, a.value_credential,
          a.value_fingerprint, a.value_target_type, a.value_key, a.value_inner_key
        )
        IS DISTINCT FROM
        (
          s.value_string, s.value_integer, s.value_decimal, s.value_boolean, s.value_datetime, s.value_credential,
          s.value_fingerprint, s.value_target_type, s.value_key, s.value_inner_key
        )
      ),
      bool_or(a.resource_id IS NULL)
    INTO v_has_gone, v_has_changed, v_has_new
    FROM (
      SELECT there.*, ad.name
      FROM resource_attributes AS there JOIN attribute_definitions AS ad ON there.attribute_definition_id = ad.id
      WHERE there.resource_id = ANY(p_ids)
    ) AS a
    FULL JOIN unnest(p_attributes) AS s
      ON p_ids[s.n + 1] = a.resource_id AND s.name = a.name AND s.ordinal = a.ordinal;
  END IF;
  IF v_has_gone THEN
    DELETE FROM resource_attributes AS a
    USING attribute_definitions AS ad
    WHERE
      a.resource_id = ANY(p_ids) AND a.attribute_definition_id = ad.id
      AND NOT EXISTS (
        SELECT FROM unnest(p_attributes) AS s
        WHERE p_ids[s.n + 1] = a.resource_id AND s.name = ad.name AND s.ordinal = a.ordinal
      )
      AND NOT EXISTS (
        SELECT FROM unnest(p_items) AS i WHERE p_ids[i.n + 1] = a.resource_id AND ad.name = ANY(i.kept)
      );
  END IF;
  IF v_has_changed THEN
    UPDATE resource_attributes AS a
    SET
      value_string = s.value_string,
      value_integer = s.value_integer,
      value_decimal = s.value_decimal,
      value_boolean = s.value_boolean,
      value_datetime = s.value_datetime,
      value_credential = s.value_credential,
      value_fingerprint = s.value_fingerprint,
      value_target_type = s.value_target_type,
      value_key = s.value_key,
      value_inner_key = s.value_inner_key
    FROM unnest(p_attributes) AS s JOIN attribute_definitions AS ad ON s.name = ad.name
    WHERE
      p_ids[s.n + 1] = a.resource_id AND ad.id = a.attribute_definition_id AND s.ordinal = a.ordinal
      AND (
        a.value_string, a.value_integer, a.value_decimal, a.value_boolean, a.value_datetime, a.value_credential,
        a.value_fingerprint, a.value_target_type, a.value_key, a.value_inner_key
      )
      IS DISTINCT FROM
      (
        s.value_string, s.value_integer, s.value_decimal, s.value_boolean, s.value_datetime, s.value_credential,
        s.value_fingerprint, s.value_target_type, s.value_key, s.value_inner_key
      );
  END IF;
  IF NOT coalesce(v_has_new, FALSE) THEN
    RETURN;
  END IF;
  INSERT INTO resource_attributes (
    resource_id, resource_type_id, attribute_definition_id, ordinal, data_type,
    value_string, value_integer, value_decimal, value_boolean, value_datetime, value_credential, value_fingerprint,
    value_target_type, value_key, value_inner_key
  )
  SELECT
    p_ids[s.n + 1], t.id, ad.id, s.ordinal, ad.data_type,
    s.value_string, s.value_integer, s.value_decimal, s.value_boolean, s.value_datetime, s.value_credential,
    s.value_fingerprint, s.value_target_type, s.value_key, s.value_inner_key
  FROM unnest(p_attributes) AS s
  CROSS JOIN LATERAL (
    SELECT d.id, d.data_type FROM attribute_definitions AS d WHERE d.name = s.name ORDER BY d.name OFFSET 0
  ) AS ad
  CROSS JOIN LATERAL (
    SELECT y.id FROM resource_types AS y WHERE y.name = p_items[s.n + 1].type ORDER BY y.name OFFSET 0
  ) AS t
  WHERE
    NOT EXISTS (
      SELECT FROM resource_attributes AS a
      WHERE a.resource_id = p_ids[s.n + 1] AND a.attribute_definition_id = ad.id AND a.ordinal = s.ordinal
      OFFSET 0
    );
END
$$;
COMMENT ON FUNCTION write_values(bigint[], seen_item[], seen_value[]) IS
'Makes the attributes of these rows what was seen; of those that an item keeps, what is not seen stays as it was written.';
REVOKE ALL ON FUNCTION write_values(bigint[], seen_item[], seen_value[]) FROM public;

CREATE FUNCTION write_tags_and_ties(
    p_ids bigint[], p_address text, p_tags seen_tag[], p_pending seen_pending[], p_ties seen_tie[]
)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_wanted wanted_tie[];
BEGIN
  IF EXISTS (SELECT FROM resource_tags AS rt WHERE rt.resource_id = ANY(p_ids)) THEN
    DELETE FROM resource_tags AS rt
    USING tags AS t
    WHERE
      rt.resource_id = ANY(p_ids) AND rt.tag_id = t.id
      AND NOT EXISTS (
        SELECT FROM unnest(p_tags) AS s
        WHERE p_ids[s.n + 1] = rt.resource_id AND s.key = t.key AND s.value = t.value
      );
  END IF;
  IF EXISTS (
    SELECT FROM unnest(p_tags) AS s
    WHERE NOT EXISTS (SELECT FROM tags AS t WHERE t.key = s.key AND t.value = s.value)
  ) THEN
    INSERT INTO tags (key, value)
    SELECT DISTINCT s.key, s.value
    FROM unnest(p_tags) AS s
    ORDER BY s.key, s.value
    ON CONFLICT (key, value) DO NOTHING;
  END IF;
  INSERT INTO resource_tags (resource_id, tag_id)
  SELECT p_ids[s.n + 1], t.id
  FROM unnest(p_tags) AS s
  JOIN tags AS t ON s.key = t.key AND s.value = t.value
  WHERE NOT EXISTS (SELECT FROM resource_tags AS rt WHERE rt.resource_id = p_ids[s.n + 1] AND rt.tag_id = t.id);
  IF EXISTS (SELECT FROM resource_pending_attributes AS p WHERE p.resource_id = ANY(p_ids)) THEN
    DELETE FROM resource_pending_attributes AS p
    USING attribute_definitions AS ad
    WHERE
      p.resource_id = ANY(p_ids) AND p.attribute_definition_id = ad.id
      AND NOT EXISTS (
        SELECT FROM unnest(p_pending) AS s WHERE p_ids[s.n + 1] = p.resource_id AND s.name = ad.name
      );
  END IF;
  IF cardinality(p_pending) > 0 THEN
    INSERT INTO resource_pending_attributes (resource_id, attribute_definition_id)
    SELECT p_ids[s.n + 1], ad.id
    FROM unnest(p_pending) AS s
    JOIN attribute_definitions AS ad ON s.name = ad.name
    ON CONFLICT DO NOTHING;
  END IF;
  PERFORM
  FROM unnest(p_ties) AS s
  WHERE
    NOT EXISTS (
      SELECT FROM resources AS r
      WHERE r.address = s.address AND r.deleted_at IS NULL AND r.management <> 'unmanaged'
    );
  IF FOUND THEN
    RAISE EXCEPTION '%: what it is tied to has moved', p_address USING ERRCODE = 'RC032';
  END IF;
  -- By its references, and what its manifest says that it depends on or belongs to. 1 is `contains`.
  SELECT array_agg((w.n, w.type_id, w.parent_id)::public.wanted_tie) INTO v_wanted
  FROM (
    SELECT s.n, t.id AS type_id, r.id AS parent_id
    FROM unnest(p_ties) AS s
    JOIN relationship_types AS t ON s.type = t.name
    JOIN resources AS r ON r.address = s.address AND r.deleted_at IS NULL AND r.management <> 'unmanaged'
    WHERE r.id <> p_ids[s.n + 1]
    UNION
    SELECT 0, d.relationship_type_id, r.id
    FROM desired_resources AS root
    JOIN desired_relationships AS d ON root.id = d.desired_resource_id
    JOIN resources AS r ON r.address = d.target_address AND r.deleted_at IS NULL AND r.management <> 'unmanaged'
    WHERE
      root.address = p_address AND root.valid_to_revision IS NULL AND root.parent_id IS NULL AND r.id <> p_ids[1]
  ) AS w;
  IF EXISTS (
    SELECT FROM resource_relationships AS rr
    WHERE rr.child_resource_id = ANY(p_ids) AND rr.relationship_type_id <> 1
  ) THEN
    DELETE FROM resource_relationships AS rr
    WHERE
      rr.child_resource_id = ANY(p_ids) AND rr.relationship_type_id <> 1
      AND NOT EXISTS (
        SELECT FROM unnest(v_wanted) AS w
        WHERE
          p_ids[w.n + 1] = rr.child_resource_id AND w.parent_id = rr.parent_resource_id
          AND w.type_id = rr.relationship_type_id
      );
  END IF;
  IF v_wanted IS NOT NULL THEN
    INSERT INTO resource_relationships (parent_resource_id, child_resource_id, relationship_type_id)
    SELECT w.parent_id, p_ids[w.n + 1], w.type_id
    FROM unnest(v_wanted) AS w
    WHERE
      NOT EXISTS (
        SELECT FROM resource_relationships AS rr
        WHERE
          rr.child_resource_id = p_ids[w.n + 1] AND rr.parent_resource_id = w.parent_id
          AND rr.relationship_type_id = w.type_id
      );
  END IF;
END
$$;
COMMENT ON FUNCTION write_tags_and_ties(bigint[], text, seen_tag[], seen_pending[], seen_tie[]) IS
'Makes the tags of these rows, what of them waits for a restart, and what they are tied to what was seen, and what the manifest at the address says of the first.';
REVOKE ALL ON FUNCTION write_tags_and_ties(bigint[], text, seen_tag[], seen_pending[], seen_tie[]) FROM public;

CREATE FUNCTION step_done(
    p_actor text, p_reason text, p_cause text, p_cause_operation text, p_revision text,
    p_operation uuid, p_epoch bigint, p_action text, p_ended smallint, p_spec_hash bytea, p_is_whole boolean,
    p_has_written boolean, p_recorded_hash bytea, p_name text, p_items seen_item[], p_attributes seen_value[], p_tags seen_tag[],
    p_pending seen_pending[], p_ties seen_tie[]
)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
DECLARE
  v_id bigint;
  v_address text;
  v_ids bigint[];
BEGIN
  PERFORM act_as(p_actor, p_reason, p_cause, p_cause_operation, p_revision);
  IF p_ended IS NOT NULL THEN
    PERFORM end_call(p_operation, p_ended, 'done', NULL, NULL);
  END IF;
  UPDATE resource_operations AS o
  SET status = 'done', finished_at = now(), error_code = NULL, error_message = NULL
  FROM resources AS r
  WHERE
    o.id = p_operation AND o.resource_id = r.id AND r.claim_epoch = p_epoch
    AND o.status IN ('intended', 'sending', 'accepted')
  RETURNING r.id, r.address INTO v_id, v_address;
  IF NOT FOUND THEN
    PERFORM refuse_lost_claim(p_operation);
  END IF;
  IF cardinality(p_items) = 0 THEN
    -- The row stays for its history, and so do its parts'.
    UPDATE resources AS r
    SET deleted_at = now(), presence = 'absent', state_id = st.id, claimed_by = NULL, claimed_at = NULL
    FROM resource_states AS st
    WHERE r.id = v_id AND st.name = 'deleted';
  ELSE
    UPDATE resources AS r
    SET
      name = p_name,
      state_id = st.id,
      external_id = s.external_id,
      presence = 'present',
      recorded_hash = p_recorded_hash,
      observed_at = now(),
      applied_desired_hash = CASE WHEN p_is_whole THEN p_spec_hash ELSE r.applied_desired_hash END,
      claimed_by = NULL,
      claimed_at = NULL
    FROM unnest(p_items) AS s JOIN resource_states AS st ON s.state = st.name
    WHERE
      s.n = 0 AND r.id = v_id AND r.management = 'managed' AND r.deleted_at IS NULL
      AND EXISTS (
        SELECT FROM desired_resources AS d
        WHERE
          d.address = v_address AND d.valid_to_revision IS NULL AND d.parent_id IS NULL
          AND d.spec_hash = p_spec_hash
      );
    IF NOT FOUND THEN
      RAISE EXCEPTION '% is another now, or is wanted otherwise', v_address USING ERRCODE = 'RC032';
    END IF;
    v_ids := write_parts(v_id, p_items);
    PERFORM write_values(v_ids, p_items, p_attributes);
    PERFORM write_tags_and_ties(v_ids, v_address, p_tags, p_pending, p_ties);
    IF p_has_written THEN
      PERFORM record_written(v_address, p_spec_hash);
    END IF;
  END IF;
  -- What succeeded has no failures any more. What another action is parked for good for stays so, unless the object
  -- that it was about is gone.
  DELETE FROM resource_failures AS f
  USING operation_types AS t
  WHERE
    f.resource_id = v_id AND f.operation_type_id = t.id
    AND (f.not_before IS NOT NULL OR t.name = p_action OR p_action = 'delete');
END
$$;
COMMENT ON FUNCTION step_done(
    text, text, text, text, text, uuid, bigint, text, smallint, bytea, boolean, boolean, bytea, text,
    seen_item[], seen_value[], seen_tag[], seen_pending[], seen_tie[]
) IS
'T4 of a step that made, changed or (without items) deleted an object: what was seen of it, what was applied, the failures that are void, the end of the operation and of the claim. RC032 where it is no ordinary end, and then nothing is written.';
REVOKE ALL ON FUNCTION step_done(
    text, text, text, text, text, uuid, bigint, text, smallint, bytea, boolean, boolean, bytea, text,
    seen_item[], seen_value[], seen_tag[], seen_pending[], seen_tie[]
) FROM public;
