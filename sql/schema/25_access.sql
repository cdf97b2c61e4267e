-- Who sees what: the grants of people's roles, by provider and by datacenter, and what follows from them for a session.
-- A member that no grant names sees nothing: what is forgotten hides rows and does not show them.
--
-- The policies in 92_policies.sql ask the functions below, which are in PL/pgSQL because that keeps its plans as long as a
-- session lasts. They say that they cost little and give few rows, which is so once a statement; the planner would count
-- them for every row.

CREATE TABLE access_grants (
    id integer GENERATED ALWAYS AS IDENTITY,
    member text NOT NULL,
    role text NOT NULL,
    provider_id integer REFERENCES providers (id),
    datacenter_id integer REFERENCES datacenters (id),
    granted_at timestamptz NOT NULL DEFAULT now(),
    granted_by text NOT NULL DEFAULT session_user,
    revoked_at timestamptz,
    revoked_by text,
    CONSTRAINT access_grants_pkey PRIMARY KEY (id),
    CONSTRAINT access_grants_member CHECK (member <> ''),
    CONSTRAINT access_grants_role CHECK (role IN ('planner', 'reader', 'auditor')),
    CONSTRAINT access_grants_revoked CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);

COMMENT ON TABLE access_grants IS
'What a member of planner, reader or auditor sees: one row a provider or datacenter, or one for all. It is its own history: a grant is revoked and never deleted. Written by `reconciler db grant` and `db revoke`, as the owner.';
COMMENT ON COLUMN access_grants.id IS
'Key.';
COMMENT ON COLUMN access_grants.member IS
'The database role of a person, or of a group of them.';
COMMENT ON COLUMN access_grants.role IS
'As what it was granted: planner, reader or auditor. It counts as long as the member is one, and then in each of its roles: what it was granted in one adds to what it sees in the others.';
COMMENT ON COLUMN access_grants.provider_id IS
'Only what this provider has; null for any provider.';
COMMENT ON COLUMN access_grants.datacenter_id IS
'Only what stands in this datacenter; null for any, and for what stands in none.';
COMMENT ON COLUMN access_grants.granted_at IS
'Since when.';
COMMENT ON COLUMN access_grants.granted_by IS
'The database user that granted it.';
COMMENT ON COLUMN access_grants.revoked_at IS
'When it was revoked; null while it holds.';
COMMENT ON COLUMN access_grants.revoked_by IS
'The database user that revoked it.';
CREATE UNIQUE INDEX access_grants_held ON access_grants (
    member, role, coalesce(provider_id, 0), coalesce(datacenter_id, 0)
)
WHERE revoked_at IS NULL;
CREATE INDEX access_grants_provider ON access_grants (provider_id);
CREATE INDEX access_grants_datacenter ON access_grants (datacenter_id);

CREATE FUNCTION held_grants()
RETURNS TABLE (provider_id integer, datacenter_id integer)
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 ROWS 10 SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  -- Of the session's user and not the current one: SET ROLE gives nobody another's view.
  RETURN QUERY
  SELECT g.provider_id, g.datacenter_id
  FROM access_grants AS g
  WHERE
    g.revoked_at IS NULL
    AND pg_has_role(session_user, to_regrole(quote_ident(g.member)), 'MEMBER')
    AND pg_has_role(session_user, ('reconciler_' || g.role)::name, 'MEMBER');
END
$$;
COMMENT ON FUNCTION held_grants() IS
'What the session''s user was granted to see, by itself or through a group.';

CREATE FUNCTION sees_everything()
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  RETURN EXISTS (SELECT FROM held_grants() AS g WHERE g.provider_id IS NULL AND g.datacenter_id IS NULL);
END
$$;
COMMENT ON FUNCTION sees_everything() IS
'Whether a grant of the session''s user names neither provider nor datacenter.';

CREATE FUNCTION sees_by_datacenter()
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  RETURN EXISTS (SELECT FROM held_grants() AS g WHERE g.datacenter_id IS NOT NULL);
END
$$;
COMMENT ON FUNCTION sees_by_datacenter() IS
'Whether a grant of the session''s user names a datacenter, so that a part has to be judged by its root.';

CREATE FUNCTION seen_endpoints()
RETURNS SETOF integer
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 ROWS 10 SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT e.id
  FROM held_grants() AS g
  JOIN provider_endpoints AS e ON e.provider_id = g.provider_id
  WHERE g.datacenter_id IS NULL;
END
$$;
COMMENT ON FUNCTION seen_endpoints() IS
'The endpoints whose resources the session''s user sees, wherever they stand.';

