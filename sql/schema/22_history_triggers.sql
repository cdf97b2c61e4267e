-- What writes the histories: statement triggers over transition tables, so that no way of writing goes by them and a
-- bulk load costs one pass. An update that changes nothing writes nothing. An update of a key is a row gone and another
-- come, as the full joins below see it. Rows that go into a file or come back from one have not changed.

-- The rows before and after are joined by hash: a plan made for one row is kept, and as nested loops it would take
-- minutes for an observation of ten thousand.
CREATE FUNCTION write_resource_history()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_nestloop = off
AS $$
-- The changeset is asked for in a subquery, which is run once, and not at all where there is nothing to write.
BEGIN
  IF is_archive_move() THEN
    RETURN NULL;
  END IF;
  IF tg_op = 'INSERT' THEN
    INSERT INTO resource_history (
      changed_at, changeset_id, resource_id, action,
      address, name, resource_type_id, provider_endpoint_id, external_id, management, presence, prevent_destroy,
      on_remove, allow_downtime, replace_policy, create_before_destroy, source_id, location_id, datacenter_id,
      deleted_at
    )
    SELECT
      transaction_timestamp(), (SELECT current_changeset()), n.id, 'insert',
      n.address, n.name, n.resource_type_id, n.provider_endpoint_id, n.external_id, n.management, n.presence,
      n.prevent_destroy, n.on_remove, n.allow_downtime, n.replace_policy, n.create_before_destroy, n.source_id,
      n.location_id, n.datacenter_id, n.deleted_at
    FROM new_rows AS n
    ORDER BY n.id;
    INSERT INTO resource_state_history (changed_at, changeset_id, resource_id, from_state_id, to_state_id)
    SELECT transaction_timestamp(), (SELECT current_changeset()), n.id, NULL, n.state_id
    FROM new_rows AS n
    ORDER BY n.id;
  ELSIF tg_op = 'UPDATE' THEN
    INSERT INTO resource_history (
      changed_at, changeset_id, resource_id, action,
      address, name, resource_type_id, provider_endpoint_id, external_id, management, presence, prevent_destroy,
      on_remove, allow_downtime, replace_policy, create_before_destroy, source_id, location_id, datacenter_id,
      deleted_at,
      old_address, old_name, old_provider_endpoint_id, old_external_id, old_management, old_presence,
      old_prevent_destroy, old_on_remove, old_allow_downtime, old_replace_policy, old_create_before_destroy,
      old_source_id, old_location_id, old_datacenter_id, old_deleted_at
    )
    SELECT
      transaction_timestamp(), (SELECT current_changeset()), n.id, 'update',
      n.address, n.name, n.resource_type_id, n.provider_endpoint_id, n.external_id, n.management, n.presence,
      n.prevent_destroy, n.on_remove, n.allow_downtime, n.replace_policy, n.create_before_destroy, n.source_id,
      n.location_id, n.datacenter_id, n.deleted_at,
      o.address, o.name, o.provider_endpoint_id, o.external_id, o.management, o.presence, o.prevent_destroy,
      o.on_remove, o.allow_downtime, o.replace_policy, o.create_before_destroy, o.source_id, o.location_id,
      o.datacenter_id, o.deleted_at
    FROM new_rows AS n JOIN old_rows AS o ON n.id = o.id
    WHERE
      (
        o.address, o.name, o.provider_endpoint_id, o.external_id, o.management, o.presence, o.prevent_destroy,
        o.on_remove, o.allow_downtime, o.replace_policy, o.create_before_destroy, o.source_id, o.location_id,
        o.datacenter_id, o.deleted_at
      )
      IS DISTINCT FROM
      (
        n.address, n.name, n.provider_endpoint_id, n.external_id, n.management, n.presence, n.prevent_destroy,
        n.on_remove, n.allow_downtime, n.replace_policy, n.create_before_destroy, n.source_id, n.location_id,
        n.datacenter_id, n.deleted_at
      );
    INSERT INTO resource_state_history (changed_at, changeset_id, resource_id, from_state_id, to_state_id)
    SELECT transaction_timestamp(), (SELECT current_changeset()), n.id, o.state_id, n.state_id
    FROM new_rows AS n JOIN old_rows AS o ON n.id = o.id
    WHERE o.state_id <> n.state_id;
  ELSE
    INSERT INTO resource_history (
      changed_at, changeset_id, resource_id, action,
      address, name, resource_type_id, provider_endpoint_id, external_id, management, presence, prevent_destroy,
      on_remove, allow_downtime, replace_policy, create_before_destroy, source_id, location_id, datacenter_id,
      deleted_at,
      old_address, old_name, old_provider_endpoint_id, old_external_id, old_management, old_presence,
      old_prevent_destroy, old_on_remove, old_allow_downtime, old_replace_policy, old_create_before_destroy,
      old_source_id, old_location_id, old_datacenter_id, old_deleted_at
    )
    SELECT
      transaction_timestamp(), (SELECT current_changeset()), o.id, 'delete',
      o.address, o.name, o.resource_type_id, o.provider_endpoint_id, o.external_id, o.management, o.presence,
      o.prevent_destroy, o.on_remove, o.allow_downtime, o.replace_policy, o.create_before_destroy, o.source_id,
      o.location_id, o.datacenter_id, coalesce(o.deleted_at, transaction_timestamp()),
      o.address, o.name, o.provider_endpoint_id, o.external_id, o.management, o.presence, o.prevent_destroy,
      o.on_remove, o.allow_downtime, o.replace_policy, o.create_before_destroy, o.source_id, o.location_id,
      o.datacenter_id, o.deleted_at
    FROM old_rows AS o;
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION write_resource_history() IS 'Writes what became of resources and of their states.';

