-- Row-level security: what hangs on a resource, an endpoint or a provider is seen by whom it was granted to
-- (25_access.sql). Forced, so that owners are judged too; the program's roles have a policy of their own that lets
-- everything through, and costs nothing because it folds away.
--
-- Which policy a table gets follows from its columns, so that a new table needs no line here; what hangs on nothing is in
-- the list of tests/store/test_row_security.py with its reason. Partitions have no policy: nobody may ask them but their
-- owner. A condition that holds for a whole statement stands in `(SELECT …)` and is asked once.

CREATE FUNCTION row_policy(p_table regclass)
RETURNS text
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  c_all constant text := '(SELECT sees_everything())';
  c_endpoint constant text := '%s = ANY (ARRAY(SELECT seen_inventory_endpoints()))';
  c_of_resource constant text := 'EXISTS (SELECT FROM resources AS r WHERE r.id = %s.%s)';
  v_name text := (SELECT c.relname FROM pg_class AS c WHERE c.oid = p_table);
  v_columns text[] := (
    SELECT array_agg(a.attname::text) FROM pg_attribute AS a
    WHERE a.attrelid = p_table AND a.attnum > 0 AND NOT a.attisdropped
  );
  v_rule text;
BEGIN
  CASE
    WHEN v_name = 'resources' THEN
      v_rule := 'provider_endpoint_id = ANY (ARRAY(SELECT seen_endpoints()))'
        ' OR datacenter_id = ANY (ARRAY(SELECT seen_datacenters()))'
        ' OR place(provider_endpoint_id, datacenter_id) = ANY (ARRAY(SELECT seen_places()))'
        ' OR (NOT is_root AND (SELECT sees_by_datacenter()) AND is_seen_part(id))';
    WHEN v_name = 'archived_resources' THEN
      v_rule := 'provider_endpoint_id = ANY (ARRAY(SELECT seen_endpoints()))'
        ' OR datacenter_id = ANY (ARRAY(SELECT seen_datacenters()))'
        ' OR place(provider_endpoint_id, datacenter_id) = ANY (ARRAY(SELECT seen_places()))';
    WHEN v_name = 'desired_resources' THEN
      v_rule := 'provider_endpoint_id = ANY (ARRAY(SELECT seen_endpoints()))'
        ' OR ((SELECT sees_by_datacenter()) AND is_seen_desired(id))';
    WHEN v_name IN ('resource_relationships') THEN
      v_rule := format(c_of_resource, v_name, 'parent_resource_id')
        || ' AND ' || format(c_of_resource, v_name, 'child_resource_id');
    WHEN v_name = 'tags' THEN
      v_rule := 'EXISTS (SELECT FROM resource_tags AS t WHERE t.tag_id = tags.id)'
        ' OR EXISTS (SELECT FROM resource_tag_history AS h WHERE h.tag_id = tags.id)';
    WHEN v_name = 'access_grants' THEN
      v_rule := 'member = session_user';
    WHEN v_name IN ('holds', 'hold_history') THEN
      v_rule := format(
        '(endpoint_id IS NULL OR %s) AND (address IS NULL'
        ' OR EXISTS (SELECT FROM resources AS r WHERE r.address = %I.address)'
        ' OR EXISTS (SELECT FROM desired_resources AS d WHERE d.address = %I.address))',
        format(c_endpoint, 'endpoint_id'), v_name, v_name
      );
    WHEN v_name IN ('pins', 'pin_history', 'unsettled_addresses') THEN
      v_rule := format(
        'EXISTS (SELECT FROM resources AS r WHERE r.address = %1$I.address)'
        ' OR EXISTS (SELECT FROM desired_resources AS d WHERE d.address = %1$I.address)', v_name
      );
    WHEN v_name IN ('provider_declarations', 'provider_declaration_history') THEN
      v_rule := format(
        '(kind = ''location'')'
        ' OR (kind = ''provider'' AND EXISTS (SELECT FROM providers AS p WHERE p.name = %1$I.name))'
        ' OR (kind = ''endpoint'' AND EXISTS (SELECT FROM provider_endpoints AS e WHERE e.name = %1$I.name))'
        ' OR (kind = ''credential'' AND EXISTS (SELECT FROM provider_credentials AS c WHERE c.name = %1$I.name))'
        ' OR (kind = ''datacenter'' AND EXISTS (SELECT FROM datacenters AS d WHERE d.name = %1$I.name))', v_name
      );
    WHEN v_name = 'plan_steps' THEN
      v_rule := 'EXISTS (SELECT FROM resources AS r WHERE r.uid = plan_steps.resource_uid)'
        ' OR (resource_uid IS NULL AND endpoint = ANY (ARRAY('
        'SELECT e.name FROM provider_endpoints AS e WHERE e.id IN (SELECT seen_endpoints()))))';
    WHEN v_name = 'plan_blocked' THEN
      v_rule := 'EXISTS (SELECT FROM resources AS r WHERE r.address = plan_blocked.address)'
        ' OR EXISTS (SELECT FROM desired_resources AS d WHERE d.address = plan_blocked.address)';
    WHEN v_name IN ('plan_messages', 'plan_inventory_steps', 'plan_inventory_values', 'plan_inventory_approvals') THEN
      v_rule := 'FALSE'; -- of the plan as a whole
    WHEN v_columns @> '{resource_id, parent_resource_id}' THEN
      v_rule := format(c_of_resource, v_name, 'resource_id')
        || ' AND ' || format(c_of_resource, v_name, 'parent_resource_id');
    WHEN v_columns @> '{resource_id}' THEN
      v_rule := format(c_of_resource, v_name, 'resource_id');
    WHEN v_columns @> '{desired_resource_id}' THEN
      v_rule := format('EXISTS (SELECT FROM desired_resources AS d WHERE d.id = %I.desired_resource_id)', v_name);
    WHEN v_columns @> '{plan_step_id}' THEN
      v_rule := format('EXISTS (SELECT FROM plan_steps AS s WHERE s.id = %I.plan_step_id)', v_name);
    WHEN v_columns @> '{observation_id}' THEN
      v_rule := format('EXISTS (SELECT FROM endpoint_observations AS o WHERE o.id = %I.observation_id)', v_name);
    WHEN v_name = 'provider_endpoints' THEN
      v_rule := format(c_endpoint, 'id') || ' OR provider_id = ANY (ARRAY(SELECT seen_providers()))';
    WHEN v_columns @> '{provider_endpoint_id}' THEN
      v_rule := format(c_endpoint, 'provider_endpoint_id');
    WHEN v_name = 'provider_credentials' THEN
      v_rule := 'id = ANY (ARRAY(SELECT seen_credentials()))';
    WHEN v_columns @> '{provider_credential_id}' THEN
      v_rule := 'provider_credential_id = ANY (ARRAY(SELECT seen_credentials()))';
    WHEN v_columns @> '{credential_id}' THEN
      v_rule := 'credential_id = ANY (ARRAY(SELECT seen_credentials()))';
    WHEN v_name = 'providers' THEN
      v_rule := 'id = ANY (ARRAY(SELECT seen_providers()))';
    WHEN v_columns @> '{provider_id}' THEN
      v_rule := 'provider_id = ANY (ARRAY(SELECT seen_providers()))';
    WHEN v_name = 'datacenters' THEN
      v_rule := 'id = ANY (ARRAY(SELECT seen_inventory_datacenters()))';
    WHEN v_columns @> '{datacenter_id}' THEN
      v_rule := 'datacenter_id = ANY (ARRAY(SELECT seen_inventory_datacenters()))';
    WHEN v_columns @> '{operation_id}' AND NOT v_columns @> '{actor}' THEN
      v_rule := format('EXISTS (SELECT FROM resource_operations AS o WHERE o.id = %I.operation_id)', v_name);
    ELSE
      RETURN NULL;
  END CASE;
  RETURN c_all || ' OR ' || v_rule;
