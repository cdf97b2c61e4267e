-- What keeps the extension tables: each is worked out from the attributes, in the statement that changes them. The tables
-- are written by this function alone, which is why a trigger on each can refuse everybody else.

CREATE FUNCTION refuse_direct_write()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  -- Written from inside another trigger, it is the projection at work.
  IF pg_trigger_depth() > 1 THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION '% follows from resource_attributes and is not written itself', tg_table_name
    USING ERRCODE = 'RC008', HINT = 'Write the attribute in resource_attributes; the column follows.';
END
$$;
COMMENT ON FUNCTION refuse_direct_write() IS 'Refuses to write an extension table by hand.';

CREATE FUNCTION projected_definitions(p_table_name text, p_columns text[])
RETURNS integer[]
LANGUAGE sql STABLE
RETURN array(
    SELECT (
        SELECT ad.id
        FROM attribute_projections AS p
        INNER JOIN attribute_definitions AS ad ON p.attribute = ad.name
        WHERE p.table_name = p_table_name AND p.column_name = c.name
    )
    FROM unnest(p_columns) WITH ORDINALITY AS c (name, position)
    ORDER BY c.position
);
COMMENT ON FUNCTION projected_definitions(text, text[]) IS
'The attributes that fill these columns of an extension table, in the order of the columns; null for one that none fills.';

CREATE FUNCTION projected_values(p_resource_ids bigint[], p_definitions integer[])
RETURNS TABLE (resource_id bigint, attribute_definition_id integer, value_string text, value_integer bigint)
LANGUAGE sql STABLE
AS $$
    SELECT r.id, v.attribute_definition_id, v.value_string, v.value_integer
    FROM unnest(p_resource_ids) AS r (id)
    LEFT JOIN LATERAL (
        SELECT a.attribute_definition_id, a.value_string, a.value_integer
        FROM public.resource_attributes AS a
        WHERE a.resource_id = r.id AND a.ordinal = 0 AND a.attribute_definition_id = ANY(p_definitions)
        ORDER BY a.resource_id
        OFFSET 0
    ) AS v ON TRUE
$$;
COMMENT ON FUNCTION projected_values(bigint[], integer[]) IS
'The attributes of resources that fill columns of an extension table; a row without an attribute for one that has none.';