CREATE TRIGGER write_history_insert AFTER INSERT ON resources
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION write_resource_history();
CREATE TRIGGER write_history_update AFTER UPDATE ON resources
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION write_resource_history();
CREATE TRIGGER write_history_delete AFTER DELETE ON resources
REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION write_resource_history();

CREATE FUNCTION forget_recorded_hash(p_resource_ids bigint[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
  -- A hash that no longer fits what is recorded would hide the change from the planner: of the resource, and of what
  -- contains it, whose hash covers its parts.
BEGIN
  WITH RECURSIVE touched AS (
    SELECT unnest(p_resource_ids) AS id
    UNION
    SELECT rr.parent_resource_id
    FROM touched JOIN resource_relationships AS rr ON rr.child_resource_id = touched.id
    WHERE rr.relationship_type_id = 1
  )

  UPDATE resources SET recorded_hash = NULL
  WHERE id IN (SELECT touched.id FROM touched) AND recorded_hash IS NOT NULL;
END
$$;
COMMENT ON FUNCTION forget_recorded_hash(bigint[]) IS
'Makes the planner look again at resources that somebody changed past the program.';
REVOKE ALL ON FUNCTION forget_recorded_hash(bigint[]) FROM public;

CREATE FUNCTION is_by_program()
RETURNS boolean
LANGUAGE sql STABLE
RETURN nullif(current_setting('reconciler.cause', TRUE), '') IS NOT NULL;
COMMENT ON FUNCTION is_by_program() IS
'Whether the session says what causes its changes, as the program does and a person with a SQL prompt does not.';

CREATE FUNCTION write_attribute_history()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_touched bigint[];
BEGIN
  IF is_archive_move() THEN
    IF tg_op = 'INSERT' THEN
      PERFORM project_attributes(ARRAY(SELECT DISTINCT n.resource_id FROM new_rows AS n));
    END IF;
    RETURN NULL;
  END IF;
  IF tg_op = 'INSERT' THEN
    INSERT INTO resource_attribute_history (
      changed_at, changeset_id,
      resource_id, attribute_definition_id, ordinal, action,
      new_string, new_integer, new_decimal, new_boolean, new_datetime,
      new_credential, new_fingerprint, new_target_type, new_key, new_inner_key
    )
    SELECT
      transaction_timestamp(), (SELECT current_changeset()),
      n.resource_id, n.attribute_definition_id, n.ordinal, 'i',
      n.value_string, n.value_integer, n.value_decimal, n.value_boolean, n.value_datetime,
      n.value_credential, n.value_fingerprint, n.value_target_type, n.value_key, n.value_inner_key
    FROM new_rows AS n;
    SELECT array_agg(DISTINCT n.resource_id) INTO v_touched FROM new_rows AS n;
  ELSIF tg_op = 'UPDATE' THEN
    WITH changes AS (
      SELECT
        coalesce(n.resource_id, o.resource_id) AS resource_id,
        coalesce(n.attribute_definition_id, o.attribute_definition_id) AS attribute_definition_id,
        coalesce(n.ordinal, o.ordinal) AS ordinal,
        CASE WHEN o.resource_id IS NULL THEN 'i' WHEN n.resource_id IS NULL THEN 'd' ELSE 'u' END AS action,
        o.value_string AS old_string, o.value_integer AS old_integer, o.value_decimal AS old_decimal,
        o.value_boolean AS old_boolean, o.value_datetime AS old_datetime,
        n.value_string AS new_string, n.value_integer AS new_integer, n.value_decimal AS new_decimal,
        n.value_boolean AS new_boolean, n.value_datetime AS new_datetime,
        o.value_credential AS old_credential, o.value_fingerprint AS old_fingerprint, o.value_target_type AS old_target_type,
        o.value_key AS old_key, o.value_inner_key AS old_inner_key,
        n.value_credential AS new_credential, n.value_fingerprint AS new_fingerprint, n.value_target_type AS new_target_type,
        n.value_key AS new_key, n.value_inner_key AS new_inner_key
      FROM old_rows AS o
      FULL JOIN new_rows AS n
        ON o.resource_id = n.resource_id
        AND o.attribute_definition_id = n.attribute_definition_id
        AND o.ordinal = n.ordinal
      WHERE
        (
          o.resource_id, o.data_type, o.value_string, o.value_integer, o.value_decimal, o.value_boolean, o.value_datetime,
          o.value_credential, o.value_fingerprint, o.value_target_type, o.value_key, o.value_inner_key
        )
        IS DISTINCT FROM
        (
          n.resource_id, n.data_type, n.value_string, n.value_integer, n.value_decimal, n.value_boolean, n.value_datetime,
          n.value_credential, n.value_fingerprint, n.value_target_type, n.value_key, n.value_inner_key
        )
    ),

    written AS (
      INSERT INTO resource_attribute_history (
        changed_at, changeset_id,
        resource_id, attribute_definition_id, ordinal, action,
        old_string, old_integer, old_decimal, old_boolean, old_datetime,
        old_credential, old_fingerprint, old_target_type, old_key, old_inner_key,
        new_string, new_integer, new_decimal, new_boolean, new_datetime,
        new_credential, new_fingerprint, new_target_type, new_key, new_inner_key
      )
      SELECT
        transaction_timestamp(), (SELECT current_changeset()),
        h.resource_id, h.attribute_definition_id, h.ordinal, h.action,
        h.old_string, h.old_integer, h.old_decimal, h.old_boolean, h.old_datetime,
        h.old_credential, h.old_fingerprint, h.old_target_type, h.old_key, h.old_inner_key,
        h.new_string, h.new_integer, h.new_decimal, h.new_boolean, h.new_datetime,
        h.new_credential, h.new_fingerprint, h.new_target_type, h.new_key, h.new_inner_key
      FROM changes AS h
      RETURNING resource_id
    )

    SELECT array_agg(DISTINCT w.resource_id) INTO v_touched FROM written AS w;
  ELSE
    INSERT INTO resource_attribute_history (
      changed_at, changeset_id,
      resource_id, attribute_definition_id, ordinal, action,
      old_string, old_integer, old_decimal, old_boolean, old_datetime,
      old_credential, old_fingerprint, old_target_type, old_key, old_inner_key
    )
    SELECT
      transaction_timestamp(), (SELECT current_changeset()),
      o.resource_id, o.attribute_definition_id, o.ordinal, 'd',
      o.value_string, o.value_integer, o.value_decimal, o.value_boolean, o.value_datetime,
      o.value_credential, o.value_fingerprint, o.value_target_type, o.value_key, o.value_inner_key
    FROM old_rows AS o;
    SELECT array_agg(DISTINCT o.resource_id) INTO v_touched FROM old_rows AS o;
  END IF;
  IF v_touched IS NOT NULL THEN
    PERFORM project_attributes(v_touched);
    IF NOT is_by_program() THEN
      PERFORM forget_recorded_hash(v_touched);
    END IF;
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION write_attribute_history() IS
'Writes every change of an attribute, and brings the extension tables along.';

CREATE TRIGGER write_history_insert AFTER INSERT ON resource_attributes
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION write_attribute_history();
CREATE TRIGGER write_history_update AFTER UPDATE ON resource_attributes
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION write_attribute_history();
CREATE TRIGGER write_history_delete AFTER DELETE ON resource_attributes
REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION write_attribute_history();

CREATE FUNCTION write_tag_history()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_touched bigint[];
BEGIN
  IF is_archive_move() THEN
    RETURN NULL;
  END IF;
  IF tg_op = 'DELETE' THEN
    INSERT INTO resource_tag_history (
      changed_at, changeset_id,
      resource_id, tag_id, key, value, action
    )
    SELECT
      transaction_timestamp(), (SELECT current_changeset()),
      o.resource_id, o.tag_id, t.key, t.value, 'delete'
    FROM old_rows AS o JOIN tags AS t ON o.tag_id = t.id;
    SELECT array_agg(DISTINCT o.resource_id) INTO v_touched FROM old_rows AS o;
  ELSE
    INSERT INTO resource_tag_history (
      changed_at, changeset_id,
      resource_id, tag_id, key, value, action
    )
    SELECT
      transaction_timestamp(), (SELECT current_changeset()),
      n.resource_id, n.tag_id, t.key, t.value, 'insert'
    FROM new_rows AS n JOIN tags AS t ON n.tag_id = t.id;
    SELECT array_agg(DISTINCT n.resource_id) INTO v_touched FROM new_rows AS n;
  END IF;
  IF v_touched IS NOT NULL AND NOT is_by_program() THEN
    PERFORM forget_recorded_hash(v_touched);
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION write_tag_history() IS 'Writes every tag that came to a resource or went from it.';

CREATE TRIGGER write_history_insert AFTER INSERT ON resource_tags
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION write_tag_history();
CREATE TRIGGER write_history_delete AFTER DELETE ON resource_tags
REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION write_tag_history();

CREATE FUNCTION write_relationship_history()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF is_archive_move() THEN
    RETURN NULL;
  END IF;
  IF tg_op = 'INSERT' THEN
    INSERT INTO resource_relationship_history (
      changed_at, changeset_id,
      resource_id, parent_resource_id, relationship_type_id, action
    )
    SELECT
      transaction_timestamp(), (SELECT current_changeset()),
      n.child_resource_id, n.parent_resource_id, n.relationship_type_id, 'insert'
    FROM new_rows AS n;
  ELSE
    INSERT INTO resource_relationship_history (
      changed_at, changeset_id,
      resource_id, parent_resource_id, relationship_type_id, action
    )
    SELECT
      transaction_timestamp(), (SELECT current_changeset()),
      o.child_resource_id, o.parent_resource_id, o.relationship_type_id, 'delete'
    FROM old_rows AS o;
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION write_relationship_history() IS 'Writes every tie that came or went.';

CREATE TRIGGER write_history_insert AFTER INSERT ON resource_relationships
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION write_relationship_history();
CREATE TRIGGER write_history_delete AFTER DELETE ON resource_relationships
REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION write_relationship_history();

-- Tags, their pairs and ties are all key: there is nothing in a row that could be updated and stay the same row.
CREATE FUNCTION refuse_update()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are never updated', tg_table_name
    USING ERRCODE = 'RC007', HINT = 'Delete the row and insert another.';
END
$$;
COMMENT ON FUNCTION refuse_update() IS 'Refuses UPDATE where a row is nothing but its key.';

CREATE TRIGGER refuse_update BEFORE UPDATE ON tags FOR EACH ROW EXECUTE FUNCTION refuse_update();
CREATE TRIGGER refuse_update BEFORE UPDATE ON resource_tags FOR EACH ROW EXECUTE FUNCTION refuse_update();
CREATE TRIGGER refuse_update BEFORE UPDATE ON resource_relationships FOR EACH ROW
EXECUTE FUNCTION refuse_update();

CREATE FUNCTION follow_deletion()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  -- Most updates mark nothing as deleted, and most of those touch nothing that ever was.
  IF NOT EXISTS (SELECT FROM new_rows AS n WHERE n.deleted_at IS NOT NULL)
    OR NOT EXISTS (
      SELECT FROM new_rows AS n JOIN old_rows AS o ON n.id = o.id
      WHERE n.deleted_at IS NOT NULL AND o.deleted_at IS NULL
    ) THEN
    RETURN NULL;
  END IF;
  UPDATE resources AS part
  SET
    deleted_at = gone.deleted_at,
    state_id = CASE WHEN gone.state_id = d.id THEN d.id ELSE part.state_id END,
    presence = gone.presence
  FROM new_rows AS gone
  JOIN old_rows AS o ON gone.id = o.id
  JOIN resource_relationships AS rr ON rr.parent_resource_id = gone.id AND rr.relationship_type_id = 1
  CROSS JOIN (SELECT s.id FROM resource_states AS s WHERE s.name = 'deleted') AS d
  WHERE
    gone.deleted_at IS NOT NULL AND o.deleted_at IS NULL
    AND part.id = rr.child_resource_id AND part.deleted_at IS NULL;
  -- Its ties end with it; what it contained stays tied to it, or nobody could tell whose parts those rows were.
  DELETE FROM resource_relationships AS rr
  USING new_rows AS gone, old_rows AS o
  WHERE
    gone.id = o.id AND gone.deleted_at IS NOT NULL AND o.deleted_at IS NULL
    AND rr.relationship_type_id <> 1
    AND (rr.child_resource_id = gone.id OR rr.parent_resource_id = gone.id);
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION follow_deletion() IS
'Marks the parts of a deleted resource as deleted, and ends its ties.';

-- Its name puts it after the histories' trigger, so that a parent's end is written before its parts'.
CREATE TRIGGER zz_follow_deletion AFTER UPDATE ON resources
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION follow_deletion();

-- All other histories have the columns of their table, and one function writes them all: it reads from the catalog which
-- those are, so that a column added to a table and to its history is kept without another word.
CREATE FUNCTION write_row_history()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_history CONSTANT text := tg_argv[0];
  v_key CONSTANT text[] := tg_argv[1];
  v_renamed CONSTANT text[] := tg_argv[2];
  v_to CONSTANT text[] := tg_argv[3];
  v_columns text;
  v_old text;
  v_new text;
  v_same_row text;
  v_changes text;
BEGIN
  -- Most statements that could have changed something did not.
  IF tg_op = 'DELETE' THEN
    IF NOT EXISTS (SELECT FROM old_rows) THEN
      RETURN NULL;
    END IF;
  ELSIF NOT EXISTS (SELECT FROM new_rows) THEN
    RETURN NULL;
  END IF;
  SELECT
    string_agg(quote_ident(h.attname), ', ' ORDER BY h.attnum),
    string_agg('o.' || quote_ident(t.attname), ', ' ORDER BY h.attnum),
    string_agg('n.' || quote_ident(t.attname), ', ' ORDER BY h.attnum)
  INTO STRICT v_columns, v_old, v_new
  FROM pg_attribute AS h
  JOIN pg_attribute AS t ON t.attname = coalesce(v_renamed[array_position(v_to, h.attname::text)], h.attname)
  WHERE
    h.attrelid = v_history::regclass AND h.attnum > 0 AND NOT h.attisdropped
    AND t.attrelid = tg_relid AND t.attnum > 0 AND NOT t.attisdropped
    AND h.attname NOT IN (
      'change', 'changed_at', 'changeset_id', 'action'
    );
  SELECT string_agg(format('o.%1$I = n.%1$I', k.name), ' AND ') INTO STRICT v_same_row FROM unnest(v_key) AS k (name);
  v_changes := CASE tg_op
    WHEN 'INSERT' THEN format('SELECT ''insert'', %s FROM new_rows AS n', v_new)
    WHEN 'DELETE' THEN format('SELECT ''delete'', %s FROM old_rows AS o', v_old)
    ELSE format(
      'SELECT ''delete'', %1$s FROM old_rows AS o LEFT JOIN new_rows AS n ON %3$s WHERE n.%4$I IS NULL'
      ' UNION ALL'
      ' SELECT CASE WHEN o.%4$I IS NULL THEN ''insert'' ELSE ''update'' END, %2$s'
      ' FROM new_rows AS n LEFT JOIN old_rows AS o ON %3$s'
      ' WHERE ROW(%1$s) IS DISTINCT FROM ROW(%2$s)',
      v_old, v_new, v_same_row, v_key[1]
    )
  END;
  EXECUTE format(
    'INSERT INTO %I (changed_at, changeset_id, action, %s)'
    ' SELECT transaction_timestamp(), (SELECT current_changeset()), h.* FROM (%s) AS h',
    v_history, v_columns, v_changes
  );
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION write_row_history() IS
'Writes every change of a table''s rows into its history. Its arguments are those of keep_history after the table.';

CREATE FUNCTION keep_history(
    p_table text, p_history text, p_key text[], p_renamed text[] DEFAULT '{}', p_to text[] DEFAULT '{}'
)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
  v_write text := format(
    'FOR EACH STATEMENT EXECUTE FUNCTION write_row_history(%L, %L, %L, %L)', p_history, p_key, p_renamed, p_to
  );
BEGIN
  EXECUTE format(
    'CREATE TRIGGER write_history_insert AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows %s', p_table, v_write
  );
  EXECUTE format(
    'CREATE TRIGGER write_history_update AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows %s',
    p_table, v_write
  );
  EXECUTE format(
    'CREATE TRIGGER write_history_delete AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows %s', p_table, v_write
  );
  EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON %I EXECUTE FUNCTION refuse_truncate()', p_table);
  EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON %I EXECUTE FUNCTION refuse_truncate()', p_history);
END
$$;
COMMENT ON FUNCTION keep_history(text, text, text[], text[], text[]) IS
'Makes the triggers by which a table keeps a history: of the table''s key, and of the columns that both have, those in p_renamed under the names in p_to. For migrations.';

SELECT keep_history('installation', 'installation_history', '{singleton}');
SELECT keep_history('providers', 'provider_history', '{id}', '{id}', '{provider_id}');
SELECT keep_history('provider_credentials', 'provider_credential_history', '{id}', '{id}', '{credential_id}');
SELECT keep_history('provider_credential_hosts', 'provider_credential_host_history', '{provider_credential_id, host}');
SELECT keep_history('provider_endpoints', 'provider_endpoint_history', '{id}', '{id}', '{provider_endpoint_id}');
SELECT keep_history('provider_endpoint_settings', 'provider_endpoint_setting_history', '{provider_endpoint_id, name}');
SELECT keep_history('provider_declarations', 'provider_declaration_history', '{kind, name}');
SELECT keep_history('locations', 'location_history', '{id}', '{id}', '{location_id}');
SELECT keep_history('datacenters', 'datacenter_history', '{id}', '{id}', '{datacenter_id}');
SELECT keep_history('datacenter_capabilities', 'datacenter_capability_history', '{datacenter_id, name}');
SELECT keep_history('provider_datacenters', 'provider_datacenter_history', '{provider_id, datacenter_id}');
SELECT keep_history('manifest_sources', 'manifest_source_history', '{id}', '{id}', '{source_id}');
SELECT keep_history('holds', 'hold_history', '{id}', '{id}', '{hold_id}');
SELECT keep_history('pins', 'pin_history', '{id}', '{id}', '{pin_id}');
SELECT keep_history('plan_approvals', 'plan_approval_history', '{id}', '{id}', '{approval_id}');
SELECT keep_history('provider_types', 'provider_type_history', '{id}', '{id}', '{provider_type_id}');
SELECT keep_history('provider_type_settings', 'provider_type_setting_history', '{provider_type_id, name}');
SELECT keep_history('relationship_types', 'relationship_type_history', '{id}', '{id}', '{relationship_type_id}');
SELECT keep_history('resource_types', 'resource_type_history', '{id}', '{id}', '{resource_type_id}');
SELECT keep_history('resource_type_parents', 'resource_type_parent_history', '{resource_type_id, parent_type_id}');
SELECT keep_history('resource_type_keys', 'resource_type_key_history', '{resource_type_id, attribute_definition_id}');
SELECT keep_history(
    'attribute_definitions', 'attribute_definition_history',
    '{id}', '{id}', '{attribute_definition_id}'
);
SELECT keep_history(
    'attribute_reference_types', 'attribute_reference_type_history',
    '{attribute_definition_id, resource_type_id}'
);
SELECT keep_history(
    'provider_resource_types', 'provider_resource_type_history',
    '{provider_type_id, resource_type_id}'
);
SELECT keep_history(
    'resource_type_attributes', 'resource_type_attribute_history',
    '{resource_type_id, attribute_definition_id}'
);
SELECT keep_history(
    'provider_type_attributes', 'provider_type_attribute_history',
    '{provider_type_id, resource_type_id, attribute_definition_id}'
);
SELECT keep_history(
    'provider_type_attribute_defaults', 'provider_type_attribute_default_history',
    '{provider_type_id, resource_type_id, attribute_definition_id, ordinal}'
);
SELECT keep_history(
    'provider_type_attribute_allowed_values', 'provider_type_attribute_allowed_value_history',
    '{provider_type_id, resource_type_id, attribute_definition_id, ordinal}'
);

-- Whoever may name these in a trigger of a table of their own could write any history through it.
REVOKE ALL ON FUNCTION
write_resource_history(), write_attribute_history(), write_tag_history(), write_relationship_history(), write_row_history(),
follow_deletion(), keep_history(text, text, text[], text[], text[]) FROM public;