END
$$;
COMMENT ON FUNCTION row_policy(regclass) IS
'The condition under which a row of a table is seen by a planner, a reader or an auditor, by the table''s columns; null for a table that hangs on no resource and no provider.';
REVOKE ALL ON FUNCTION row_policy(regclass) FROM public;

CREATE FUNCTION set_row_policies()
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
  v_table regclass;
  v_rule text;
BEGIN
  FOR v_table, v_rule IN
    SELECT c.oid::regclass, row_policy(c.oid) FROM pg_class AS c
    WHERE
      c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND c.relnamespace = 'public'::regnamespace AND row_policy(c.oid) IS NOT NULL
    ORDER BY c.oid
  LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', v_table);
    EXECUTE format('DROP POLICY IF EXISTS program ON %s', v_table);
    EXECUTE format('DROP POLICY IF EXISTS people ON %s', v_table);
    EXECUTE format(
      'CREATE POLICY program ON %s TO reconciler_owner, reconciler_vault, reconciler_runtime USING (TRUE)', v_table
    );
    EXECUTE format(
      'CREATE POLICY people ON %s TO reconciler_planner, reconciler_reader, reconciler_auditor USING (%s)', v_table, v_rule
    );
  END LOOP;
END
$$;
COMMENT ON FUNCTION set_row_policies() IS
'Gives every table the policies that follow from its columns. For the owner, after a table is made or changed.';
REVOKE ALL ON FUNCTION set_row_policies() FROM public;

SELECT set_row_policies();

SET LOCAL ROLE reconciler_vault;
ALTER TABLE vault.secrets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY program ON vault.secrets TO reconciler_vault USING (TRUE);
ALTER TABLE vault.secret_reads ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY program ON vault.secret_reads TO reconciler_vault USING (TRUE);
CREATE POLICY people ON vault.secret_reads TO reconciler_auditor
USING (
    EXISTS (
        SELECT FROM public.provider_credentials AS c
        WHERE c.id = secret_reads.credential_id
    )
);
ALTER TABLE vault.secret_changes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY program ON vault.secret_changes TO reconciler_vault USING (TRUE);
CREATE POLICY people ON vault.secret_changes TO reconciler_auditor
USING (
    EXISTS (
        SELECT FROM public.provider_credentials AS c
        WHERE c.id = secret_changes.credential_id
    )
);
ALTER TABLE vault.installation_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY program ON vault.installation_key TO reconciler_vault USING (TRUE);
SET LOCAL ROLE reconciler_owner;