-- Rows are found by index even where the tables are small, by a plan that is made once: what was quickest for an
-- empty table would read all of a large one for every new resource, and planning takes longer than the work.
CREATE FUNCTION project_attributes(p_resource_ids bigint[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  v_table text;
  v_ids bigint[];
  v_of integer[];
BEGIN
  FOR v_table, v_ids IN
    SELECT x.table_name, array_agg(r.id)
    FROM resources AS r
    JOIN resource_types AS t ON r.resource_type_id = t.id
    JOIN extension_types AS x ON x.resource_type = t.name
    WHERE r.id = ANY(p_resource_ids)
    GROUP BY x.table_name
  LOOP
    CASE v_table
    WHEN 'virtual_machines' THEN
      v_of := projected_definitions(v_table, '{cpu_cores, memory_mb, power_state, image, hostname, primary_ipv4, primary_ipv6}');
      INSERT INTO virtual_machines (resource_id)
      SELECT p.id
      FROM unnest(v_ids) AS p (id)
      WHERE NOT EXISTS (SELECT FROM virtual_machines AS x WHERE x.resource_id = p.id);
      UPDATE virtual_machines AS x
      SET
        cpu_cores = v.cpu_cores,
        memory_mb = v.memory_mb,
        power_state = v.power_state,
        image = v.image,
        hostname = v.hostname,
        primary_ipv4 = v.primary_ipv4,
        primary_ipv6 = v.primary_ipv6
      FROM (
        SELECT
          v.resource_id,
          (max(v.value_integer) FILTER (WHERE v.attribute_definition_id = v_of[1]))::integer AS cpu_cores,
          (max(v.value_integer) FILTER (WHERE v.attribute_definition_id = v_of[2]))::integer AS memory_mb,
          max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[3]) AS power_state,
          max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[4]) AS image,
          max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[5]) AS hostname,
          (max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[6]))::inet AS primary_ipv4,
          (max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[7]))::inet AS primary_ipv6
        FROM projected_values(v_ids, v_of) AS v
        GROUP BY v.resource_id
      ) AS v
      WHERE
        x.resource_id = v.resource_id
        AND (x.cpu_cores, x.memory_mb, x.power_state, x.image, x.hostname, x.primary_ipv4, x.primary_ipv6)
        IS DISTINCT FROM
        (v.cpu_cores, v.memory_mb, v.power_state, v.image, v.hostname, v.primary_ipv4, v.primary_ipv6);
    WHEN 'containers' THEN
      v_of := projected_definitions(v_table, '{cpu_cores, memory_mb, swap_mb, power_state, image, hostname, primary_ipv4, primary_ipv6}');
      INSERT INTO containers (resource_id)
      SELECT p.id
      FROM unnest(v_ids) AS p (id)
      WHERE NOT EXISTS (SELECT FROM containers AS x WHERE x.resource_id = p.id);
      UPDATE containers AS x
      SET
        cpu_cores = v.cpu_cores,
        memory_mb = v.memory_mb,
        swap_mb = v.swap_mb,
        power_state = v.power_state,
        image = v.image,
        hostname = v.hostname,
        primary_ipv4 = v.primary_ipv4,
        primary_ipv6 = v.primary_ipv6
      FROM (
        SELECT
          v.resource_id,
          (max(v.value_integer) FILTER (WHERE v.attribute_definition_id = v_of[1]))::integer AS cpu_cores,
          (max(v.value_integer) FILTER (WHERE v.attribute_definition_id = v_of[2]))::integer AS memory_mb,
          (max(v.value_integer) FILTER (WHERE v.attribute_definition_id = v_of[3]))::integer AS swap_mb,
          max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[4]) AS power_state,
          max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[5]) AS image,
          max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[6]) AS hostname,
          (max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[7]))::inet AS primary_ipv4,
          (max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[8]))::inet AS primary_ipv6
        FROM projected_values(v_ids, v_of) AS v
        GROUP BY v.resource_id
      ) AS v
      WHERE
        x.resource_id = v.resource_id
        AND (x.cpu_cores, x.memory_mb, x.swap_mb, x.power_state, x.image, x.hostname, x.primary_ipv4, x.primary_ipv6)
        IS DISTINCT FROM
        (v.cpu_cores, v.memory_mb, v.swap_mb, v.power_state, v.image, v.hostname, v.primary_ipv4, v.primary_ipv6);
    WHEN 'networks' THEN
      v_of := projected_definitions(v_table, '{cidr, gateway, vlan_id, mtu}');
      INSERT INTO networks (resource_id)
      SELECT p.id
      FROM unnest(v_ids) AS p (id)
      WHERE NOT EXISTS (SELECT FROM networks AS x WHERE x.resource_id = p.id);
      UPDATE networks AS x
      SET
        cidr = v.cidr,
        gateway = v.gateway,
        vlan_id = v.vlan_id,
        mtu = v.mtu
      FROM (
        SELECT
          v.resource_id,
          (max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[1]))::cidr AS cidr,
          (max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[2]))::inet AS gateway,
          (max(v.value_integer) FILTER (WHERE v.attribute_definition_id = v_of[3]))::integer AS vlan_id,
          (max(v.value_integer) FILTER (WHERE v.attribute_definition_id = v_of[4]))::integer AS mtu
        FROM projected_values(v_ids, v_of) AS v
        GROUP BY v.resource_id
      ) AS v
      WHERE
        x.resource_id = v.resource_id
        AND (x.cidr, x.gateway, x.vlan_id, x.mtu)
        IS DISTINCT FROM
        (v.cidr, v.gateway, v.vlan_id, v.mtu);
    WHEN 'storage_volumes' THEN
      v_of := projected_definitions(v_table, '{size_gb, size_mib, storage, format, slot}');
      INSERT INTO storage_volumes (resource_id)
      SELECT p.id
      FROM unnest(v_ids) AS p (id)
      WHERE NOT EXISTS (SELECT FROM storage_volumes AS x WHERE x.resource_id = p.id);
      UPDATE storage_volumes AS x
      SET
        size_gb = v.size_gb,
        size_mib = v.size_mib,
        storage = v.storage,
        format = v.format,
        slot = v.slot
      FROM (
        SELECT
          v.resource_id,
          max(v.value_integer) FILTER (WHERE v.attribute_definition_id = v_of[1]) AS size_gb,
          max(v.value_integer) FILTER (WHERE v.attribute_definition_id = v_of[2]) AS size_mib,
          max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[3]) AS storage,
          max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[4]) AS format,
          max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[5]) AS slot
        FROM projected_values(v_ids, v_of) AS v
        GROUP BY v.resource_id
      ) AS v
      WHERE
        x.resource_id = v.resource_id
        AND (x.size_gb, x.size_mib, x.storage, x.format, x.slot)
        IS DISTINCT FROM
        (v.size_gb, v.size_mib, v.storage, v.format, v.slot);
    WHEN 'clusters' THEN
      v_of := projected_definitions(v_table, '{engine, version, endpoint_url}');
      INSERT INTO clusters (resource_id)
      SELECT p.id
      FROM unnest(v_ids) AS p (id)
      WHERE NOT EXISTS (SELECT FROM clusters AS x WHERE x.resource_id = p.id);
      UPDATE clusters AS x
      SET
        engine = v.engine,
        version = v.version,
        endpoint_url = v.endpoint_url
      FROM (
        SELECT
          v.resource_id,
          max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[1]) AS engine,
          max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[2]) AS version,
          max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[3]) AS endpoint_url
        FROM projected_values(v_ids, v_of) AS v
        GROUP BY v.resource_id
      ) AS v
      WHERE
        x.resource_id = v.resource_id
        AND (x.engine, x.version, x.endpoint_url)
        IS DISTINCT FROM
        (v.engine, v.version, v.endpoint_url);
    END CASE;
  END LOOP;