CREATE FUNCTION seen_datacenters()
RETURNS SETOF integer
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 ROWS 10 SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT g.datacenter_id FROM held_grants() AS g WHERE g.provider_id IS NULL AND g.datacenter_id IS NOT NULL;
END
$$;
COMMENT ON FUNCTION seen_datacenters() IS
'The datacenters whose resources the session''s user sees, whoever provides them.';

CREATE FUNCTION place(p_endpoint_id integer, p_datacenter_id integer)
RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (p_datacenter_id::bigint << 32) | p_endpoint_id;
COMMENT ON FUNCTION place(integer, integer) IS
'An endpoint and a datacenter as one number, so that a pair can be looked up in one array.';

CREATE FUNCTION seen_places()
RETURNS SETOF bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 ROWS 10 SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT place(e.id, g.datacenter_id)
  FROM held_grants() AS g
  JOIN provider_endpoints AS e ON e.provider_id = g.provider_id
  WHERE g.datacenter_id IS NOT NULL;
END
$$;
COMMENT ON FUNCTION seen_places() IS
'The pairs of endpoint and datacenter, each one number, whose resources the session''s user sees.';

CREATE FUNCTION seen_providers()
RETURNS SETOF integer
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 ROWS 10 SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT g.provider_id FROM held_grants() AS g WHERE g.provider_id IS NOT NULL
  UNION
  SELECT pd.provider_id
  FROM held_grants() AS g
  JOIN provider_datacenters AS pd ON pd.datacenter_id = g.datacenter_id
  WHERE g.provider_id IS NULL;
END
$$;
COMMENT ON FUNCTION seen_providers() IS
'The providers that the session''s user sees in the inventory: those granted, and those in a granted datacenter.';

CREATE FUNCTION seen_inventory_endpoints()
RETURNS SETOF integer
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 ROWS 10 SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT e.id FROM provider_endpoints AS e WHERE e.provider_id IN (SELECT seen_providers());
END
$$;
COMMENT ON FUNCTION seen_inventory_endpoints() IS
'The endpoints that the session''s user sees in the inventory: all of the providers that it sees there.';

CREATE FUNCTION seen_credentials()
RETURNS SETOF integer
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 ROWS 10 SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT e.credential_id FROM provider_endpoints AS e
  WHERE e.provider_id IN (SELECT seen_providers()) AND e.credential_id IS NOT NULL;
END
$$;
COMMENT ON FUNCTION seen_credentials() IS
'The credentials whose names the session''s user sees: those that an endpoint logs in by which it sees.';

CREATE FUNCTION seen_inventory_datacenters()
RETURNS SETOF integer
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 ROWS 10 SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT g.datacenter_id FROM held_grants() AS g WHERE g.datacenter_id IS NOT NULL
  UNION
  SELECT pd.datacenter_id
  FROM held_grants() AS g
  JOIN provider_datacenters AS pd ON pd.provider_id = g.provider_id
  WHERE g.datacenter_id IS NULL;
END
$$;
COMMENT ON FUNCTION seen_inventory_datacenters() IS
'The datacenters that the session''s user sees in the inventory: those granted, and those of a granted provider.';

CREATE FUNCTION is_seen_part(p_resource_id bigint)
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  RETURN (
    WITH RECURSIVE up AS (
      SELECT p_resource_id AS id
      UNION
      SELECT rr.parent_resource_id
      FROM up JOIN resource_relationships AS rr ON rr.child_resource_id = up.id
      WHERE rr.relationship_type_id = 1
    )

    SELECT EXISTS (
      SELECT FROM up JOIN resources AS r ON r.id = up.id
      WHERE
        r.datacenter_id IN (SELECT seen_datacenters())
        OR place(r.provider_endpoint_id, r.datacenter_id) IN (SELECT seen_places())
    )
  );
END
$$;
COMMENT ON FUNCTION is_seen_part(bigint) IS
'Whether what contains a part stands where the session''s user sees it: a part stands where its root does.';

CREATE FUNCTION is_seen_desired(p_desired_resource_id bigint)
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  RETURN (
    WITH RECURSIVE up AS (
      SELECT d.id, d.parent_id, d.provider_endpoint_id, d.datacenter
      FROM desired_resources AS d
      WHERE d.id = p_desired_resource_id
      UNION
      SELECT d.id, d.parent_id, d.provider_endpoint_id, d.datacenter
      FROM up JOIN desired_resources AS d ON d.id = up.parent_id
    )

    SELECT EXISTS (
      SELECT FROM up JOIN datacenters AS dc ON dc.name = up.datacenter
      WHERE
        dc.id IN (SELECT seen_datacenters())
        OR place(up.provider_endpoint_id, dc.id) IN (SELECT seen_places())
    )
  );
END
$$;
COMMENT ON FUNCTION is_seen_desired(bigint) IS
'Whether a wanted resource, or what contains it, is wanted in a datacenter that the session''s user sees.';
