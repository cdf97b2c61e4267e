-- What the database promises, sentence by sentence: each block below begins with one and asserts it. It is the table of
-- contents of this folder: `see` names the file that goes deeper. Blocks are run one by one, each on what `setup` made,
-- as a superuser, in a transaction that is undone (test_schema_design.py); by hand, paste them into psql.

-- setup

CREATE FUNCTION pg_temp.refused(p_statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE p_statement;
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN
  RETURN sqlstate;
END
$$;

CREATE FUNCTION pg_temp.resource(p_address text, p_endpoint text, p_state text) RETURNS bigint LANGUAGE sql AS $$
  INSERT INTO resources (resource_type_id, provider_endpoint_id, address, name, state_id, external_id, presence, is_root)
  SELECT t.id, e.id, p_address, regexp_replace(p_address, '^.*/', ''), s.id, p_address, 'present', p_address !~ '/.*/'
  FROM resource_types AS t, provider_endpoints AS e, resource_states AS s
  WHERE t.name = (regexp_match(p_address, '([^/]*)/[^/]*$'))[1] AND e.name = p_endpoint AND s.name = p_state
  RETURNING id
$$;

CREATE FUNCTION pg_temp.attribute(p_resource bigint, p_name text, p_value text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE v_type text := (SELECT ad.data_type FROM attribute_definitions AS ad WHERE ad.name = p_name);
BEGIN
  EXECUTE format(
    'INSERT INTO resource_attributes (resource_id, resource_type_id, attribute_definition_id, data_type, value_%s)'
    ' SELECT r.id, r.resource_type_id, ad.id, ad.data_type, %L FROM resources AS r, attribute_definitions AS ad'
    ' WHERE r.id = %s AND ad.name = %L', v_type, p_value, p_resource, p_name
  );
END
$$;

CREATE FUNCTION pg_temp.id(p_address text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT r.id FROM resources AS r WHERE r.address = p_address AND r.deleted_at IS NULL
$$;

CREATE FUNCTION pg_temp.tie(p_parent text, p_child text, p_type text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO resource_relationships (parent_resource_id, child_resource_id, relationship_type_id)
  SELECT pg_temp.id(p_parent), pg_temp.id(p_child), t.id FROM relationship_types AS t WHERE t.name = p_type
$$;

INSERT INTO providers (provider_type_id, name)
SELECT pt.id, v.name
FROM (VALUES ('proxmox', 'lab'), ('proxmox', 'office'), ('hetzner', 'cloud')) AS v (type, name)
INNER JOIN provider_types AS pt ON v.type = pt.name;
INSERT INTO provider_endpoints (provider_id, name, url)
SELECT p.id, v.name, 'https://' || v.name || '.example'
FROM (VALUES ('lab', 'rack-1'), ('lab', 'rack-2'), ('office', 'closet'), ('cloud', 'europe')) AS v (provider, name)
INNER JOIN providers AS p ON v.provider = p.name;
INSERT INTO locations (name, country_code, city, latitude, longitude) VALUES
('falkenstein', 'DE', 'Falkenstein', 50.47, 12.37), ('ashburn', 'US', 'Ashburn', 39.04, -77.48);
INSERT INTO datacenters (location_id, name)
SELECT l.id, v.name
FROM (VALUES ('falkenstein', 'fsn1-dc8'), ('falkenstein', 'fsn1-dc14'), ('ashburn', 'ash-dc1')) AS v (location, name)
INNER JOIN locations AS l ON v.location = l.name;
INSERT INTO provider_datacenters (provider_id, datacenter_id, external_name)
SELECT p.id, d.id, v.datacenter
FROM (
    VALUES ('cloud', 'fsn1-dc8'), ('cloud', 'fsn1-dc14'), ('cloud', 'ash-dc1'), ('lab', 'fsn1-dc8')
) AS v (provider, datacenter)
INNER JOIN providers AS p ON v.provider = p.name
INNER JOIN datacenters AS d ON v.datacenter = d.name;

SELECT pg_temp.attribute(pg_temp.resource('vm/web-1', 'rack-1', 'running'), 'cpu_cores', '12');
SELECT pg_temp.attribute(pg_temp.id('vm/web-1'), 'memory_mb', '4096');
SELECT pg_temp.attribute(pg_temp.resource('vm/web-2', 'europe', 'running'), 'cpu_cores', '2');
SELECT pg_temp.resource('vm/web-1/disk/scsi0', 'rack-1', 'available');
SELECT pg_temp.attribute(pg_temp.id('vm/web-1/disk/scsi0'), 'size_gb', '20');
SELECT pg_temp.resource('network/lan', 'europe', 'available');
SELECT pg_temp.resource('volume/data', 'europe', 'available');
SELECT pg_temp.tie('vm/web-1', 'vm/web-1/disk/scsi0', 'contains');

-- Overview: "a fully normalized relational database design for a multi-provider infrastructure orchestrator"
-- see test_schema.py
DO $$ BEGIN
  ASSERT (SELECT count(DISTINCT pt.name) > 1 FROM resources r JOIN provider_endpoints e ON e.id = r.provider_endpoint_id
    JOIN providers p ON p.id = e.provider_id JOIN provider_types pt ON pt.id = p.provider_type_id);
END $$;

-- Overview: "It avoids JSON blobs in favor of proper relational structures"
-- see test_schema.py, ../scenario/test_columns.py
DO $$ BEGIN
  ASSERT NOT EXISTS (
    SELECT FROM information_schema.columns AS c WHERE c.table_schema IN ('public', 'vault')
    AND c.table_name NOT LIKE 'pg\_%'
    AND (c.data_type IN ('json', 'jsonb', 'xml', 'ARRAY', 'USER-DEFINED') OR c.udt_name IN ('hstore', 'record'))
    AND c.table_name IN (SELECT t.table_name FROM information_schema.tables AS t WHERE t.table_type = 'BASE TABLE')
  );
END $$;

-- Overview: "while maintaining flexibility for provider-specific attributes"
-- see test_catalog_rows.py
DO $$ BEGIN
  ASSERT EXISTS (
    SELECT FROM provider_type_attributes a JOIN provider_types pt ON pt.id = a.provider_type_id WHERE pt.name = 'proxmox'
    AND NOT EXISTS (SELECT FROM provider_type_attributes b JOIN provider_types o ON o.id = b.provider_type_id
      WHERE o.name = 'hetzner' AND b.resource_type_id = a.resource_type_id
      AND b.attribute_definition_id = a.attribute_definition_id));
END $$;

-- 1: "provider_types: Defines the provider categories (Proxmox, Hetzner, etc.)"
-- see test_catalog_rows.py
DO $$ BEGIN
  ASSERT (SELECT count(*) = 2 FROM provider_types WHERE name IN ('proxmox', 'hetzner'));
END $$;

-- 1: "providers: Specific provider instances"
-- see test_inventory.py
DO $$ BEGIN
  ASSERT pg_temp.refused('INSERT INTO providers (provider_type_id, name) VALUES (-1, ''x'')') = '23503';
END $$;

-- 1: "provider_endpoints: Multiple endpoints per provider (regions, clusters)"
-- see test_inventory.py
DO $$ BEGIN
  ASSERT (SELECT count(*) = 2 FROM provider_endpoints e JOIN providers p ON p.id = e.provider_id WHERE p.name = 'lab');
END $$;

-- 1: "Adding new provider types without schema changes"
-- see ../acceptance/test_plugin.py
DO $$ BEGIN
  INSERT INTO provider_types (name) VALUES ('libvirt');
  INSERT INTO provider_resource_types SELECT pt.id, t.id, 'name' FROM provider_types pt, resource_types t
    WHERE pt.name = 'libvirt' AND t.name = 'vm';
  INSERT INTO providers (provider_type_id, name) SELECT id, 'desk' FROM provider_types WHERE name = 'libvirt';
  INSERT INTO provider_endpoints (provider_id, name, url) SELECT id, 'desk', 'qemu:///system' FROM providers
    WHERE name = 'desk';
  PERFORM pg_temp.resource('vm/desk-1', 'desk', 'running');
  ASSERT (SELECT provider_type = 'libvirt' FROM v_resources WHERE address = 'vm/desk-1');
END $$;

-- 1: "Multiple instances of the same provider type"
-- see test_inventory.py
DO $$ BEGIN
  ASSERT (SELECT count(*) >= 2 FROM providers p JOIN provider_types pt ON pt.id = p.provider_type_id
    WHERE pt.name = 'proxmox');
END $$;

-- 1: "Provider-specific behavior through type lookups"
-- see test_catalog_rows.py
DO $$ BEGIN
  ASSERT (SELECT count(DISTINCT identity) > 1 FROM provider_resource_types);
END $$;

-- 2: "attribute_definitions -> resource_type_attributes -> resource_attributes"
-- see test_constraints.py
DO $$ BEGIN
  ASSERT pg_temp.refused($s$INSERT INTO resource_attributes
    (resource_id, resource_type_id, attribute_definition_id, data_type, value_integer)
    SELECT r.id, r.resource_type_id, ad.id, 'integer', 1 FROM resources r, attribute_definitions ad
    WHERE r.address = 'network/lan' AND ad.name = 'cpu_cores'$s$) = '23503';
END $$;

-- 2: "No JSON blobs: All attributes are properly typed and indexed"
-- see test_constraints.py, test_value_guards.py
DO $$ BEGIN
  ASSERT (SELECT value_integer = 12 AND value_string IS NULL FROM resource_attributes a
    JOIN attribute_definitions ad ON ad.id = a.attribute_definition_id
    WHERE a.resource_id = pg_temp.id('vm/web-1') AND ad.name = 'cpu_cores');
  ASSERT EXISTS (SELECT FROM pg_index WHERE indrelid = 'resource_attributes'::regclass AND indisprimary);
END $$;

-- 2: "Provider flexibility: Each provider can have unique attributes"
-- see test_catalog_rows.py
DO $$ BEGIN
  ASSERT (SELECT count(DISTINCT pt.name) = 1 FROM provider_type_attributes a
    JOIN provider_types pt ON pt.id = a.provider_type_id JOIN attribute_definitions ad ON ad.id = a.attribute_definition_id
    WHERE ad.name = 'server_type');
END $$;

-- 2: "Type safety: Attributes have defined data types and validation"
-- see test_constraints.py, test_value_guards.py
DO $$ BEGIN
  ASSERT pg_temp.refused($s$UPDATE resource_attributes SET value_integer = NULL, value_string = 'many'
    WHERE data_type = 'integer'$s$) = '23514';
  ASSERT pg_temp.refused($s$UPDATE resource_attributes SET data_type = 'string', value_integer = NULL,
    value_string = 'many' WHERE data_type = 'integer'$s$) = '23503';
  ASSERT pg_temp.refused($s$UPDATE resource_attributes SET value_boolean = TRUE WHERE data_type = 'integer'$s$) = '23514';
END $$;

-- 2: "Discoverability: Can query which attributes exist for any resource type"
-- see test_catalog_rows.py
DO $$ BEGIN
  ASSERT (SELECT array['cpu_cores', 'memory_mb'] <@ array_agg(ad.name) FROM resource_type_attributes rta
    JOIN resource_types t ON t.id = rta.resource_type_id JOIN attribute_definitions ad ON ad.id = rta.attribute_definition_id
    WHERE t.name = 'vm');
END $$;

-- 2: "a Proxmox VM might have "cpu_type" and "numa_enabled" attributes, while a Hetzner VM has "server_type" and "placement_group""
-- see ../contract/test_driver_contract.py
DO $$ BEGIN
  ASSERT (
    SELECT bool_and(offered.by IS NOT NULL) FROM (VALUES
      ('proxmox', 'cpu_type'), ('proxmox', 'numa_enabled'), ('hetzner', 'server_type'), ('hetzner', 'placement_group')
    ) AS v (provider, attribute)
    LEFT JOIN LATERAL (
      SELECT pt.name AS by FROM provider_type_attributes a JOIN provider_types pt ON pt.id = a.provider_type_id
      JOIN resource_types t ON t.id = a.resource_type_id AND t.name = 'vm'
      JOIN attribute_definitions ad ON ad.id = a.attribute_definition_id
      WHERE pt.name = v.provider AND ad.name = v.attribute
    ) AS offered ON TRUE
  );
END $$;

-- 3: "resources (base) -> virtual_machines, networks, storage_volumes (specialized)"
-- see test_schema.py
DO $$ BEGIN
  ASSERT (SELECT cpu_cores = 12 AND memory_mb = 4096 FROM virtual_machines WHERE resource_id = pg_temp.id('vm/web-1'));
  ASSERT (SELECT size_gb = 20 FROM storage_volumes WHERE resource_id = pg_temp.id('vm/web-1/disk/scsi0'));
END $$;

-- 3: "Common fields for all resources (name, status, provider)"
-- see test_constraints.py
DO $$ BEGIN
  ASSERT (SELECT count(*) = 3 FROM information_schema.columns WHERE table_name = 'resources'
    AND column_name IN ('name', 'state_id', 'provider_endpoint_id') AND is_nullable = 'NO');
END $$;

-- 3: "Type-specific fields in extension tables"
-- see test_constraints.py
DO $$ BEGIN
  ASSERT pg_temp.refused('UPDATE virtual_machines SET cpu_cores = 1') = 'RC008';
  UPDATE resource_attributes SET value_integer = 16 WHERE value_integer = 12;
  ASSERT (SELECT cpu_cores = 16 FROM virtual_machines WHERE resource_id = pg_temp.id('vm/web-1'));
END $$;

-- 3: "Ability to query all resources or specific types"
-- see test_schema.py
DO $$ BEGIN
  ASSERT (SELECT count(*) FILTER (WHERE resource_type = 'vm') = 2 AND count(*) = 5 FROM v_resources);
END $$;

-- 3: "Maintains referential integrity"
-- see test_constraints.py
DO $$ BEGIN
  ASSERT pg_temp.refused('DELETE FROM resources WHERE id = pg_temp.id(''vm/web-1'')') = '23503';
END $$;

-- 4: "a many-to-many relationship table: resource_relationships (parent_id, child_id, relationship_type_id)"
-- see test_constraints.py
DO $$ BEGIN
  PERFORM pg_temp.tie('network/lan', 'vm/web-2', 'connected_to');
  PERFORM pg_temp.tie('network/lan', 'vm/web-1', 'connected_to');
  PERFORM pg_temp.tie('volume/data', 'vm/web-2', 'depends_on');
  ASSERT (SELECT count(*) = 2 FROM resource_relationships WHERE parent_resource_id = pg_temp.id('network/lan'));
  ASSERT (SELECT count(*) = 2 FROM resource_relationships WHERE child_resource_id = pg_temp.id('vm/web-2'));
END $$;

-- 4: "contains: VM contains disk"
-- see test_constraints.py
DO $$ BEGIN
  ASSERT (SELECT contained_in = 'vm/web-1' FROM v_resources WHERE address = 'vm/web-1/disk/scsi0');
  ASSERT pg_temp.refused('SELECT pg_temp.tie(''vm/web-1/disk/scsi0'', ''vm/web-1'', ''contains'')') = 'RC013';
END $$;

-- 4: "depends_on: Service depends on database"
-- see test_schema.py
DO $$ BEGIN
  PERFORM pg_temp.tie('vm/web-1', 'vm/web-2', 'depends_on');
  ASSERT EXISTS (SELECT FROM v_relationships WHERE parent = 'vm/web-1' AND child = 'vm/web-2'
    AND relationship = 'depends_on');
END $$;

-- 4: "member_of: VM is member of cluster"
-- see ../contract/test_driver_contract.py
DO $$ BEGIN
  PERFORM pg_temp.resource('pool/web', 'rack-1', 'available');
  PERFORM pg_temp.tie('pool/web', 'vm/web-1', 'member_of');
  ASSERT EXISTS (SELECT FROM v_relationships WHERE parent = 'pool/web' AND relationship = 'member_of');
END $$;

-- 4: "attached_to: Volume attached to VM"
-- see ../contract/test_driver_contract.py
DO $$ BEGIN
  PERFORM pg_temp.tie('vm/web-2', 'volume/data', 'attached_to');
  ASSERT EXISTS (SELECT FROM v_relationships WHERE child = 'volume/data' AND relationship = 'attached_to');
END $$;

-- 5: "State History: Tracks all state transitions"
-- see test_history.py
DO $$ BEGIN
  UPDATE resources SET state_id = (SELECT id FROM resource_states WHERE name = 'stopped') WHERE address = 'vm/web-1';
  ASSERT (SELECT array_agg(t.name ORDER BY h.change) = array['running', 'stopped'] FROM resource_state_history h
    JOIN resource_states t ON t.id = h.to_state_id WHERE h.resource_id = pg_temp.id('vm/web-1'));
  ASSERT pg_temp.refused('UPDATE resources SET state_id = (SELECT id FROM resource_states WHERE name = ''attaching'')
    WHERE address = ''vm/web-1''') IN ('RC001', '23502');
END $$;

-- 5: "Attribute History: Tracks all attribute changes"
-- see test_history.py
DO $$ BEGIN
  UPDATE resource_attributes SET value_integer = 8192 WHERE value_integer = 4096;
  ASSERT (SELECT old_integer = 4096 AND new_integer = 8192 AND action = 'update' FROM resource_attribute_history
    WHERE resource_id = pg_temp.id('vm/web-1') ORDER BY change DESC LIMIT 1);
END $$;

-- 5: "Operations Log: Records all operations performed"
-- see test_operations.py
DO $$ BEGIN
  INSERT INTO workers (id, host, pid, kind, lock_key) VALUES (gen_random_uuid(), 'here', 1, 'cli', 1);
  INSERT INTO resource_operations (resource_id, operation_type_id, worker_id, claim_epoch, request_hash, actor)
    SELECT pg_temp.id('vm/web-1'), t.id, w.id, 1, sha256('x'), 'ada' FROM operation_types t, workers w
    WHERE t.name = 'update';
  ASSERT (SELECT operation = 'update' AND actor = 'ada' FROM v_operations WHERE address = 'vm/web-1');
END $$;

-- 5: "Full audit trail for compliance"
-- see test_history.py, test_table_histories.py
DO $$ BEGIN
  UPDATE resources SET prevent_destroy = TRUE WHERE address = 'vm/web-1';
  ASSERT (SELECT db_user = session_user AND cause = 'manual' FROM v_history WHERE address = 'vm/web-1'
    ORDER BY change DESC LIMIT 1);
  ASSERT pg_temp.refused('TRUNCATE resource_history') = 'RC002';
  ASSERT NOT EXISTS (SELECT FROM information_schema.role_table_grants WHERE grantee = 'reconciler_runtime'
    AND privilege_type <> 'SELECT' AND (table_name LIKE '%\_history' OR table_name IN ('changesets', 'marks')));
END $$;

-- 5: "Rollback capabilities"
-- see test_as_of.py
DO $$ BEGIN
  -- Marks are taken between transactions, so this one can only see that the past can be asked for.
  ASSERT (SELECT count(*) = 4 FROM pg_proc WHERE proname IN (
    'resources_as_of', 'attributes_as_of', 'tags_as_of', 'relationships_as_of'));
END $$;

-- 5: "Debugging and troubleshooting"
-- see test_operations.py
DO $$ BEGIN
  ASSERT (SELECT count(*) = 3 FROM information_schema.columns WHERE table_name = 'v_open_operations'
    AND column_name IN ('current_call_summary', 'host', 'since'));
END $$;

-- 5: "Trend analysis"
-- see test_history.py
DO $$ BEGIN
  UPDATE resource_attributes SET value_integer = value_integer + 1 WHERE data_type = 'integer';
  ASSERT (SELECT count(*) FROM v_history WHERE what = 'attribute' AND before IS NOT NULL
    GROUP BY date_trunc('day', changed_at)) = 4;
END $$;

-- 6: "locations -> datacenters -> provider_datacenters"
-- see test_inventory.py
DO $$ BEGIN
  ASSERT (SELECT count(*) = 4 FROM locations l JOIN datacenters d ON d.location_id = l.id
    JOIN provider_datacenters pd ON pd.datacenter_id = d.id);
END $$;

-- 6: "Providers to span multiple datacenters"
-- see test_inventory.py
DO $$ BEGIN
  ASSERT (SELECT count(*) = 3 FROM provider_datacenters pd JOIN providers p ON p.id = pd.provider_id
    WHERE p.name = 'cloud');
END $$;

-- 6: "Datacenters to host multiple providers"
-- see test_inventory.py
DO $$ BEGIN
  ASSERT (SELECT count(*) = 2 FROM provider_datacenters pd JOIN datacenters d ON d.id = pd.datacenter_id
    WHERE d.name = 'fsn1-dc8');
END $$;

-- 6: "Geographic queries and constraints"
-- see test_constraints.py
DO $$ BEGIN
  ASSERT (SELECT array_agg(DISTINCT d.name ORDER BY d.name) = array['fsn1-dc14', 'fsn1-dc8'] FROM datacenters d
    JOIN locations l ON l.id = d.location_id WHERE l.country_code = 'DE' AND l.latitude > 45);
  ASSERT pg_temp.refused('UPDATE locations SET latitude = 91') = '23514';
  ASSERT pg_temp.refused('UPDATE resources SET datacenter_id = (SELECT id FROM datacenters WHERE name = ''ash-dc1'')
    WHERE address = ''vm/web-1''') = 'RC014';
END $$;

-- Query 1: "Find all VMs across all providers"
-- see test_schema.py
DO $$ BEGIN
  ASSERT (SELECT array_agg(q.name || ' ' || q.provider_type ORDER BY q.name) = array['web-1 proxmox', 'web-2 hetzner']
    FROM (
      SELECT vm.*, r.name, p.name as provider, pt.name as provider_type
      FROM virtual_machines vm
      JOIN resources r ON vm.resource_id = r.id
      JOIN provider_endpoints pe ON r.provider_endpoint_id = pe.id
      JOIN providers p ON pe.provider_id = p.id
      JOIN provider_types pt ON p.provider_type_id = pt.id
      WHERE r.deleted_at IS NULL
    ) AS q);
END $$;

-- Query 2: "Get all attributes for a specific resource"
-- see test_schema.py
DO $$ BEGIN
  ASSERT (SELECT array_agg(q.name || '=' || q.value || coalesce(' ' || q.unit, '') ORDER BY q.name)
    = array['cpu_cores=12 cores', 'memory_mb=4096 MiB'] FROM (
      SELECT ad.name, ad.display_name, COALESCE(
        ra.value_string, ra.value_integer::text, ra.value_decimal::text, ra.value_boolean::text, ra.value_datetime::text
      ) as value, ad.unit
      FROM resource_attributes ra
      JOIN attribute_definitions ad ON ra.attribute_definition_id = ad.id
      WHERE ra.resource_id = pg_temp.id('vm/web-1')
    ) AS q);
END $$;

-- Query 3: "Find resources with specific attributes"
-- see test_schema.py
DO $$ BEGIN
  ASSERT (SELECT array_agg(q.address) = array['vm/web-1'] FROM (
      SELECT r.*
      FROM resources r
      JOIN resource_attributes ra ON r.id = ra.resource_id
      JOIN attribute_definitions ad ON ra.attribute_definition_id = ad.id
      WHERE ad.name = 'cpu_cores'
        AND ra.value_integer > 8
        AND r.resource_type_id = (SELECT id FROM resource_types WHERE name = 'vm')
    ) AS q);
END $$;

-- Query 4: "Track resource relationships"
-- see test_schema.py
DO $$ BEGIN
  PERFORM pg_temp.tie('volume/data', 'vm/web-2', 'depends_on');
  ASSERT (SELECT array_agg(q.address || ' ' || q.relationship) = array['vm/web-2 depends_on'] FROM (
      SELECT child.*, rt.name as relationship
      FROM resource_relationships rr
      JOIN resources child ON rr.child_resource_id = child.id
      JOIN relationship_types rt ON rr.relationship_type_id = rt.id
      WHERE rr.parent_resource_id = pg_temp.id('volume/data')
        AND rt.name = 'depends_on'
    ) AS q);
END $$;

-- Scalability 1: "History tables by created_at" (their instant is called changed_at)
-- see test_history.py
DO $$ BEGIN
  ASSERT (SELECT count(*) = 6 FROM pg_partitioned_table AS t WHERE t.partstrat = 'r' AND t.partrelid::regclass::text IN (
    'resource_history', 'resource_state_history', 'resource_attribute_history', 'resource_tag_history',
    'resource_relationship_history', 'changesets'));
END $$;

-- Scalability 2: "Foreign keys for JOIN performance"
-- see test_schema_guards.py
DO $$ BEGIN
  ASSERT (SELECT bool_and(EXISTS (
      SELECT FROM pg_index AS i WHERE i.indrelid = k.conrelid AND i.indkey[0] = k.conkey[1]))
    FROM pg_constraint AS k WHERE k.contype = 'f' AND k.conrelid IN (
      'resources'::regclass, 'resource_operations'::regclass, 'resource_relationships'::regclass, 'resource_tags'::regclass)
    AND k.confrelid IN ('resources'::regclass, 'plan_steps'::regclass, 'tags'::regclass));
END $$;

-- Scalability 2: "Status fields for filtering", "Timestamp fields for time-based queries"
-- see test_queries.py
DO $$ BEGIN
  ASSERT EXISTS (SELECT FROM pg_indexes WHERE tablename = 'resource_operations' AND indexdef LIKE '%status%');
  ASSERT EXISTS (SELECT FROM pg_indexes WHERE tablename = 'resource_attribute_history' AND indexdef LIKE '%changed_at%');
END $$;

-- Scalability 3: "Pre-built views for common query patterns reduce complexity"
-- see test_queries.py
DO $$ BEGIN
  ASSERT (SELECT count(*) >= 12 FROM pg_views WHERE schemaname = 'public' AND viewname LIKE 'v\_%');
END $$;

-- Scalability 4: "Soft deletes with `deleted_at` allow for data archival"
-- see test_history.py
DO $$ BEGIN
  UPDATE resources SET deleted_at = now() WHERE address = 'vm/web-1';
  ASSERT NOT EXISTS (SELECT FROM v_resources WHERE address LIKE 'vm/web-1%');
  ASSERT (SELECT count(*) = 2 FROM resources WHERE address LIKE 'vm/web-1%' AND deleted_at IS NOT NULL);
  PERFORM pg_temp.resource('vm/web-1', 'rack-1', 'running');
END $$;

-- Security 1: "Credentials stored in separate table for access control"
-- see test_secrets.py
DO $$ BEGIN
  ASSERT (SELECT nspowner::regrole::text = 'reconciler_vault' FROM pg_namespace WHERE nspname = 'vault');
  ASSERT NOT has_table_privilege('reconciler_runtime', 'vault.secrets', 'SELECT, INSERT, UPDATE, DELETE');
END $$;

-- Security 2: "Credential values should be encrypted at rest"
-- see test_secrets.py
DO $$ BEGIN
  ASSERT (SELECT data_type = 'bytea' FROM information_schema.columns WHERE table_schema = 'vault'
    AND table_name = 'secrets' AND column_name = 'ciphertext');
  ASSERT NOT EXISTS (SELECT FROM information_schema.columns WHERE table_name = 'provider_credentials'
    AND column_name IN ('value', 'secret', 'password', 'token'));
END $$;

-- Security 3: "All changes are tracked with user attribution"
-- see test_history.py
DO $$ BEGIN
  PERFORM set_config('reconciler.actor', 'somebody else', TRUE);
  UPDATE resources SET prevent_destroy = TRUE WHERE address = 'vm/web-2';
  ASSERT (SELECT actor = 'somebody else' AND db_user = session_user FROM v_history WHERE address = 'vm/web-2'
    ORDER BY change DESC LIMIT 1);
END $$;

-- Extensibility 1: "New Provider Types: Add row to provider_types"
-- see ../acceptance/test_plugin.py
DO $$ BEGIN
  INSERT INTO provider_types (name) VALUES ('vsphere');
END $$;

-- Extensibility 2: "New Resource Types: Add row to resource_types"
-- see ../acceptance/test_user_types.py
DO $$ BEGIN
  INSERT INTO resource_types (name, kind, family) VALUES ('printer', 'Printer', 'object');
  INSERT INTO provider_resource_types SELECT pt.id, t.id, 'name' FROM provider_types pt, resource_types t
    WHERE pt.name = 'proxmox' AND t.name = 'printer';
  PERFORM pg_temp.resource('printer/laser', 'rack-1', 'available');
  ASSERT (SELECT resource_type = 'printer' FROM v_resources WHERE address = 'printer/laser');
END $$;

-- Extensibility 3: "New Attributes: Add rows to attribute_definitions"
-- see ../acceptance/test_user_types.py
DO $$ BEGIN
  INSERT INTO attribute_definitions (name, data_type, unit, cardinality) VALUES ('rack_units', 'integer', 'U', 'one');
  INSERT INTO resource_type_attributes SELECT t.id, ad.id, 'integer' FROM resource_types t, attribute_definitions ad
    WHERE t.name = 'vm' AND ad.name = 'rack_units';
  PERFORM pg_temp.attribute(pg_temp.id('vm/web-1'), 'rack_units', '2');
  ASSERT (SELECT value = '2' AND unit = 'U' FROM v_attributes WHERE address = 'vm/web-1' AND attribute = 'rack_units');
END $$;

-- Extensibility 4: "New Relationships: Add rows to relationship_types"
-- see ../acceptance/test_user_types.py
DO $$ BEGIN
  INSERT INTO relationship_types (name) VALUES ('cooled_by');
  PERFORM pg_temp.tie('volume/data', 'vm/web-1', 'cooled_by');
  ASSERT EXISTS (SELECT FROM v_relationships WHERE relationship = 'cooled_by');
END $$;

-- Advantages 1: "Queryability: Can search and filter by any attribute"
-- see test_schema.py
DO $$ BEGIN
  ASSERT (SELECT array_agg(DISTINCT address) = array['vm/web-1'] FROM v_attributes WHERE attribute = 'memory_mb'
    AND value = '4096');
END $$;

-- Advantages 3: "Indexing: Can index specific attributes for performance"
-- see test_queries.py
DO $$ DECLARE v_memory integer := (SELECT id FROM attribute_definitions WHERE name = 'memory_mb'); BEGIN
  EXECUTE format('CREATE INDEX by_memory ON resource_attributes (value_integer) WHERE attribute_definition_id = %s', v_memory);
END $$;

-- Advantages 5: "Discoverability: Can query available attributes and their types"
-- see test_catalog_rows.py
DO $$ BEGIN
  ASSERT (SELECT data_type = 'integer' AND unit = 'MiB' FROM attribute_definitions WHERE name = 'memory_mb');
END $$;

-- Advantages 6: "Change Tracking: Individual attribute changes are tracked"
-- see test_history.py
DO $$ DECLARE v_before bigint := (SELECT count(*) FROM resource_attribute_history); BEGIN
  UPDATE resource_attributes SET value_integer = 13 WHERE value_integer = 12;
  UPDATE resource_attributes SET value_integer = 13 WHERE value_integer = 13;
  ASSERT (SELECT count(*) = v_before + 1 FROM resource_attribute_history);
END $$;

-- Advantages 7: "Performance: Optimized queries instead of JSON parsing"
-- see test_as_of.py
DO $$ BEGIN
  ASSERT (SELECT bool_and(EXISTS (SELECT FROM pg_index i WHERE i.indrelid = v.t::regclass AND i.indkey[0] = (
      SELECT attnum FROM pg_attribute WHERE attrelid = v.t::regclass AND attname = v.c)))
    FROM (VALUES ('resource_attributes', 'resource_id'), ('resource_attribute_history', 'resource_id'),
      ('changesets', 'operation_id'), ('changesets', 'revision_id')) AS v (t, c));
END $$;