END
$$;
COMMENT ON FUNCTION project_attributes(bigint[]) IS
'Works out the extension rows of resources from their attributes, and writes those that differ.';
REVOKE ALL ON FUNCTION project_attributes(bigint[]) FROM public;

CREATE FUNCTION project_new_resources()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_table text;
BEGIN
  FOR v_table IN
    SELECT DISTINCT x.table_name
    FROM (SELECT DISTINCT r.resource_type_id FROM new_rows AS r) AS n
    JOIN resource_types AS t ON n.resource_type_id = t.id
    JOIN extension_types AS x ON x.resource_type = t.name
  LOOP
    -- What is new has no attribute yet.
    CASE v_table
    WHEN 'virtual_machines' THEN
      INSERT INTO virtual_machines (resource_id)
      SELECT n.id
      FROM new_rows AS n
      JOIN resource_types AS t ON n.resource_type_id = t.id
      JOIN extension_types AS x ON x.resource_type = t.name AND x.table_name = v_table;
    WHEN 'containers' THEN
      INSERT INTO containers (resource_id)
      SELECT n.id
      FROM new_rows AS n
      JOIN resource_types AS t ON n.resource_type_id = t.id
      JOIN extension_types AS x ON x.resource_type = t.name AND x.table_name = v_table;
    WHEN 'networks' THEN
      INSERT INTO networks (resource_id)
      SELECT n.id
      FROM new_rows AS n
      JOIN resource_types AS t ON n.resource_type_id = t.id
      JOIN extension_types AS x ON x.resource_type = t.name AND x.table_name = v_table;
    WHEN 'storage_volumes' THEN
      INSERT INTO storage_volumes (resource_id)
      SELECT n.id
      FROM new_rows AS n
      JOIN resource_types AS t ON n.resource_type_id = t.id
      JOIN extension_types AS x ON x.resource_type = t.name AND x.table_name = v_table;
    WHEN 'clusters' THEN
      INSERT INTO clusters (resource_id)
      SELECT n.id
      FROM new_rows AS n
      JOIN resource_types AS t ON n.resource_type_id = t.id
      JOIN extension_types AS x ON x.resource_type = t.name AND x.table_name = v_table;
    END CASE;
  END LOOP;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION project_new_resources() IS 'Gives each new resource its extension row.';

CREATE TRIGGER project_insert AFTER INSERT ON resources
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION project_new_resources();

CREATE TRIGGER refuse_direct_write BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON virtual_machines
FOR EACH STATEMENT EXECUTE FUNCTION refuse_direct_write();
CREATE TRIGGER refuse_direct_write BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON containers
FOR EACH STATEMENT EXECUTE FUNCTION refuse_direct_write();
CREATE TRIGGER refuse_direct_write BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON networks
FOR EACH STATEMENT EXECUTE FUNCTION refuse_direct_write();
CREATE TRIGGER refuse_direct_write BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON storage_volumes
FOR EACH STATEMENT EXECUTE FUNCTION refuse_direct_write();
CREATE TRIGGER refuse_direct_write BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON clusters
FOR EACH STATEMENT EXECUTE FUNCTION refuse_direct_write();
