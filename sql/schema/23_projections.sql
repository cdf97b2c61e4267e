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

-- Rows are found by index even where the tables are small, by a plan that is made once: what was quickest for an
-- empty table would read all of a large one for every new resource, and planning takes longer than the work.
CREATE FUNCTION project_attributes(p_resource_ids bigint[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  v_table text;
BEGIN
  FOR v_table IN
    SELECT DISTINCT x.table_name
    FROM resources AS r
    JOIN resource_types AS t ON r.resource_type_id = t.id
    JOIN extension_types AS x ON x.resource_type = t.name
    WHERE r.id = ANY(p_resource_ids)
  LOOP
    CASE v_table
    WHEN 'virtual_machines' THEN
      INSERT INTO virtual_machines AS x (resource_id, cpu_cores, memory_mb, power_state, image, hostname, primary_ipv4, primary_ipv6)
      SELECT
        v.resource_id,
        (max(v.value_integer) FILTER (WHERE v.column_name = 'cpu_cores'))::integer,
        (max(v.value_integer) FILTER (WHERE v.column_name = 'memory_mb'))::integer,
        max(v.value_string) FILTER (WHERE v.column_name = 'power_state'),
        max(v.value_string) FILTER (WHERE v.column_name = 'image'),
        max(v.value_string) FILTER (WHERE v.column_name = 'hostname'),
        (max(v.value_string) FILTER (WHERE v.column_name = 'primary_ipv4'))::inet,
        (max(v.value_string) FILTER (WHERE v.column_name = 'primary_ipv6'))::inet
      FROM projected_values('virtual_machines', p_resource_ids) AS v
      GROUP BY v.resource_id
      ON CONFLICT (resource_id) DO UPDATE SET
        cpu_cores = excluded.cpu_cores,
        memory_mb = excluded.memory_mb,
        power_state = excluded.power_state,
        image = excluded.image,
        hostname = excluded.hostname,
        primary_ipv4 = excluded.primary_ipv4,
        primary_ipv6 = excluded.primary_ipv6
      WHERE
        (x.cpu_cores, x.memory_mb, x.power_state, x.image, x.hostname, x.primary_ipv4, x.primary_ipv6)
        IS DISTINCT FROM
        (excluded.cpu_cores, excluded.memory_mb, excluded.power_state, excluded.image, excluded.hostname, excluded.primary_ipv4, excluded.primary_ipv6);
    WHEN 'containers' THEN
      INSERT INTO containers AS x (resource_id, cpu_cores, memory_mb, swap_mb, power_state, image, hostname, primary_ipv4, primary_ipv6)
      SELECT
        v.resource_id,
        (max(v.value_integer) FILTER (WHERE v.column_name = 'cpu_cores'))::integer,
        (max(v.value_integer) FILTER (WHERE v.column_name = 'memory_mb'))::integer,
        (max(v.value_integer) FILTER (WHERE v.column_name = 'swap_mb'))::integer,
        max(v.value_string) FILTER (WHERE v.column_name = 'power_state'),
        max(v.value_string) FILTER (WHERE v.column_name = 'image'),
        max(v.value_string) FILTER (WHERE v.column_name = 'hostname'),
        (max(v.value_string) FILTER (WHERE v.column_name = 'primary_ipv4'))::inet,
        (max(v.value_string) FILTER (WHERE v.column_name = 'primary_ipv6'))::inet
      FROM projected_values('containers', p_resource_ids) AS v
      GROUP BY v.resource_id
      ON CONFLICT (resource_id) DO UPDATE SET
        cpu_cores = excluded.cpu_cores,
        memory_mb = excluded.memory_mb,
        swap_mb = excluded.swap_mb,
        power_state = excluded.power_state,
        image = excluded.image,
        hostname = excluded.hostname,
        primary_ipv4 = excluded.primary_ipv4,
        primary_ipv6 = excluded.primary_ipv6
      WHERE
        (x.cpu_cores, x.memory_mb, x.swap_mb, x.power_state, x.image, x.hostname, x.primary_ipv4, x.primary_ipv6)
        IS DISTINCT FROM
        (excluded.cpu_cores, excluded.memory_mb, excluded.swap_mb, excluded.power_state, excluded.image, excluded.hostname, excluded.primary_ipv4, excluded.primary_ipv6);
    WHEN 'networks' THEN
      INSERT INTO networks AS x (resource_id, cidr, gateway, vlan_id, mtu)
      SELECT
        v.resource_id,
        (max(v.value_string) FILTER (WHERE v.column_name = 'cidr'))::cidr,
        (max(v.value_string) FILTER (WHERE v.column_name = 'gateway'))::inet,
        (max(v.value_integer) FILTER (WHERE v.column_name = 'vlan_id'))::integer,
        (max(v.value_integer) FILTER (WHERE v.column_name = 'mtu'))::integer
      FROM projected_values('networks', p_resource_ids) AS v
      GROUP BY v.resource_id
      ON CONFLICT (resource_id) DO UPDATE SET
        cidr = excluded.cidr,
        gateway = excluded.gateway,
        vlan_id = excluded.vlan_id,
        mtu = excluded.mtu
      WHERE
        (x.cidr, x.gateway, x.vlan_id, x.mtu)
        IS DISTINCT FROM
        (excluded.cidr, excluded.gateway, excluded.vlan_id, excluded.mtu);
    WHEN 'storage_volumes' THEN
      INSERT INTO storage_volumes AS x (resource_id, size_gb, size_mib, storage, format, slot)
      SELECT
        v.resource_id,
        max(v.value_integer) FILTER (WHERE v.column_name = 'size_gb'),
        max(v.value_integer) FILTER (WHERE v.column_name = 'size_mib'),
        max(v.value_string) FILTER (WHERE v.column_name = 'storage'),
        max(v.value_string) FILTER (WHERE v.column_name = 'format'),
        max(v.value_string) FILTER (WHERE v.column_name = 'slot')
      FROM projected_values('storage_volumes', p_resource_ids) AS v
      GROUP BY v.resource_id
      ON CONFLICT (resource_id) DO UPDATE SET
        size_gb = excluded.size_gb,
        size_mib = excluded.size_mib,
        storage = excluded.storage,
        format = excluded.format,
        slot = excluded.slot
      WHERE
        (x.size_gb, x.size_mib, x.storage, x.format, x.slot)
        IS DISTINCT FROM
        (excluded.size_gb, excluded.size_mib, excluded.storage, excluded.format, excluded.slot);
    WHEN 'clusters' THEN
      INSERT INTO clusters AS x (resource_id, engine, version, endpoint_url)
      SELECT
        v.resource_id,
        max(v.value_string) FILTER (WHERE v.column_name = 'engine'),
        max(v.value_string) FILTER (WHERE v.column_name = 'version'),
        max(v.value_string) FILTER (WHERE v.column_name = 'endpoint_url')
      FROM projected_values('clusters', p_resource_ids) AS v
      GROUP BY v.resource_id
      ON CONFLICT (resource_id) DO UPDATE SET
        engine = excluded.engine,
        version = excluded.version,
        endpoint_url = excluded.endpoint_url
      WHERE
        (x.engine, x.version, x.endpoint_url)
        IS DISTINCT FROM
        (excluded.engine, excluded.version, excluded.endpoint_url);
    END CASE;
  END LOOP;
END
$$;
COMMENT ON FUNCTION project_attributes(bigint[]) IS
'Works out the extension rows of resources from their attributes, and writes those that differ.';
REVOKE ALL ON FUNCTION project_attributes(bigint[]) FROM public;

CREATE FUNCTION projected_values(p_table_name text, p_resource_ids bigint[])
RETURNS TABLE (resource_id bigint, column_name text, value_string text, value_integer bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT r.id, v.column_name, v.value_string, v.value_integer
    FROM resources AS r
    INNER JOIN resource_types AS t ON r.resource_type_id = t.id
    INNER JOIN extension_types AS x ON t.name = x.resource_type AND x.table_name = p_table_name
    LEFT JOIN LATERAL (
        SELECT p.column_name, ra.value_string, ra.value_integer
        FROM resource_attributes AS ra
        INNER JOIN attribute_definitions AS ad ON ra.attribute_definition_id = ad.id
        INNER JOIN attribute_projections AS p ON ad.name = p.attribute AND p.table_name = p_table_name
        WHERE ra.resource_id = r.id AND ra.ordinal = 0
    ) AS v ON TRUE
    WHERE r.id = ANY(p_resource_ids);
END;
COMMENT ON FUNCTION projected_values(text, bigint[]) IS
'The attributes of resources that fill columns of an extension table; a row without a column for one that has none.';

CREATE FUNCTION project_new_resources()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  PERFORM project_attributes((SELECT array_agg(n.id) FROM new_rows AS n));
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
